// The lead's day, on the real services in one thread and on a virtual clock: a form becomes a lead
// with a task, the task grows overdue and the head of the department is told once, somebody calls,
// the lead becomes a contact with a deal, the deal walks through its stages and is won, and the
// contact is a customer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crm/activities/v1/activity_service.pb.h"
#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/deals/v1/deal_service.pb.h"
#include "crm/events/v1/event_service.pb.h"
#include "crm/identity/v1/identity_service.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "crm/notification/v1/notification_service.pb.h"
#include "libs/entity/page_tokens.h"
#include "libs/testing/simulation.h"
#include "services/activities/module.h"
#include "services/contacts/module.h"
#include "services/deals/module.h"
#include "services/identity/module.h"
#include "services/leads/module.h"
#include "services/notification/module.h"
#include "services/workflow/module.h"

namespace crm {
namespace {

const entity::PageTokens& Tokens() {
  static const entity::PageTokens tokens = *entity::PageTokens::Create(std::string(32, 's'));
  return tokens;
}

std::vector<ServiceDefinition> Services() {
  entity::Settings settings;
  settings.page_tokens = &Tokens();
  std::vector<ServiceDefinition> services;
  services.push_back(identity::Define(settings, std::shared_ptr<const identity::Secrets>()));
  services.push_back(leads::Define(settings));
  services.push_back(contacts::Define(settings));
  services.push_back(deals::Define(settings));
  services.push_back(activities::Define(settings));
  services.push_back(notification::Define(settings));
  services.push_back(workflow::Define(settings));
  return services;
}

// A window shop: one department with a head and a seller, a form, a pipeline.
class WindowShop {
 public:
  explicit WindowShop(uint64_t seed) : world_(Services(), seed) {
    admin_ = test::Simulation::Admin(NamedUuid("tenant", "window shop"));
    MakePeople();
    MakeIntake();
    MakePipeline();
    world_.RunUntilIdle();
  }

  template <class Response>
  Response Call(const std::string& method, const google::protobuf::Message& request) {
    auto response = world_.Call<Response>(method, request, admin_);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status().ToString();
    return response.ok() ? *response : Response();
  }

  std::string Submit(const std::string& id) {
    leads::v1::SubmitFormRequest request;
    request.set_form(form_);
    request.set_submission_id(id);
    (*request.mutable_fields())["full_name"] = "משה כהן";
    (*request.mutable_fields())["tel"] = "050-123-4567";
    return Call<leads::v1::SubmitFormResponse>("crm.leads.v1.LeadService/SubmitForm", request)
        .lead();
  }

  leads::v1::Lead Lead(const std::string& name) {
    leads::v1::GetLeadRequest request;
    request.set_name(name);
    return Call<leads::v1::Lead>("crm.leads.v1.LeadService/GetLead", request);
  }

  std::vector<activities::v1::Task> Tasks(const std::string& subject) {
    activities::v1::ListTasksRequest request;
    request.set_filter("subject = \"" + subject + "\"");
    auto listed =
        Call<activities::v1::ListTasksResponse>("crm.activities.v1.TaskService/ListTasks", request);
    return {listed.tasks().begin(), listed.tasks().end()};
  }

  // What a person was told about a record.
  int Notices(const std::string& user, const std::string& kind) {
    notification::v1::ListNotificationsRequest request;
    request.set_filter("user = \"" + user + "\" AND kind = \"" + kind + "\"");
    return Call<notification::v1::ListNotificationsResponse>(
               "crm.notification.v1.NotificationService/ListNotifications", request)
        .notifications_size();
  }

  deals::v1::Deal Deal(const std::string& name) {
    deals::v1::GetDealRequest request;
    request.set_name(name);
    return Call<deals::v1::Deal>("crm.deals.v1.DealService/GetDeal", request);
  }

  contacts::v1::Contact Contact(const std::string& name) {
    contacts::v1::GetContactRequest request;
    request.set_name(name);
    return Call<contacts::v1::Contact>("crm.contacts.v1.ContactService/GetContact", request);
  }

  void ClearDefaultPipeline() {
    deals::v1::UpdatePipelineRequest update;
    update.mutable_pipeline()->set_name(pipeline_);
    update.mutable_update_mask()->add_paths("is_default");
    Call<deals::v1::Pipeline>("crm.deals.v1.PipelineService/UpdatePipeline", update);
  }

  test::Simulation world_;
  Principal admin_;
  std::string department_, head_, seller_, form_, pipeline_;

