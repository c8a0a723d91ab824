// WindowShop: a company in a World, and what its people do all day. One department with a head and
// a seller, a form on its site, a pipeline of three stages.
#pragma once

#include <string>
#include <vector>

#include "crm/activities/v1/activity_service.pb.h"
#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/deals/v1/deal_service.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "tests/scenario/world.h"

namespace crm::test {

// A refusal that nobody expects fails the test.
class WindowShop {
 public:
  // How long after its arrival somebody has to have called a lead.
  static constexpr std::chrono::minutes kContactTime{15};

  explicit WindowShop(World& world);

  const std::string& head() const { return head_; }
  const std::string& seller() const { return seller_; }

  // What the site posts; the lead's name.
  std::string Submit(const std::string& submission);
  Result<leads::v1::SubmitFormResponse> TrySubmit(const std::string& submission);
  // Somebody has called the person and talked to them.
  void LogCall(const std::string& lead);
  leads::v1::ConvertLeadResponse Convert(const std::string& lead);
  Result<deals::v1::Deal> TryMove(const std::string& deal, const std::string& stage);
  deals::v1::Deal Move(const std::string& deal, const std::string& stage);
  deals::v1::Deal Win(const std::string& deal);

  leads::v1::Lead Lead(const std::string& name);
  std::vector<leads::v1::Lead> Leads();
  std::vector<activities::v1::Task> Tasks(const std::string& subject);
  bool HasOverdueTask(const std::string& subject);
  // How often a person was told that a task about the lead is overdue.
  int OverdueNotices(const std::string& user, const std::string& lead);
  Result<deals::v1::Deal> Deal(const std::string& name);
  Result<contacts::v1::Contact> Contact(const std::string& name);
  bool IsCustomer(const std::string& contact);
  int CountContacts();
  // From here on deals do not know where to begin.
  void ClearDefaultPipeline();

 private:
  template <class Response>
  Response Do(const std::string& method, const google::protobuf::Message& request) {
    auto response = world_.Call<Response>(method, request);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status().ToString();
    return response.ok() ? *response : Response();
  }
  void MakePeople();
  std::string MakeUser(const std::string& name);
  void MakeIntake();
  void MakePipeline();

  World& world_;
  std::string department_, head_, seller_, form_, pipeline_;
};

}  // namespace crm::test
