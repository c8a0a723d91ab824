#include "services/identity/bootstrap.h"

#include "crm/identity/v1/credentials.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "libs/auth/passwords.h"
#include "libs/command/timestamps.h"
#include "libs/entity/text.h"
#include "services/identity/api_key_service.h"
#include "services/identity/permissions.h"
#include "services/identity/tenants.h"

namespace crm::identity {

namespace {

// Stores records one after the other until one fails.
class Founder {
 public:
  explicit Founder(Call& call) : call_(call) {}

  const Status& status() const { return status_; }

  // Under a new name; returns it.
  template <class M, class Fact>
  std::string Store(M record, const Fact& fact, const std::string& label) {
    record.set_name(call_.types().Of(M::descriptor()).Name(call_.NewId(label)));
    if (status_.ok()) status_ = call_.Store(record, fact);
    return record.name();
  }
  std::string StoreRole(v1::Role role) {
    std::string label = "role " + role.display_name();
    return Store(std::move(role), v1::RoleCreated(), label);
  }
  // Returns the key itself.
  std::string StoreKey(const std::string& display_name, const std::string& role,
                       const auth::ApiKeyHasher& hasher) {
    Uuid id = call_.NewId("key " + display_name);
    v1::ApiKey key;
    key.set_display_name(display_name);
    key.set_prefix(auth::ApiKeyPrefix(id));
    key.add_roles(role);
    key.set_state(v1::ApiKey::ACTIVE);
    key.set_name(Store(key, v1::ApiKeyCreated(), "key " + display_name));
    if (!status_.ok()) return "";
    auto secret = IssueSecret(call_, key, hasher);
    status_ = secret.status();
    return secret.ok() ? *secret : "";
  }

 private:
  Call& call_;
  Status status_;
};

Status CheckNewTenant(const NewTenant& tenant) {
  if (ShortName(tenant.display_name).empty()) {
    return InvalidField("bootstrap.tenant", "must have letters or digits");
  }
  if (auto fault = entity::EmailFault(entity::NormalizeEmail(tenant.email))) {
    return InvalidField("bootstrap.email", *fault);
  }
  return auth::CheckPassword(tenant.password);
}

Status StorePassword(Call& call, const std::string& user, const std::string& password) {
  v1::PasswordCredential credential;
  credential.set_name("passwordCredentials" + user.substr(user.find('/')));
  credential.set_hash(auth::HashPassword(password, call.NewId("salt")));
  *credential.mutable_set_time() = ToTimestamp(call.now());
  return call.Project(credential);
}

}  // namespace

Result<BootstrappedTenant> BootstrapTenant(Call& call, const NewTenant& tenant,
                                           const auth::ApiKeyHasher& hasher) {
  if (auto status = CheckNewTenant(tenant); !status.ok()) return status;
  BootstrappedTenant made;
  made.short_name = ShortName(tenant.display_name);
  made.name = "tenants/" + call.tenant().ToString();
  auto existing = call.Find<v1::Tenant>(made.name);
  if (!existing.ok()) return existing.status();
  if (*existing) {
    return Status(Code::kAlreadyExists, "TENANT_EXISTS",
                  "There is a company with the short name " + made.short_name +
                      " already; nothing was changed.")
        .With("tenant", made.short_name);
  }
  v1::Tenant record;
  record.set_name(made.name);
  record.set_display_name(tenant.display_name);
  if (auto status = call.Store(record, v1::TenantCreated()); !status.ok()) return status;
  Founder founder(call);
  v1::Department sales;
  sales.set_display_name("Sales");
  std::string department = founder.Store(sales, v1::DepartmentCreated(), "department");
  std::string administrator = founder.StoreRole(StandardRole(v1::Role::ADMINISTRATOR));
  founder.StoreRole(StandardRole(v1::Role::MANAGER));
  founder.StoreRole(StandardRole(v1::Role::AGENT));
  std::string form = founder.StoreRole(StandardRole(v1::Role::FORM));
  v1::User user;
  user.set_email(entity::NormalizeEmail(tenant.email));
  user.set_display_name(tenant.user_name.empty() ? user.email() : tenant.user_name);
  user.set_department(department);
  user.add_roles(administrator);
  user.set_state(v1::User::ACTIVE);
  std::string admin = founder.Store(user, v1::UserCreated(), "administrator");
  made.admin_key = founder.StoreKey("Bootstrap", administrator, hasher);
  made.form_key = founder.StoreKey("Form", form, hasher);
  if (!founder.status().ok()) return founder.status();
  if (auto status = StorePassword(call, admin, tenant.password); !status.ok()) return status;
  return made;
}

}  // namespace crm::identity