 private:
  void MakePeople() {
    identity::v1::CreateDepartmentRequest department;
    department.mutable_department()->set_display_name("Sales");
    auto sales = Call<identity::v1::Department>(
        "crm.identity.v1.DepartmentService/CreateDepartment", department);
    department_ = sales.name();
    head_ = MakeUser("Head");
    seller_ = MakeUser("Seller");
    identity::v1::UpdateDepartmentRequest update;
    *update.mutable_department() = sales;
    update.mutable_department()->set_head(head_);
    update.mutable_update_mask()->add_paths("head");
    Call<identity::v1::Department>("crm.identity.v1.DepartmentService/UpdateDepartment", update);
  }

  std::string MakeUser(const std::string& name) {
    identity::v1::CreateUserRequest request;
    request.mutable_user()->set_display_name(name);
    request.mutable_user()->set_department(department_);
    return Call<identity::v1::User>("crm.identity.v1.UserService/CreateUser", request).name();
  }

  void MakeIntake() {
    leads::v1::CreateFormRequest form;
    form.mutable_form()->set_display_name("Contact us");
    (*form.mutable_form()->mutable_field_mapping())["full_name"] = "display_name";
    (*form.mutable_form()->mutable_field_mapping())["tel"] = "phone";
    form_ = Call<leads::v1::Form>("crm.leads.v1.FormService/CreateForm", form).name();
    leads::v1::CreateAssignmentRuleRequest rule;
    rule.mutable_assignment_rule()->set_display_name("Everything");
    auto* distribution = rule.mutable_assignment_rule()->mutable_distribution();
    distribution->set_mode(leads::v1::Distribution::ROUND_ROBIN);
    distribution->set_department(department_);
    distribution->add_users(seller_);
    distribution->set_contact_minutes(15);
    rule.mutable_assignment_rule()->set_position(1);
    Call<leads::v1::AssignmentRule>("crm.leads.v1.AssignmentRuleService/CreateAssignmentRule",
                                    rule);
  }

  void MakePipeline() {
    deals::v1::CreatePipelineRequest request;
    auto* pipeline = request.mutable_pipeline();
    pipeline->set_display_name("Windows");
    pipeline->set_is_default(true);
    for (const char* id : {"request", "measurement", "payment"}) {
      auto* stage = pipeline->add_stages();
      stage->set_id(id);
      stage->set_display_name(id);
      stage->set_can_win(std::string_view(id) == "payment");
    }
    pipeline_ =
        Call<deals::v1::Pipeline>("crm.deals.v1.PipelineService/CreatePipeline", request).name();
  }
};

TEST(L01, TheSameSubmissionThreeTimesIsOneLeadWithOneTask) {
  WindowShop shop(1);
  std::string lead = shop.Submit("s-1");
  EXPECT_EQ(shop.Submit("s-1"), lead);
  EXPECT_EQ(shop.Submit("s-1"), lead);
  shop.world_.RunUntilIdle();
  EXPECT_EQ(shop.Tasks(lead).size(), 1u);
}

TEST(L08, ALeadHasATaskThatIsDueWhenItsRuleSays) {
  WindowShop shop(2);
  Time arrival = shop.world_.clock().Now();
  std::string lead = shop.Submit("s-1");
  shop.world_.RunUntilIdle();
  auto tasks = shop.Tasks(lead);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].owner(), shop.seller_);
  EXPECT_EQ(GetTimestamp(tasks[0], tasks[0].GetDescriptor()->FindFieldByName("due_time")),
            arrival + std::chrono::minutes(15));
}

TEST(L09, TheHeadIsToldOnceWhenTheTaskIsOverdue) {
  WindowShop shop(3);
  std::string lead = shop.Submit("s-1");
  Time arrival = shop.world_.clock().Now();
  shop.world_.AdvanceTo(arrival + std::chrono::minutes(14));
  EXPECT_FALSE(shop.Tasks(lead).at(0).overdue());
  shop.world_.AdvanceTo(arrival + std::chrono::minutes(16));
  EXPECT_TRUE(shop.Tasks(lead).at(0).overdue());
  shop.world_.AdvanceTo(arrival + std::chrono::hours(3));
  EXPECT_EQ(shop.Notices(shop.head_, "task_overdue"), 1);
}

TEST(L09, TheHeadIsNotToldWhenSomebodyCalledInTime) {
  WindowShop shop(4);
  std::string lead = shop.Submit("s-1");
  shop.world_.RunUntilIdle();
  activities::v1::CreateNoteRequest call;
  call.mutable_note()->set_subject(lead);
  call.mutable_note()->set_kind(activities::v1::Note::CALL);
  call.mutable_note()->set_reached(true);
  shop.Call<activities::v1::Note>("crm.activities.v1.NoteService/CreateNote", call);
  shop.world_.AdvanceTo(shop.world_.clock().Now() + std::chrono::hours(3));
  EXPECT_EQ(shop.Lead(lead).state(), leads::v1::Lead::WORKING);
  EXPECT_EQ(shop.Notices(shop.head_, "task_overdue"), 0);
}

