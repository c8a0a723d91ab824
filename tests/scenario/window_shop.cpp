#include "tests/scenario/window_shop.h"

#include <algorithm>

#include "crm/identity/v1/department_service.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/notification/v1/notification_service.pb.h"

namespace crm::test {

WindowShop::WindowShop(World& world) : world_(world) {
  MakePeople();
  MakeIntake();
  MakePipeline();
  // What other services learn from events is there before the day begins.
  EXPECT_TRUE(world_.Comes([] { return true; }));
}

void WindowShop::MakePeople() {
  identity::v1::CreateDepartmentRequest department;
  department.mutable_department()->set_display_name("Window sales");
  auto sales = Do<identity::v1::Department>("crm.identity.v1.DepartmentService/CreateDepartment",
                                            department);
  department_ = sales.name();
  head_ = MakeUser("Head");
  seller_ = MakeUser("Seller");
  identity::v1::UpdateDepartmentRequest update;
  *update.mutable_department() = sales;
  update.mutable_department()->set_head(head_);
  update.mutable_update_mask()->add_paths("head");
  Do<identity::v1::Department>("crm.identity.v1.DepartmentService/UpdateDepartment", update);
}

std::string WindowShop::MakeUser(const std::string& name) {
  identity::v1::CreateUserRequest request;
  request.mutable_user()->set_display_name(name);
  request.mutable_user()->set_department(department_);
  return Do<identity::v1::User>("crm.identity.v1.UserService/CreateUser", request).name();
}

void WindowShop::MakeIntake() {
  leads::v1::CreateFormRequest form;
  form.mutable_form()->set_display_name("Contact us");
  (*form.mutable_form()->mutable_field_mapping())["full_name"] = "display_name";
  (*form.mutable_form()->mutable_field_mapping())["tel"] = "phone";
  form_ = Do<leads::v1::Form>("crm.leads.v1.FormService/CreateForm", form).name();
  leads::v1::CreateAssignmentRuleRequest rule;
  rule.mutable_assignment_rule()->set_display_name("Everything");
  auto* distribution = rule.mutable_assignment_rule()->mutable_distribution();
  distribution->set_mode(leads::v1::Distribution::ROUND_ROBIN);
  distribution->set_department(department_);
  distribution->add_users(seller_);
  distribution->set_contact_minutes(kContactTime.count());
  rule.mutable_assignment_rule()->set_position(1);
  Do<leads::v1::AssignmentRule>("crm.leads.v1.AssignmentRuleService/CreateAssignmentRule", rule);
}

void WindowShop::MakePipeline() {
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
      Do<deals::v1::Pipeline>("crm.deals.v1.PipelineService/CreatePipeline", request).name();
}

Result<leads::v1::SubmitFormResponse> WindowShop::TrySubmit(const std::string& submission) {
  leads::v1::SubmitFormRequest request;
  request.set_form(form_);
  request.set_submission_id(submission);
  (*request.mutable_fields())["full_name"] = "משה כהן";
  (*request.mutable_fields())["tel"] = "050-123-4567";
  return world_.Call<leads::v1::SubmitFormResponse>("crm.leads.v1.LeadService/SubmitForm", request,
                                                    Caller::kForm);
}

std::string WindowShop::Submit(const std::string& submission) {
  auto submitted = TrySubmit(submission);
  EXPECT_TRUE(submitted.ok()) << submitted.status().ToString();
  return submitted.ok() ? submitted->lead() : "";
}

void WindowShop::LogCall(const std::string& lead) {
  activities::v1::CreateNoteRequest call;
  call.mutable_note()->set_subject(lead);
  call.mutable_note()->set_kind(activities::v1::Note::CALL);
  call.mutable_note()->set_reached(true);
  Do<activities::v1::Note>("crm.activities.v1.NoteService/CreateNote", call);
}

leads::v1::ConvertLeadResponse WindowShop::Convert(const std::string& lead) {
  leads::v1::ConvertLeadRequest request;
  request.set_name(lead);
  request.set_create_deal(true);
  return Do<leads::v1::ConvertLeadResponse>("crm.leads.v1.LeadService/ConvertLead", request);
}

Result<deals::v1::Deal> WindowShop::TryMove(const std::string& deal, const std::string& stage) {
  deals::v1::MoveDealRequest request;
  request.set_name(deal);
  request.set_stage(stage);
  return world_.Call<deals::v1::Deal>("crm.deals.v1.DealService/MoveDeal", request);
}

deals::v1::Deal WindowShop::Move(const std::string& deal, const std::string& stage) {
  auto moved = TryMove(deal, stage);
  EXPECT_TRUE(moved.ok()) << moved.status().ToString();
  return moved.ok() ? *moved : deals::v1::Deal();
}

deals::v1::Deal WindowShop::Win(const std::string& deal) {
  deals::v1::WinDealRequest request;
  request.set_name(deal);
  return Do<deals::v1::Deal>("crm.deals.v1.DealService/WinDeal", request);
}

leads::v1::Lead WindowShop::Lead(const std::string& name) {
  leads::v1::GetLeadRequest request;
  request.set_name(name);
  return Do<leads::v1::Lead>("crm.leads.v1.LeadService/GetLead", request);
}

std::vector<leads::v1::Lead> WindowShop::Leads() {
  auto listed = Do<leads::v1::ListLeadsResponse>("crm.leads.v1.LeadService/ListLeads",
                                                 leads::v1::ListLeadsRequest());
  return {listed.leads().begin(), listed.leads().end()};
}

std::vector<activities::v1::Task> WindowShop::Tasks(const std::string& subject) {
  activities::v1::ListTasksRequest request;
  request.set_filter("subject = \"" + subject + "\"");
  auto listed =
      Do<activities::v1::ListTasksResponse>("crm.activities.v1.TaskService/ListTasks", request);
  return {listed.tasks().begin(), listed.tasks().end()};
}

bool WindowShop::HasOverdueTask(const std::string& subject) {
  const auto tasks = Tasks(subject);
  return std::any_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.overdue(); });
}

