#include "services/identity/permissions.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "libs/command/access.h"
#include "libs/command/list_all.h"
#include "libs/command/timestamps.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/syntax.h"

namespace crm::identity {

namespace {

// What sales people work on, and what they only look up.
constexpr const char* kWork[] = {"lead",    "contact", "company",  "deal",        "task",
                                 "meeting", "note",    "reminder", "notification"};
constexpr const char* kReference[] = {"user",    "department", "absence", "pipeline",
                                      "product", "source",     "tenant"};

// What was in every copy that tenants had before roles had a standard.
constexpr const char* kCopied[] = {"lead",    "contact",  "company",      "deal",   "task",
                                   "note",    "reminder", "notification", "user",   "department",
                                   "absence", "pipeline", "product",      "source", "tenant"};

void Allow(Permissions& permissions, const char* object, std::initializer_list<const char*> actions,
           v1::Permission::Scope scope) {
  auto* permission = permissions.Add();
  permission->set_object(object);
  for (const char* action : actions) permission->add_actions(action);
  permission->set_scope(scope);
}

Permissions WorkOn(v1::Permission::Scope scope) {
  Permissions permissions;
  for (const char* object : kWork) Allow(permissions, object, {"*"}, scope);
  for (const char* object : kReference) {
    Allow(permissions, object, {"get", "list"}, v1::Permission::ALL);
  }
  return permissions;
}

// Nothing but what is standard, and all that a copy had.
bool IsCopy(const Permissions& permissions, const Permissions& standard) {
  std::set<std::string> texts, objects;
  for (const auto& permission : standard) texts.insert(permission.SerializeAsString());
  for (const auto& permission : permissions) {
    if (!texts.contains(permission.SerializeAsString())) return false;
    objects.insert(permission.object());
  }
  return std::ranges::all_of(kCopied, [&](const char* each) { return objects.contains(each); });
}

v1::Role::Standard StandardOf(const v1::Role& role) {
  bool changed = ToTime(role.update_time()) != ToTime(role.create_time());
  if (role.standard() != v1::Role::STANDARD_UNSPECIFIED || changed) return role.standard();
  for (auto standard : {v1::Role::MANAGER, v1::Role::AGENT}) {
    if (IsCopy(role.permissions(), PermissionsOf(standard))) return standard;
  }
  return v1::Role::STANDARD_UNSPECIFIED;
}

// Letters, digits and "_", or "*": so that it fits into a token.
bool IsWord(const std::string& text) {
  return text == "*" || (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
         }));
}

// Everybody may ask for one, but for the holder of a ticket, which keeps what reads only.
Grant MayIssueStreamTicket() {
  return {"streamTicket", "issue", Scope::kAll, ""};
}

Status AddRoles(Call& call, const google::protobuf::RepeatedPtrField<std::string>& roles,
                std::vector<Grant>& grants) {
  for (const auto& name : roles) {
    auto role = call.Peek<v1::Role>(name);
    if (!role.ok()) return role.status();
    if (!*role || (*role)->has_delete_time()) continue;
    for (auto& grant : GrantsOf(PermissionsOf(**role))) grants.push_back(std::move(grant));
  }
  return Status::Ok();
}

}  // namespace

std::vector<Grant> GrantsOf(const Permissions& permissions) {
  std::vector<Grant> grants;
  for (const auto& permission : permissions) {
    Scope scope = permission.scope() == v1::Permission::ALL          ? Scope::kAll
                  : permission.scope() == v1::Permission::DEPARTMENT ? Scope::kDepartment
                                                                     : Scope::kOwn;
    for (const auto& action : permission.actions()) {
      grants.push_back({permission.object(), action, scope, permission.condition()});
    }
  }
  return grants;
}

