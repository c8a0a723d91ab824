// The leads service on a CallHarness, with the identity service replaced by what it would answer.
#include "services/leads/lead_service.h"

#include <gtest/gtest.h>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/identity/v1/absence_service.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/people/test_people.h"
#include "libs/testing/deliver.h"
#include "services/leads/assignment.h"
#include "services/leads/hand_over.h"
#include "services/leads/lead_consumer.h"
#include "services/leads/module.h"

namespace crm::leads {
namespace {

using v1::Distribution;
using v1::Lead;

constexpr char kSales[] = "departments/00000000-0000-7000-8000-00000000000d";
constexpr char kAnna[] = "users/00000000-0000-7000-8000-000000000001";
constexpr char kBoris[] = "users/00000000-0000-7000-8000-000000000002";
constexpr char kCarmel[] = "users/00000000-0000-7000-8000-000000000003";

// Three people of one department; some may be absent or have left. Contacts and deals do not
// answer.
class People final : public people::TestPeople {
 public:
  People() : TestPeople(kSales) { head = kCarmel; }

  Status Read(const Principal& principal, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response,
              std::stop_token stop) override {
    if (down) return Unavailable("BACKEND_DOWN", "identity is down");
    if (method == "crm.identity.v1.UserService/GetUser") {
      auto name = dynamic_cast<const identity::v1::GetUserRequest&>(request).name();
      if (!names.contains(name)) return NotFound(name);
      return TestPeople::Read(principal, method, request, response, stop);
    } else if (method == "crm.identity.v1.UserService/ListUsers") {
      for (const auto& name : names) {
        if (!left.contains(name)) {
          *dynamic_cast<identity::v1::ListUsersResponse&>(response).add_users() = User(name);
        }
      }
    } else if (method == "crm.identity.v1.UserService/BatchGetUsers") {
      for (const auto& name :
           dynamic_cast<const identity::v1::BatchGetUsersRequest&>(request).names()) {
        *dynamic_cast<identity::v1::BatchGetUsersResponse&>(response).add_users() = User(name);
      }
    } else if (method == "crm.identity.v1.AbsenceService/ListAbsences") {
      for (const auto& name : absent) {
        auto* absence = dynamic_cast<identity::v1::ListAbsencesResponse&>(response).add_absences();
        absence->set_user(name);
      }
    } else {
      return TestPeople::Read(principal, method, request, response, stop);
    }
    return Status::Ok();
  }

  bool down = false;
  const std::set<std::string> names = {kAnna, kBoris, kCarmel};
  std::set<std::string> absent;
};

entity::Settings TestSettings() {
  static const auto tokens = *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  entity::Settings settings;
  settings.page_tokens = &tokens;
  return settings;
}

class Leads : public ::testing::Test {
 protected:
  Leads() { service_.Bind(Methods(service_.types(), TestSettings())); }

  template <class Response>
  Response Do(const char* method, const google::protobuf::Message& request) {
    auto response = service_.Call<Response>(method, request);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status().ToString();
    return response.ok() ? *response : Response();
  }

  v1::AssignmentRule Rule(const std::string& name, int position, const std::string& condition,
                          Distribution::Mode mode, int minutes) {
    v1::CreateAssignmentRuleRequest request;
    auto* rule = request.mutable_assignment_rule();
    rule->set_display_name(name);
    rule->set_position(position);
    rule->set_condition(condition);
    rule->mutable_distribution()->set_mode(mode);
    rule->mutable_distribution()->set_department(kSales);
    rule->mutable_distribution()->set_contact_minutes(minutes);
    return Do<v1::AssignmentRule>("CreateAssignmentRule", request);
  }

  Lead Create(const std::string& campaign = "", const std::string& phone = "") {
    v1::CreateLeadRequest request;
    request.mutable_lead()->set_display_name("Dana");
    request.mutable_lead()->set_campaign(campaign);
    if (!phone.empty()) request.mutable_lead()->mutable_phone()->set_number(phone);
    return Do<Lead>("CreateLead", request);
  }

  Lead Get(const std::string& name) {
    v1::GetLeadRequest request;
    request.set_name(name);
    return Do<Lead>("GetLead", request);
  }

