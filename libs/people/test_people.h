// Identity as other services see it, for their tests: everybody works in one department, but for
// those who have left.
#pragma once

#include <set>
#include <string>

#include "crm/identity/v1/user_service.pb.h"
#include "libs/command/call.h"

namespace crm::people {

class TestPeople : public RemoteReader {
 public:
  explicit TestPeople(std::string department) : department_(std::move(department)) {}

  Status Read(const Principal&, const std::string& method, const google::protobuf::Message& request,
              google::protobuf::Message& response, std::stop_token) override {
    if (method == "crm.identity.v1.UserService/GetUser") {
      auto& user = dynamic_cast<identity::v1::User&>(response);
      user = User(dynamic_cast<const identity::v1::GetUserRequest&>(request).name());
    } else if (method == "crm.identity.v1.DepartmentService/GetDepartment") {
      dynamic_cast<identity::v1::Department&>(response).set_head(head);
    } else {
      return Unavailable("BACKEND_DOWN", method + " does not answer");
    }
    return Status::Ok();
  }

  identity::v1::User User(const std::string& name) const {
    identity::v1::User user;
    user.set_name(name);
    user.set_department(department_);
    user.set_state(left.contains(name) ? identity::v1::User::DISMISSED
                                       : identity::v1::User::ACTIVE);
    return user;
  }

  // Of the department; empty: nobody.
  std::string head;
  std::set<std::string> left;

 private:
  const std::string department_;
};

}  // namespace crm::people