int WindowShop::OverdueNotices(const std::string& user, const std::string& lead) {
  int notices = 0;
  for (const auto& task : Tasks(lead)) {
    notification::v1::ListNotificationsRequest request;
    request.set_filter("user = \"" + user + "\" AND kind = \"task_overdue\" AND subject = \"" +
                       task.name() + "\"");
    notices += Do<notification::v1::ListNotificationsResponse>(
                   "crm.notification.v1.NotificationService/ListNotifications", request)
                   .notifications_size();
  }
  return notices;
}

Result<deals::v1::Deal> WindowShop::Deal(const std::string& name) {
  deals::v1::GetDealRequest request;
  request.set_name(name);
  return world_.Call<deals::v1::Deal>("crm.deals.v1.DealService/GetDeal", request);
}

Result<contacts::v1::Contact> WindowShop::Contact(const std::string& name) {
  contacts::v1::GetContactRequest request;
  request.set_name(name);
  return world_.Call<contacts::v1::Contact>("crm.contacts.v1.ContactService/GetContact", request);
}

int WindowShop::CountContacts() {
  return Do<contacts::v1::ListContactsResponse>("crm.contacts.v1.ContactService/ListContacts",
                                                contacts::v1::ListContactsRequest())
      .contacts_size();
}

void WindowShop::ClearDefaultPipeline() {
  deals::v1::UpdatePipelineRequest update;
  update.mutable_pipeline()->set_name(pipeline_);
  update.mutable_update_mask()->add_paths("is_default");
  Do<deals::v1::Pipeline>("crm.deals.v1.PipelineService/UpdatePipeline", update);
}

bool WindowShop::IsCustomer(const std::string& contact) {
  auto found = Contact(contact);
  return found.ok() && found->is_customer();
}

}  // namespace crm::test