TEST(L12, AConversionAnswersWhenItsRecordsCanBeRead) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    WindowShop shop(seed);
    leads::v1::ConvertLeadRequest convert;
    convert.set_name(shop.Submit("s-1"));
    convert.set_create_deal(true);
    auto made =
        shop.Call<leads::v1::ConvertLeadResponse>("crm.leads.v1.LeadService/ConvertLead", convert);
    if (made.pending()) continue;  // the seed kept the others waiting
    EXPECT_EQ(shop.Deal(made.deal()).contact(), made.contact());
    EXPECT_EQ(shop.Contact(made.contact()).lead(), made.lead().name());
  }
}

TEST(L12, AConversionThatDealsRefusesIsTakenBackWithItsReason) {
  WindowShop shop(6);
  shop.ClearDefaultPipeline();
  std::string lead = shop.Submit("s-1");
  leads::v1::ConvertLeadRequest convert;
  convert.set_name(lead);
  convert.set_create_deal(true);
  auto refused =
      shop.Call<leads::v1::ConvertLeadResponse>("crm.leads.v1.LeadService/ConvertLead", convert);
  EXPECT_FALSE(refused.pending());
  EXPECT_THAT(refused.refusal(), ::testing::HasSubstr("No pipeline is the default"));
  EXPECT_EQ(refused.deal(), "");
  shop.world_.RunUntilIdle();
  EXPECT_EQ(shop.Lead(lead).state(), leads::v1::Lead::WORKING);
  EXPECT_EQ(shop.Lead(lead).converted_contact(), "");
  contacts::v1::ListContactsRequest contacts;
  EXPECT_EQ(shop.Call<contacts::v1::ListContactsResponse>(
                    "crm.contacts.v1.ContactService/ListContacts", contacts)
                .contacts_size(),
            0)
      << "the contact that was made of it is taken back too";
}

TEST(C01, AWonDealAndNothingElseMakesACustomer) {
  WindowShop shop(5);
  std::string lead = shop.Submit("s-1");
  shop.world_.RunUntilIdle();
  leads::v1::ConvertLeadRequest convert;
  convert.set_name(lead);
  convert.set_create_deal(true);
  auto made =
      shop.Call<leads::v1::ConvertLeadResponse>("crm.leads.v1.LeadService/ConvertLead", convert);
  shop.world_.RunUntilIdle();
  EXPECT_EQ(shop.Deal(made.deal()).contact(), made.contact());
  EXPECT_FALSE(shop.Contact(made.contact()).is_customer());

  deals::v1::MoveDealRequest skip;
  skip.set_name(made.deal());
  skip.set_stage("payment");
  auto refused =
      shop.world_.Call<deals::v1::Deal>("crm.deals.v1.DealService/MoveDeal", skip, shop.admin_);
  EXPECT_EQ(refused.status().reason(), "STAGE_SKIPPED");
  for (const char* stage : {"measurement", "payment"}) {
    deals::v1::MoveDealRequest move;
    move.set_name(made.deal());
    move.set_stage(stage);
    shop.Call<deals::v1::Deal>("crm.deals.v1.DealService/MoveDeal", move);
  }
  deals::v1::WinDealRequest win;
  win.set_name(made.deal());
  shop.Call<deals::v1::Deal>("crm.deals.v1.DealService/WinDeal", win);
  shop.world_.RunUntilIdle();
  EXPECT_TRUE(shop.Contact(made.contact()).is_customer());
}

std::string DayOf(uint64_t seed) {
  WindowShop shop(seed);
  std::string lead = shop.Submit("s-1");
  shop.world_.AdvanceTo(shop.world_.clock().Now() + std::chrono::hours(1));
  EXPECT_EQ(shop.Notices(shop.head_, "task_overdue"), 1) << "seed " << seed;
  EXPECT_EQ(shop.Tasks(lead).size(), 1u) << "seed " << seed;
  return shop.world_.LogHash();
}

TEST(Simulation, TheSameSeedGivesTheSameDay) {
  EXPECT_EQ(DayOf(7), DayOf(7));
}

TEST(Simulation, TheDayEndsAlikeInEveryOrderOfDeliveries) {
  for (uint64_t seed = 100; seed < 120; ++seed) DayOf(seed);
}

}  // namespace
}  // namespace crm