  v1::Form Form() {
    v1::CreateSourceRequest source;
    source.mutable_source()->set_display_name("Landing page");
    v1::CreateFormRequest request;
    request.mutable_form()->set_display_name("Windows");
    request.mutable_form()->set_source(Do<v1::Source>("CreateSource", source).name());
    request.mutable_form()->set_honeypot_field("website");
    request.mutable_form()->set_max_per_minute(2);
    return Do<v1::Form>("CreateForm", request);
  }

  v1::LeadAssigned LastAssignment() {
    v1::LeadEvent event;
    EXPECT_TRUE(DecodeRecord(service_.Log().back().body(), event).ok());
    EXPECT_TRUE(event.has_assigned()) << service_.Log().back().type();
    return event.assigned();
  }

  People people_;
  test::CallHarness service_{Records(), {.remote = &people_}};
};

using L01 = Leads;
using L05 = Leads;
using L06 = Leads;
using L07 = Leads;
using L10 = Leads;
using L12 = Leads;
using L13 = Leads;
using L17 = Leads;
using C12 = Leads;

TEST_F(L01, TheSameSubmissionThreeTimesMakesOneLead) {
  v1::SubmitFormRequest request;
  request.set_form(Form().name());
  request.set_submission_id("77");
  (*request.mutable_fields())["display_name"] = "Dana";
  (*request.mutable_fields())["phone"] = "050-123-4567";
  auto principal = service_.User("lead.submit", Scope::kOwn);
  auto first = service_.Call<v1::SubmitFormResponse>("SubmitForm", request, principal);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  for (int i = 0; i < 2; ++i) {
    auto again = service_.Call<v1::SubmitFormResponse>("SubmitForm", request, principal);
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ(again->lead(), first->lead());
  }
  auto leads = Do<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
  ASSERT_EQ(leads.leads_size(), 1);
  EXPECT_EQ(leads.leads(0).phone_e164(), "+972501234567");
  EXPECT_FALSE(leads.leads(0).source().empty());
  v1::LeadEvent event;
  auto log = service_.Log();
  ASSERT_TRUE(DecodeRecord(log[log.size() - 2].body(), event).ok());
  EXPECT_EQ(event.submitted().raw_fields().at("phone"), "050-123-4567");
}

TEST_F(L01, ThreeSubmissionsAtOnceMakeOneLead) {
  v1::SubmitFormRequest request;
  request.set_form(Form().name());
  request.set_submission_id("78");
  (*request.mutable_fields())["display_name"] = "Dana";
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < 3; ++i)
    calls.push_back(service_.Begin("SubmitForm", request, service_.admin()));
  service_.Drain();
  std::set<std::string> names;
  for (const auto& call : calls) {
    auto answer = call->Wait();
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    v1::SubmitFormResponse response;
    response.ParseFromString(*answer);
    names.insert(response.lead());
  }
  EXPECT_EQ(names.size(), 1u);
}

TEST_F(L01, SpamMakesNoLeadAndAFormHasALimit) {
  v1::SubmitFormRequest request;
  request.set_form(Form().name());
  (*request.mutable_fields())["website"] = "http://spam";
  EXPECT_EQ(Do<v1::SubmitFormResponse>("SubmitForm", request).lead(), "");
  request.mutable_fields()->erase("website");
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(Do<v1::SubmitFormResponse>("SubmitForm", request).lead(), "");
  }
  auto third = service_.Call<v1::SubmitFormResponse>("SubmitForm", request);
  EXPECT_EQ(third.status().reason(), "FORM_BUSY");
  EXPECT_EQ(third.status().retry_after(), std::chrono::milliseconds(60000));
  service_.clock().Advance(std::chrono::minutes(1));
  EXPECT_NE(Do<v1::SubmitFormResponse>("SubmitForm", request).lead(), "");
}

