#include "services/identity/module.h"

#include "crm/identity/v1/credentials.pb.h"
#include "crm/identity/v1/identity.pb.h"
#include "libs/entity/standard_methods.h"
#include "services/identity/api_key_service.h"
#include "services/identity/auth_service.h"
#include "services/identity/permissions.h"
#include "services/identity/user_service.h"

namespace crm::identity {

// Generated from migrations/.
std::vector<pg::Migration> Migrations();

namespace {

entity::HooksOf<v1::Role> RoleHooks() {
  entity::HooksOf<v1::Role> hooks;
  hooks.validate = [](Call&, const v1::Role*, v1::Role& role) {
    return CheckPermissions(role.permissions(), "role.permissions");
  };
  return hooks;
}

entity::HooksOf<v1::Department> DepartmentHooks() {
  entity::HooksOf<v1::Department> hooks;
  hooks.validate = [](Call&, const v1::Department*, v1::Department& department) {
    if (department.parent() != department.name()) return Status::Ok();
    return InvalidField("department.parent", "must be another department");
  };
  return hooks;
}

void Append(std::vector<MethodBinding>& all, std::vector<MethodBinding> more) {
  for (auto& binding : more) all.push_back(std::move(binding));
}

}  // namespace

std::vector<const google::protobuf::Descriptor*> Records() {
  return {v1::Tenant::descriptor(),
          v1::User::descriptor(),
          v1::Department::descriptor(),
          v1::Role::descriptor(),
          v1::ApiKey::descriptor(),
          v1::Absence::descriptor(),
          v1::PasswordCredential::descriptor(),
          v1::ApiKeyCredential::descriptor(),
          v1::ApiKeyUse::descriptor()};
}

std::vector<MethodBinding> Methods(const RecordTypes& types, const entity::Settings& settings,
                                   const std::shared_ptr<const Secrets>& secrets) {
  auto standard = [&](const char* service, const google::protobuf::Descriptor* record,
                      entity::Hooks hooks = {}) {
    return entity::StandardMethods(entity::FindService(std::string("crm.identity.v1.") + service),
                                   *types.Find(record), settings, std::move(hooks));
  };
  auto methods = AuthMethods(secrets);
  Append(methods, standard("TenantService", v1::Tenant::descriptor()));
  Append(methods, UserMethods(types, settings));
  Append(methods, standard("DepartmentService", v1::Department::descriptor(), DepartmentHooks()));
  Append(methods, standard("RoleService", v1::Role::descriptor(), RoleHooks()));
  Append(methods, ApiKeyMethods(types, settings, secrets));
  Append(methods, AbsenceMethods(types, settings));
  return methods;
}

ServiceDefinition Define(const entity::Settings& settings,
                         const std::shared_ptr<const Secrets>& secrets) {
  ServiceDefinition definition;
  definition.name = "identity";
  definition.types = std::make_shared<const RecordTypes>(Records());
  definition.migrations = Migrations();
  definition.methods = Methods(*definition.types, settings, secrets);
  return definition;
}

Result<ServiceDefinition> Define(const entity::Settings& settings,
                                 const config::v1::Config& config) {
  auto secrets = LoadSecrets(config);
  if (!secrets.ok()) return secrets.status();
  return Define(settings, *secrets);
}

}  // namespace crm::identity
