#include "tests/chaos/workload.h"

#include <condition_variable>
#include <stdexcept>

#include "crm/activities/v1/activity_service.pb.h"
#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/deals/v1/deal_service.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/command/timestamps.h"

namespace crm::chaos {

using google::protobuf::Message;

namespace {

constexpr size_t kLeads = 60;
// Few, so that updates by etag meet.
constexpr size_t kContacts = 12;
constexpr size_t kDeals = 30;
constexpr size_t kSubmissions = 10;
constexpr size_t kAnswered = 50;
constexpr const char* kStages[] = {"first", "second", "third"};

template <class Random>
size_t Pick(Random& random, size_t bound) {
  return static_cast<size_t>(random() % bound);
}

template <class M>
M Parse(const std::string& bytes) {
  M message;
  message.ParseFromString(bytes);
  return message;
}

template <class T>
void Keep(std::deque<T>& values, T value, size_t most) {
  values.push_back(std::move(value));
  if (values.size() > most) values.pop_front();
}

google::protobuf::Timestamp Soon(int milliseconds) {
  return ToTimestamp(SystemClock().Now() + std::chrono::milliseconds(milliseconds));
}

}  // namespace

Workload::Workload(Driver& driver, const std::vector<TenantKeys>& tenants, WorkloadOptions options)
    : driver_(driver), options_(options) {
  for (const auto& tenant : tenants) {
    worlds_.push_back(std::make_unique<World>());
    worlds_.back()->tenant = &tenant;
  }
}

Workload::~Workload() {
  Stop();
}

PlannedCall Workload::Plan(World& world, Client& client, const char* method, Message& request,
                           int events) {
  PlannedCall call;
  call.id = client.label + "-" + std::to_string(++client.made);
  call.tenant = world.tenant;
  call.method = method;
  call.events = events;
  request.GetReflection()->SetString(
      &request, request.GetDescriptor()->FindFieldByName("request_id"), call.id);
  call.request = request.SerializeAsString();
  return call;
}

void Workload::SetUp() {
  for (auto& world : worlds_) {
    Client client{"setup-" + world->tenant->tenant, Random(options_.seed)};
    SetUpWorld(*world, client);
  }
}

void Workload::SetUpWorld(World& world, Client& client) {
  auto must = [&](const char* method, Message& request) {
    auto answer = driver_.Do(Plan(world, client, method, request, 1), false);
    if (!answer || !answer->ok()) {
      throw std::runtime_error(std::string(method) +
                               (answer ? ": " + answer->status().ToString() : ": no answer"));
    }
    return **answer;
  };
  leads::v1::UpdateLeadSettingsRequest settings;
  auto& distribution = *settings.mutable_lead_settings()->mutable_default_distribution();
  distribution.set_mode(leads::v1::Distribution::ROUND_ROBIN);
  for (const char* name : {"Ada", "Ben", "Cat"}) {
    identity::v1::CreateUserRequest user;
    user.mutable_user()->set_display_name(name);
    auto made = Parse<identity::v1::User>(must("crm.identity.v1.UserService/CreateUser", user));
    world.users.push_back(made.name());
    distribution.add_users(made.name());
  }
  must("crm.leads.v1.LeadSettingsService/UpdateLeadSettings", settings);
  leads::v1::CreateSourceRequest source;
  source.mutable_source()->set_display_name("Site");
  leads::v1::CreateFormRequest form;
  form.mutable_form()->set_display_name("Contact us");
  form.mutable_form()->set_max_per_minute(10000);
  form.mutable_form()->set_source(
      Parse<leads::v1::Source>(must("crm.leads.v1.SourceService/CreateSource", source)).name());
  world.form = Parse<leads::v1::Form>(must("crm.leads.v1.FormService/CreateForm", form)).name();
  deals::v1::CreatePipelineRequest pipeline;
  pipeline.mutable_pipeline()->set_display_name("Sales");
  pipeline.mutable_pipeline()->set_is_default(true);
  for (const char* id : kStages) {
    auto& stage = *pipeline.mutable_pipeline()->add_stages();
    stage.set_id(id);
    stage.set_display_name(id);
    stage.set_can_win(true);
  }
  must("crm.deals.v1.PipelineService/CreatePipeline", pipeline);
}

void Workload::Start() {
  for (int i = 0; i < options_.clients; ++i) {
    Client client{"s" + std::to_string(options_.seed) + "c" + std::to_string(i),
                  Random(options_.seed * 1000 + static_cast<uint64_t>(i))};
    threads_.emplace_back([this, client = std::move(client)](std::stop_token stop) mutable {
      Run(std::move(client), stop);
    });
  }
}

void Workload::Stop() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Workload::Run(Client client, std::stop_token stop) {
  constexpr size_t kRepeatOneOf = 12;
  std::mutex mutex;
  std::condition_variable_any pause;
  while (!stop.stop_requested() && !driver_.closed()) {
    World& world = *worlds_[Pick(client.random, worlds_.size())];
    if (!client.answered.empty() && Pick(client.random, kRepeatOneOf) == 0) {
      driver_.Repeat(client.answered[Pick(client.random, client.answered.size())]);
    } else {
      auto call = Next(world, client);
      auto answer = driver_.Do(call, true);
      if (answer && answer->ok()) Keep(client.answered, std::move(call), kAnswered);
    }
    ++calls_;
    auto time = options_.pause * static_cast<int>(Pick(client.random, 200)) / 100;
    std::unique_lock lock(mutex);
    pause.wait_for(lock, stop, time, [] { return false; });
  }
}

PlannedCall Workload::Next(World& world, Client& client) {
  size_t dice = Pick(client.random, 100);
  std::unique_lock lock(world.mutex);
  auto lead = [&] { return world.leads[Pick(client.random, world.leads.size())]; };
  if (dice < 20 && world.contacts.size() >= 3) {
    return UpdateContact(world, client, Pick(client.random, world.contacts.size()));
  }
  if (dice < 34 && world.deals.size() >= 3) {
    return MoveDeal(world, client, Pick(client.random, world.deals.size()));
  }
  if (dice < 50 && world.leads.size() >= 5) {
    if (dice < 40) return ConvertLead(world, client, lead());
    return dice < 45 ? AssignLead(world, client, lead()) : RecordContact(world, client, lead());
  }
  if (dice < 51) return HandOver(world, client);
  if (dice < 58) return CreateReminder(world, client);
  if (dice < 62) return CreateTask(world, client);
  if (dice < 70) return CreateContact(world, client);
  if (dice < 78 && !world.contacts.empty()) return CreateDeal(world, client);
  return dice < 93 ? SubmitForm(world, client) : CreateLead(world, client);
}

PlannedCall Workload::SubmitForm(World& world, Client& client) {
  // One in five was sent before under another request_id.
  bool again = !world.submissions.empty() && Pick(client.random, 5) == 0;
  std::string submission = again ? world.submissions[Pick(client.random, world.submissions.size())]
                                 : client.label + "/" + std::to_string(client.made + 1);
  if (!again) Keep(world.submissions, submission, kSubmissions);
  leads::v1::SubmitFormRequest request;
  request.set_form(world.form);
  request.set_submission_id(submission);
  auto& fields = *request.mutable_fields();
  fields["display_name"] = "Visitor " + submission;
  for (const char* field : {"colour", "size", "floor", "city"}) fields[field] = "some";
  auto call = Plan(world, client, "crm.leads.v1.LeadService/SubmitForm", request, 2);
  call.group = world.tenant->tenant + "/" + submission;
  if (!again) {
    call.learn = [&world](const std::string& answer) {
      std::lock_guard lock(world.mutex);
      Keep(world.leads, Parse<leads::v1::SubmitFormResponse>(answer).lead(), kLeads);
    };
  }
  return call;
}

PlannedCall Workload::CreateLead(World& world, Client& client) {
  leads::v1::CreateLeadRequest request;
  request.mutable_lead()->set_display_name("Caller of " + client.label);
  for (const char* field : {"colour", "size", "floor"}) {
    (*request.mutable_lead()->mutable_custom_fields())[field] = client.label;
  }
  auto call = Plan(world, client, "crm.leads.v1.LeadService/CreateLead", request, 2);
  call.learn = [&world](const std::string& answer) {
    std::lock_guard lock(world.mutex);
    Keep(world.leads, Parse<leads::v1::Lead>(answer).name(), kLeads);
  };
  return call;
}

PlannedCall Workload::CreateContact(World& world, Client& client) {
  contacts::v1::CreateContactRequest request;
  request.mutable_contact()->set_display_name("Contact of " + client.label);
  request.mutable_contact()->set_owner(world.users[Pick(client.random, world.users.size())]);
  for (const char* field : {"colour", "size", "floor"}) {
    (*request.mutable_contact()->mutable_custom_fields())[field] = client.label;
  }
  auto call = Plan(world, client, "crm.contacts.v1.ContactService/CreateContact", request, 1);
  call.learn = [&world](const std::string& answer) {
    auto contact = Parse<contacts::v1::Contact>(answer);
    std::lock_guard lock(world.mutex);
    Keep(world.contacts, {contact.name(), contact.etag()}, kContacts);
  };
  return call;
}

PlannedCall Workload::UpdateContact(World& world, Client& client, size_t index) {
  const Contact contact = world.contacts[index];
  contacts::v1::UpdateContactRequest request;
  request.mutable_contact()->set_name(contact.name);
  request.mutable_contact()->set_etag(contact.etag);
  request.mutable_contact()->set_display_name(client.label + " " + std::to_string(client.made));
  request.mutable_update_mask()->add_paths("display_name");
  auto call = Plan(world, client, "crm.contacts.v1.ContactService/UpdateContact", request, 1);
  auto known = [&world, name = contact.name](const std::string& etag) {
    std::lock_guard lock(world.mutex);
    for (auto& each : world.contacts) {
      if (each.name == name) each.etag = etag;
    }
  };
  call.learn = [known](const std::string& answer) {
    known(Parse<contacts::v1::Contact>(answer).etag());
  };
  call.refused = [this, &world, known, name = contact.name](const Status&) {
    contacts::v1::GetContactRequest get;
    get.set_name(name);
    auto read = driver_.Read(*world.tenant, "crm.contacts.v1.ContactService/GetContact", get);
    if (read.ok()) known(Parse<contacts::v1::Contact>(*read).etag());
  };
  return call;
}

PlannedCall Workload::CreateDeal(World& world, Client& client) {
  deals::v1::CreateDealRequest request;
  request.mutable_deal()->set_display_name("Deal of " + client.label);
  request.mutable_deal()->set_contact(
      world.contacts[Pick(client.random, world.contacts.size())].name);
  request.mutable_deal()->set_owner(world.users[Pick(client.random, world.users.size())]);
  auto call = Plan(world, client, "crm.deals.v1.DealService/CreateDeal", request, 1);
  call.learn = [&world](const std::string& answer) {
    std::lock_guard lock(world.mutex);
    Keep(world.deals, {Parse<deals::v1::Deal>(answer).name(), 0}, kDeals);
  };
  return call;
}

PlannedCall Workload::MoveDeal(World& world, Client& client, size_t index) {
  Deal& deal = world.deals[index];
  if (deal.stage + 1 == std::size(kStages)) {
    deals::v1::WinDealRequest request;
    request.set_name(deal.name);
    world.deals.erase(world.deals.begin() + static_cast<std::ptrdiff_t>(index));
    return Plan(world, client, "crm.deals.v1.DealService/WinDeal", request, 1);
  }
  deals::v1::MoveDealRequest request;
  request.set_name(deal.name);
  request.set_stage(kStages[++deal.stage]);
  return Plan(world, client, "crm.deals.v1.DealService/MoveDeal", request, 1);
}

PlannedCall Workload::CreateReminder(World& world, Client& client) {
  activities::v1::CreateReminderRequest request;
  auto& reminder = *request.mutable_reminder();
  reminder.set_subject("contacts/" + Uuid().ToString());
  reminder.set_text("Reminder of " + client.label);
  reminder.set_owner(world.users[Pick(client.random, world.users.size())]);
  *reminder.mutable_remind_time() = Soon(200 + static_cast<int>(Pick(client.random, 3000)));
  return Plan(world, client, "crm.activities.v1.ReminderService/CreateReminder", request, 1);
}

PlannedCall Workload::CreateTask(World& world, Client& client) {
  activities::v1::CreateTaskRequest request;
  request.mutable_task()->set_display_name("Task of " + client.label);
  request.mutable_task()->set_owner(world.users[Pick(client.random, world.users.size())]);
  *request.mutable_task()->mutable_due_time() =
      Soon(200 + static_cast<int>(Pick(client.random, 3000)));
  return Plan(world, client, "crm.activities.v1.TaskService/CreateTask", request, 1);
}

PlannedCall Workload::ConvertLead(World& world, Client& client, const std::string& lead) {
  std::erase(world.leads, lead);
  leads::v1::ConvertLeadRequest request;
  request.set_name(lead);
  request.set_create_deal(Pick(client.random, 2) == 0);
  return Plan(world, client, "crm.leads.v1.LeadService/ConvertLead", request, 1);
}

PlannedCall Workload::AssignLead(World& world, Client& client, const std::string& lead) {
  leads::v1::AssignLeadRequest request;
  request.set_name(lead);
  request.set_owner(world.users[Pick(client.random, world.users.size())]);
  request.set_reason("asked by " + client.label);
  return Plan(world, client, "crm.leads.v1.LeadService/AssignLead", request, 1);
}

PlannedCall Workload::RecordContact(World& world, Client& client, const std::string& lead) {
  leads::v1::RecordContactRequest request;
  request.set_name(lead);
  return Plan(world, client, "crm.leads.v1.LeadService/RecordContact", request, 1);
}

PlannedCall Workload::HandOver(World& world, Client& client) {
  size_t from = Pick(client.random, world.users.size());
  leads::v1::HandOverLeadsRequest request;
  request.set_from(world.users[from]);
  request.set_to(world.users[(from + 1) % world.users.size()]);
  request.set_reason("holiday");
  return Plan(world, client, "crm.leads.v1.LeadService/HandOverLeads", request, -1);
}

}  // namespace crm::chaos