TEST_F(L05, TheFirstRuleThatFitsDecidesAndTheDefaultComesLast) {
  Rule("all the rest", 9, "", Distribution::FIRST_AVAILABLE, 30);
  Rule("spring", 1, "campaign = \"spring\"", Distribution::FIRST_AVAILABLE, 20);
  Lead spring = Create("spring");
  EXPECT_EQ(LastAssignment().by(), "rule:spring");
  EXPECT_EQ(spring.owner(), kAnna);
  EXPECT_EQ(spring.department(), kSales);
  EXPECT_EQ(spring.contact_due_time().seconds() - spring.create_time().seconds(), 20 * 60);
  Lead other = Create("autumn");
  EXPECT_EQ(LastAssignment().by(), "rule:all the rest");
  EXPECT_EQ(other.contact_due_time().seconds() - other.create_time().seconds(), 30 * 60);
}

TEST_F(L05, WithoutRulesTheSettingsDecide) {
  EXPECT_EQ(Create().owner(), "");
  EXPECT_EQ(LastAssignment().by(), "default");
  v1::UpdateLeadSettingsRequest request;
  auto* distribution = request.mutable_lead_settings()->mutable_default_distribution();
  distribution->set_mode(Distribution::FIRST_AVAILABLE);
  distribution->add_users(kBoris);
  Do<v1::LeadSettings>("UpdateLeadSettings", request);
  EXPECT_EQ(Create().owner(), kBoris);
}

TEST_F(L05, AConditionThatDoesNotFitLeadsIsRefused) {
  v1::CreateAssignmentRuleRequest request;
  request.mutable_assignment_rule()->set_display_name("wrong");
  request.mutable_assignment_rule()->set_condition("colour = \"red\"");
  request.mutable_assignment_rule()->mutable_distribution()->set_department(kSales);
  auto refused = service_.Call<v1::AssignmentRule>("CreateAssignmentRule", request);
  ASSERT_EQ(refused.status().reason(), "INVALID_FIELD");
  EXPECT_EQ(refused.status().field_violations()[0].field, "assignment_rule.condition");
}

TEST_F(L06, TurnsAreNeitherSkippedNorTakenTwiceByCallsAtOnce) {
  Rule("all", 1, "", Distribution::ROUND_ROBIN, 15);
  v1::CreateLeadRequest request;
  request.mutable_lead()->set_display_name("Dana");
  for (int i = 0; i < 6; ++i) service_.Begin("CreateLead", request, service_.admin());
  service_.Drain();
  std::map<std::string, int> turns;
  auto listed = Do<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
  for (const auto& lead : listed.leads()) ++turns[lead.owner()];
  EXPECT_EQ(turns, (std::map<std::string, int>{{kAnna, 2}, {kBoris, 2}, {kCarmel, 2}}));
}

TEST_F(L06, LeastBusyCountsOpenLeadsOnly) {
  Rule("all", 1, "", Distribution::LEAST_BUSY, 15);
  Lead first = Create();
  EXPECT_EQ(first.owner(), kAnna);
  EXPECT_EQ(Create().owner(), kBoris);
  EXPECT_EQ(Create().owner(), kCarmel);
  v1::DisqualifyLeadRequest request;
  request.set_name(first.name());
  request.set_reason("wrong number");
  Do<Lead>("DisqualifyLead", request);
  EXPECT_EQ(Create().owner(), kAnna);
}

TEST_F(L07, WhoIsAbsentIsPassedOverAndTheReasonSaysSo) {
  Rule("all", 1, "", Distribution::FIRST_AVAILABLE, 15);
  people_.absent = {kAnna};
  EXPECT_EQ(Create().owner(), kBoris);
  EXPECT_EQ(LastAssignment().reason(), std::string(kBoris) + " is the first who is there; " +
                                           kAnna + " was passed over: absent until further notice");
}

TEST_F(L07, ALeadThatNobodyCanTakeWaitsInItsDepartmentUntilSomebodyCan) {
  Rule("all", 1, "", Distribution::ROUND_ROBIN, 15);
  people_.down = true;
  Lead lead = Create();
  EXPECT_EQ(lead.owner(), "");
  EXPECT_EQ(lead.department(), kSales);
  EXPECT_TRUE(lead.has_contact_due_time());
  service_.clock().Advance(std::chrono::minutes(3));
  EXPECT_EQ(test::FireTimers(service_, {AssignmentTimer()}), 1);
  EXPECT_EQ(Get(lead.name()).owner(), "");
  people_.down = false;
  service_.clock().Advance(std::chrono::minutes(3));
  EXPECT_EQ(test::FireTimers(service_, {AssignmentTimer()}), 1);
  EXPECT_EQ(Get(lead.name()).owner(), kAnna);
  EXPECT_EQ(Get(lead.name()).contact_due_time().seconds(), lead.contact_due_time().seconds());
  service_.clock().Advance(std::chrono::minutes(3));
  EXPECT_EQ(test::FireTimers(service_, {AssignmentTimer()}), 0);
}

