// Every resource of identity keeps the rules of all resources, on both stores.
#include "libs/entity/conformance.h"

#include "crm/identity/v1/identity.pb.h"
#include "services/identity/module.h"

namespace crm::identity {
namespace {

using google::protobuf::Message;

const entity::PageTokens& TestPageTokens() {
  static const entity::PageTokens tokens =
      *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  return tokens;
}

std::vector<MethodBinding> AllMethods(const RecordTypes& types) {
  return Methods(types, {.page_tokens = &TestPageTokens()}, nullptr);
}

template <class M>
void FitPermissions(entity::ConformanceHost&, Message& example, int salt) {
  auto& permissions = *static_cast<M&>(example).mutable_permissions();
  permissions.Clear();
  auto* permission = permissions.Add();
  permission->set_object("lead");
  permission->add_actions("action" + std::to_string(salt));
  permission->set_scope(v1::Permission::OWN);
}

void FitAbsence(entity::ConformanceHost&, Message& example, int) {
  auto& absence = static_cast<v1::Absence&>(example);
  absence.mutable_end_time()->set_seconds(absence.start_time().seconds() + 3600);
}

class Conformance : public entity::ConformanceTest {};

TEST_P(Conformance, Holds) {
  Run();
}

INSTANTIATE_TEST_SUITE_P(
    Identity, Conformance,
    ::testing::ValuesIn(entity::ConformanceCases(
        {.records = Records(),
         .methods = AllMethods,
         .migrations = "services/identity/migrations",
         .entities = {{.service = "crm.identity.v1.TenantService",
                       .record = v1::Tenant::descriptor(),
                       .only = [](const Uuid& tenant) { return tenant; }},
                      {"crm.identity.v1.UserService", v1::User::descriptor()},
                      {"crm.identity.v1.DepartmentService", v1::Department::descriptor()},
                      {"crm.identity.v1.RoleService", v1::Role::descriptor(),
                       FitPermissions<v1::Role>},
                      {"crm.identity.v1.ApiKeyService", v1::ApiKey::descriptor(),
                       FitPermissions<v1::ApiKey>},
                      {"crm.identity.v1.AbsenceService",
                       v1::Absence::descriptor(),
                       FitAbsence,
                       {"start_time", "end_time"}}}})),
    entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::identity
