#include "libs/command/access.h"

namespace crm {

namespace {

Result<filter::CheckedFilter> GrantFilter(const RecordType& type, const Principal& principal,
                                          const Grant& grant) {
  filter::CheckedFilter allowed;
  if (grant.scope == Scope::kOwn) {
    if (type.owner_field() == nullptr) return filter::CheckedFilter::None();
    auto own =
        filter::FieldEquals(type.filter_schema(), type.owner_field()->name(), principal.name);
    if (!own.ok()) return own;
    allowed = *own;
  } else if (grant.scope == Scope::kDepartment) {
    if (type.department_field() == nullptr) return filter::CheckedFilter::None();
    auto department = filter::FieldIsAnyOf(type.filter_schema(), type.department_field()->name(),
                                           principal.departments);
    if (!department.ok()) return department;
    allowed = *department;
  }
  if (grant.condition.empty()) return allowed;
  auto condition = filter::ParseAndCheck(grant.condition, type.filter_schema());
  if (!condition.ok()) return condition;
  return allowed.And(*condition);
}

}  // namespace

Result<std::optional<filter::CheckedFilter>> ScopeFilter(const RecordType& type,
                                                         const Principal& principal,
                                                         std::string_view action) {
  std::optional<filter::CheckedFilter> any;
  for (const Grant& grant : principal.grants) {
    if (grant.object != "*" && grant.object != type.object()) continue;
    if (grant.action != "*" && grant.action != action) continue;
    if (grant.scope == Scope::kAll && grant.condition.empty()) {
      return std::optional<filter::CheckedFilter>();
    }
    auto one = GrantFilter(type, principal, grant);
    if (!one.ok()) return one.status();
    any = any ? any->Or(*one) : *one;
  }
  if (!any) return PermissionDenied(type.object(), action);
  return any;
}

bool MaySee(const RecordType& type, const Principal& principal, std::string_view action,
            const google::protobuf::Message& record, Time now) {
  auto scope = ScopeFilter(type, principal, action);
  if (!scope.ok()) return false;
  if (!*scope) return true;
  filter::EvalContext context;
  context.now = now;
  return filter::Matches(**scope, record, context);
}

Status PermissionDenied(std::string_view object, std::string_view action) {
  std::string permission = std::string(object) + "." + std::string(action);
  return Status(Code::kPermissionDenied, "PERMISSION_DENIED",
                "You need the permission " + permission + " for this; ask an administrator for it.")
      .With("permission", permission);
}

}  // namespace crm