TEST_F(Leads, AreAssignedByHandToPeopleWhoAreThere) {
  v1::AssignLeadRequest request;
  request.set_name(Create().name());
  request.set_owner(kBoris);
  EXPECT_EQ(Do<Lead>("AssignLead", request).owner(), kBoris);
  EXPECT_EQ(LastAssignment().by(), "manual");
  people_.left = {kAnna};
  request.set_owner(kAnna);
  EXPECT_EQ(service_.Call<Lead>("AssignLead", request).status().reason(), "USER_DISMISSED");
  request.set_owner("users/00000000-0000-7000-8000-0000000000ff");
  EXPECT_EQ(service_.Call<Lead>("AssignLead", request).status().reason(), "INVALID_FIELD");
}

TEST_F(Leads, AreContactedByACallOrACompletedTaskOnce) {
  Lead lead = Create();
  activities::v1::NoteEvent note;
  note.mutable_created();
  note.mutable_note()->set_name("notes/1");
  note.mutable_note()->set_subject(lead.name());
  note.mutable_note()->set_kind(activities::v1::Note::CALL);
  ASSERT_TRUE(test::Deliver(service_, ActivitiesConsumer(), note).ok());
  EXPECT_EQ(Get(lead.name()).state(), Lead::NEW) << "nobody was reached";
  note.mutable_note()->set_reached(true);
  ASSERT_TRUE(test::Deliver(service_, ActivitiesConsumer(), note).ok());
  Lead contacted = Get(lead.name());
  EXPECT_EQ(contacted.state(), Lead::WORKING);
  EXPECT_TRUE(contacted.has_first_contact_time());
  // The task is completed because of this contact: not another one.
  activities::v1::TaskEvent task;
  task.mutable_completed();
  task.mutable_task()->set_kind("contact_lead");
  task.mutable_task()->set_subject(lead.name());
  ASSERT_TRUE(test::Deliver(service_, ActivitiesConsumer(), task).ok());
  EXPECT_EQ(Get(lead.name()).etag(), contacted.etag());
}

TEST_F(L10, ATimeToCallBackCanBeSetAndTakenBack) {
  v1::SetCallBackRequest request;
  request.set_name(Create().name());
  request.mutable_call_back_time()->set_seconds(1800000000);
  EXPECT_EQ(Do<Lead>("SetCallBack", request).call_back_time().seconds(), 1800000000);
  request.clear_call_back_time();
  EXPECT_FALSE(Do<Lead>("SetCallBack", request).has_call_back_time());
}

TEST_F(L12, ConversionChoosesTheNamesAndCanBeUndone) {
  Lead lead = Create();
  v1::ConvertLeadRequest request;
  request.set_name(lead.name());
  request.set_create_company(true);
  auto refused = service_.Call<v1::ConvertLeadResponse>("ConvertLead", request);
  EXPECT_EQ(refused.status().field_violations()[0].field, "create_company");
  request.set_create_company(false);
  auto converted = Do<v1::ConvertLeadResponse>("ConvertLead", request);
  EXPECT_TRUE(converted.contact().starts_with("contacts/"));
  EXPECT_EQ(converted.lead().state(), Lead::CONVERTED);
  EXPECT_EQ(converted.lead().converted_contact(), converted.contact());
  EXPECT_TRUE(converted.pending());
  v1::LeadEvent event;
  ASSERT_TRUE(DecodeRecord(service_.Log().back().body(), event).ok());
  EXPECT_EQ(event.converted().contact(), converted.contact());
  EXPECT_TRUE(event.converted().create_contact());
  EXPECT_FALSE(event.converted().create_deal());
  v1::UndoConversionRequest undo;
  undo.set_name(lead.name());
  Lead undone = Do<Lead>("UndoConversion", undo);
  EXPECT_EQ(undone.state(), Lead::WORKING);
  EXPECT_EQ(undone.converted_contact(), "");
  EXPECT_EQ(service_.Call<Lead>("UndoConversion", undo).status().reason(), "LEAD_STATE");
}