Permissions PermissionsOf(const std::vector<Grant>& grants) {
  Permissions permissions;
  for (const Grant& grant : grants) {
    auto scope = grant.scope == Scope::kAll          ? v1::Permission::ALL
                 : grant.scope == Scope::kDepartment ? v1::Permission::DEPARTMENT
                                                     : v1::Permission::OWN;
    auto* last = permissions.empty() ? nullptr : permissions.Mutable(permissions.size() - 1);
    if (last == nullptr || last->object() != grant.object || last->scope() != scope ||
        last->condition() != grant.condition) {
      last = permissions.Add();
      last->set_object(grant.object);
      last->set_scope(scope);
      last->set_condition(grant.condition);
    }
    last->add_actions(grant.action);
  }
  return permissions;
}

Status CheckPermissions(const Permissions& permissions, const std::string& path) {
  for (int i = 0; i < permissions.size(); ++i) {
    const auto& permission = permissions[i];
    std::string at = path + "[" + std::to_string(i) + "].";
    if (!IsWord(permission.object())) return InvalidField(at + "object", "must be a word or *");
    if (permission.actions().empty()) return InvalidField(at + "actions", "must not be empty");
    for (const auto& action : permission.actions()) {
      if (!IsWord(action)) return InvalidField(at + "actions", "must be words or *");
    }
    if (permission.scope() == v1::Permission::SCOPE_UNSPECIFIED) {
      return InvalidField(at + "scope", "must be OWN, DEPARTMENT or ALL");
    }
    auto condition = filter::Filter::Parse(permission.condition());
    if (!condition.ok()) return InvalidField(at + "condition", condition.status().message());
  }
  return Status::Ok();
}

Status CheckMayAssign(const Call& call) {
  if (call.principal().Allows("role", "assign")) return Status::Ok();
  return PermissionDenied("role", "assign");
}

Result<Principal> PrincipalOf(Call& call, const v1::User& user) {
  Principal principal;
  principal.tenant = call.tenant();
  principal.name = user.name();
  if (!user.department().empty()) principal.departments.push_back(user.department());
  const RecordType& departments = call.types().Of(v1::Department::descriptor());
  auto headed = filter::FieldEquals(departments.filter_schema(), "head", user.name());
  if (!headed.ok()) return headed.status();
  auto found = ListAll<v1::Department>(call, *headed);
  if (!found.ok()) return found.status();
  for (const auto& department : *found) {
    if (department.name() != user.department()) principal.departments.push_back(department.name());
  }
  if (auto status = AddRoles(call, user.roles(), principal.grants); !status.ok()) return status;
  principal.grants.push_back(MayIssueStreamTicket());
  return principal;
}

Result<Principal> PrincipalOf(Call& call, const v1::ApiKey& key) {
  Principal principal;
  principal.tenant = call.tenant();
  principal.name = key.name();
  principal.grants = GrantsOf(key.permissions());
  if (auto status = AddRoles(call, key.roles(), principal.grants); !status.ok()) return status;
  principal.grants.push_back(MayIssueStreamTicket());
  return principal;
}

Permissions PermissionsOf(const v1::Role& role) {
  Permissions permissions = PermissionsOf(StandardOf(role));
  bool is_copy = !permissions.empty() && role.standard() == v1::Role::STANDARD_UNSPECIFIED;
  if (!is_copy) permissions.MergeFrom(role.permissions());
  return permissions;
}

Permissions PermissionsOf(v1::Role::Standard standard) {
  Permissions permissions;
  switch (standard) {
    case v1::Role::ADMINISTRATOR:
      Allow(permissions, "*", {"*"}, v1::Permission::ALL);
      return permissions;
    case v1::Role::MANAGER:
      return WorkOn(v1::Permission::DEPARTMENT);
    case v1::Role::AGENT:
      return WorkOn(v1::Permission::OWN);
    case v1::Role::FORM:
      Allow(permissions, "lead", {"submit"}, v1::Permission::ALL);
      return permissions;
    default:
      return permissions;
  }
}

v1::Role StandardRole(v1::Role::Standard standard) {
  v1::Role role;
  std::string name = v1::Role::Standard_Name(standard);
  std::transform(name.begin() + 1, name.end(), name.begin() + 1,
                 [](unsigned char c) { return std::tolower(c); });
  role.set_display_name(name);
  role.set_standard(standard);
  return role;
}

}  // namespace crm::identity
