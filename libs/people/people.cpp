#include "libs/people/people.h"

#include "libs/entity/ask.h"

namespace crm::people {

using identity::v1::Department;
using identity::v1::User;

namespace {

bool NoSuchRecord(const Status& status) {
  return status.code() == Code::kNotFound || status.code() == Code::kInvalidArgument;
}

}  // namespace

Result<std::optional<User>> FindUser(Call& call, const std::string& name) {
  auto user = entity::AskGet<User>(call, "crm.identity.v1.UserService", name);
  if (user.ok()) return std::optional<User>(*user);
  if (NoSuchRecord(user.status())) return std::optional<User>();
  return user.status();
}

Result<User> FindActiveUser(Call& call, const std::string& name, const std::string& field) {
  auto user = FindUser(call, name);
  if (!user.ok()) return user.status();
  if (!*user) return InvalidField(field, "there is no user " + name);
  if ((*user)->state() != User::ACTIVE || (*user)->has_delete_time()) {
    return FailedPrecondition("USER_DISMISSED", name + " has left; choose somebody else.")
        .With("name", name);
  }
  return **user;
}

Result<std::string> HeadOf(Call& call, const std::string& department) {
  if (department.empty()) return std::string();
  auto found = entity::AskGet<Department>(call, "crm.identity.v1.DepartmentService", department);
  if (found.ok()) return found->head();
  if (NoSuchRecord(found.status())) return std::string();
  return found.status();
}

Result<std::string> SuperiorOf(Call& call, const User& user) {
  auto head = HeadOf(call, user.department());
  if (!head.ok()) return head;
  return head->empty() || *head == user.name() ? user.manager() : *head;
}

}  // namespace crm::people
