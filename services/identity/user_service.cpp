#include "services/identity/user_service.h"

#include <algorithm>
#include <set>

#include "crm/identity/v1/credentials.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "libs/auth/passwords.h"
#include "libs/command/list_all.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"
#include "services/identity/permissions.h"

namespace crm::identity {

namespace {

entity::HooksOf<v1::User> UserHooks() {
  entity::HooksOf<v1::User> hooks;
  hooks.defaults = [](Call&, v1::User& user) {
    user.set_state(v1::User::ACTIVE);
    return Status::Ok();
  };
  hooks.validate = [](Call& call, const v1::User* before, v1::User& after) {
    if (after.manager() == after.name()) {
      return InvalidField("user.manager", "must be somebody else");
    }
    bool same_roles = before == nullptr ? after.roles().empty()
                                        : std::equal(before->roles().begin(), before->roles().end(),
                                                     after.roles().begin(), after.roles().end());
    return same_roles ? Status::Ok() : CheckMayAssign(call);
  };
  return hooks;
}

Status CheckSuccessor(Call& call, const v1::User& user, const std::string& successor) {
  if (successor.empty()) return Status::Ok();
  auto found = call.Load<v1::User>(successor);
  if (!found.ok() && found.status().code() != Code::kNotFound) return found.status();
  if (found.ok() && found->state() == v1::User::ACTIVE && successor != user.name()) {
    return Status::Ok();
  }
  return FailedPrecondition("SUCCESSOR_UNFIT",
                            "The successor must be another active user; choose one.")
      .With("successor", successor);
}

Result<v1::User> DismissUser(Call& call, const v1::DismissUserRequest& request) {
  auto user = call.Load<v1::User>(request.name());
  if (!user.ok()) return user;
  if (user->state() == v1::User::DISMISSED) {
    return FailedPrecondition("USER_DISMISSED", "This person is dismissed already.");
  }
  auto fit = CheckSuccessor(call, *user, request.successor());
  if (!fit.ok()) return fit;
  user->set_state(v1::User::DISMISSED);
  v1::UserDismissed fact;
  fact.set_successor(request.successor());
  if (auto status = call.Store(*user, fact); !status.ok()) return status;
  return user;
}

Result<v1::User> ReinstateUser(Call& call, const v1::ReinstateUserRequest& request) {
  auto user = call.Load<v1::User>(request.name());
  if (!user.ok()) return user;
  if (user->state() == v1::User::ACTIVE) {
    return FailedPrecondition("USER_ACTIVE", "This person was not dismissed.");
  }
  user->set_state(v1::User::ACTIVE);
  if (auto status = call.Store(*user, v1::UserReinstated()); !status.ok()) return status;
  return user;
}

Result<v1::SetPasswordResponse> SetPassword(Call& call, const v1::SetPasswordRequest& request) {
  auto user = call.Load<v1::User>(request.name());
  if (!user.ok()) return user.status();
  if (user->email().empty()) {
    return FailedPrecondition("USER_WITHOUT_EMAIL",
                              "People log in with their address; set the user's email first.");
  }
  if (auto status = auth::CheckPassword(request.password()); !status.ok()) return status;
  std::string name = "passwordCredentials" + user->name().substr(user->name().find('/'));
  auto credential = call.Find<v1::PasswordCredential>(name);
  if (!credential.ok()) return credential.status();
  v1::PasswordCredential changed;
  changed.set_name(name);
  changed.set_hash(auth::HashPassword(request.password(), call.NewId("salt")));
  *changed.mutable_set_time() = ToTimestamp(call.now());
  if (auto status = call.Project(changed); !status.ok()) return status;
  return v1::SetPasswordResponse();
}

// Names of the people who are away at a moment.
Result<std::set<std::string>> AwayAt(Call& call, Time time) {
  const RecordType& absences = call.types().Of(v1::Absence::descriptor());
  std::string at = '"' + FormatTime(time) + '"';
  auto during =
      filter::ParseAndCheck("start_time <= " + at + " AND (end_time > " + at + " OR -end_time:*)",
                            absences.filter_schema());
  if (!during.ok()) return during.status();
  auto found = ListAll<v1::Absence>(call, *during);
  if (!found.ok()) return found.status();
  std::set<std::string> away;
  for (const auto& absence : *found) away.insert(absence.user());
  return away;
}

Result<v1::ListAvailableUsersResponse> ListAvailableUsers(
    Call& call, const v1::ListAvailableUsersRequest& request) {
  Time time = call.now();
  if (request.has_time()) time = ToTime(request.time());
  const RecordType& users = call.types().Of(v1::User::descriptor());
  auto wanted = filter::ParseAndCheck("state = ACTIVE", users.filter_schema());
  if (!wanted.ok()) return wanted.status();
  if (!request.department().empty()) {
    auto department =
        filter::FieldEquals(users.filter_schema(), "department", request.department());
    if (!department.ok()) return department.status();
    wanted = wanted->And(*department);
  }
  auto away = AwayAt(call, time);
  if (!away.ok()) return away.status();
  auto active = ListAll<v1::User>(call, *wanted);
  if (!active.ok()) return active.status();
  v1::ListAvailableUsersResponse response;
  for (auto& user : *active) {
    if (!away->contains(user.name())) *response.add_users() = std::move(user);
  }
  return response;
}

Status CheckSpan(Call&, const v1::Absence*, v1::Absence& absence) {
  if (!absence.has_end_time() || ToTime(absence.start_time()) < ToTime(absence.end_time())) {
    return Status::Ok();
  }
  return InvalidField("absence.end_time", "must be after start_time");
}

}  // namespace

std::vector<MethodBinding> UserMethods(const RecordTypes& types, const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.identity.v1.UserService");
  auto methods =
      entity::StandardMethods(service, types.Of(v1::User::descriptor()), settings, UserHooks());
  methods.push_back(Bind<v1::DismissUserRequest, v1::User>(service, "DismissUser", DismissUser));
  methods.push_back(
      Bind<v1::ReinstateUserRequest, v1::User>(service, "ReinstateUser", ReinstateUser));
  methods.push_back(
      Bind<v1::SetPasswordRequest, v1::SetPasswordResponse>(service, "SetPassword", SetPassword));
  methods.push_back(Bind<v1::ListAvailableUsersRequest, v1::ListAvailableUsersResponse>(
      service, "ListAvailableUsers", ListAvailableUsers));
  return methods;
}

std::vector<MethodBinding> AbsenceMethods(const RecordTypes& types,
                                          const entity::Settings& settings) {
  entity::HooksOf<v1::Absence> hooks;
  hooks.validate = CheckSpan;
  return entity::StandardMethods(entity::FindService("crm.identity.v1.AbsenceService"),
                                 types.Of(v1::Absence::descriptor()), settings, hooks);
}

}  // namespace crm::identity