TEST_F(L13, LeadsAreCountedByCampaignAndDayWithinWhatTheCallerMayList) {
  Create("spring");
  Create("spring");
  service_.clock().Advance(std::chrono::hours(24));
  Create("spring");
  Create("autumn");
  v1::ReportLeadsRequest request;
  request.add_group_by(v1::ReportLeadsRequest::CAMPAIGN);
  request.add_group_by(v1::ReportLeadsRequest::DAY);
  auto report = Do<v1::ReportLeadsResponse>("ReportLeads", request);
  ASSERT_EQ(report.rows_size(), 3);
  EXPECT_EQ(report.rows(0).campaign(), "autumn");
  EXPECT_EQ(report.rows(1).day(), "2026-01-05");
  EXPECT_EQ(report.rows(1).count(), 2);
  EXPECT_EQ(report.rows(2).count(), 1);
  auto own = service_.Call<v1::ReportLeadsResponse>("ReportLeads", request,
                                                    service_.User("lead.list", Scope::kOwn));
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->rows_size(), 0);
}

TEST_F(L17, DuplicatesAreFoundByTheNormalFormOfThePhone) {
  Lead first = Create("", "050-123-4567");
  v1::CheckDuplicatesRequest request;
  request.set_phone("+972 50 1234567");
  auto found = Do<v1::CheckDuplicatesResponse>("CheckDuplicates", request);
  ASSERT_EQ(found.duplicates_size(), 1);
  EXPECT_EQ(found.duplicates(0).name(), first.name());
  EXPECT_EQ(found.duplicates(0).matched(), "phone");
  EXPECT_TRUE(found.contacts_unavailable());
  Lead second = Create("", "+972501234567");
  ASSERT_EQ(second.duplicates_size(), 1);
  EXPECT_EQ(second.duplicates(0), first.name());
}

TEST_F(C12, WhoLeavesKeepsNoOpenLead) {
  Rule("all", 1, "", Distribution::FIRST_AVAILABLE, 15);
  Lead open = Create();
  Lead closed = Create();
  v1::DisqualifyLeadRequest disqualify;
  disqualify.set_name(closed.name());
  disqualify.set_reason("no interest");
  Do<Lead>("DisqualifyLead", disqualify);
  people_.left = {kAnna};
  identity::v1::UserEvent event;
  *event.mutable_user() = people_.User(kAnna);
  event.mutable_dismissed();
  ASSERT_TRUE(
      test::Deliver(service_, LeadHandOvers(service_.types())->Consumer("leads.on_identity"), event)
          .ok());
  EXPECT_EQ(Get(open.name()).owner(), kCarmel) << "no successor: the head of the department";
  EXPECT_EQ(LastAssignment().by(), "hand_over");
  EXPECT_EQ(Get(closed.name()).owner(), kAnna) << "what is closed stays as it was";
}

TEST_F(C12, MoreLeadsThanOneCallMovesGoOnByATimer) {
  Rule("all", 1, "", Distribution::FIRST_AVAILABLE, 15);
  for (int i = 0; i < 203; ++i) Create();
  v1::HandOverLeadsRequest request;
  request.set_from(kAnna);
  request.set_to(kBoris);
  auto first = Do<v1::HandOverLeadsResponse>("HandOverLeads", request);
  EXPECT_EQ(first.moved(), 200);
  EXPECT_TRUE(first.pending());
  EXPECT_EQ(test::FireTimers(service_, {LeadHandOvers(service_.types())->Timer()}), 1);
  v1::ListLeadsRequest list;
  list.set_filter(std::string("owner = \"") + kBoris + "\"");
  list.set_page_size(1000);
  EXPECT_EQ(Do<v1::ListLeadsResponse>("ListLeads", list).leads_size(), 203);
}

}  // namespace
}  // namespace crm::leads
