#include "services/identity/auth_service.h"

#include <algorithm>

#include "crm/identity/v1/auth_service.pb.h"
#include "crm/identity/v1/credentials.pb.h"
#include "libs/auth/grants.h"
#include "libs/auth/passwords.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/text.h"
#include "services/identity/login_throttle.h"
#include "services/identity/permissions.h"
#include "services/identity/tenants.h"

namespace crm::identity {

namespace {

constexpr auto kUseResolution = std::chrono::minutes(1);

Status KeyUnknown() {
  return Status(Code::kUnauthenticated, "KEY_UNKNOWN",
                "There is no such API key, or it was revoked or has expired; ask an administrator "
                "for a new one.");
}

Time ExpiryOf(const v1::ApiKey& key) {
  return ToTime(key.expire_time());
}

class AuthService {
 public:
  explicit AuthService(std::shared_ptr<const Secrets> secrets) : secrets_(std::move(secrets)) {}

  Result<v1::LoginResponse> Login(Call& call, const v1::LoginRequest& request);
  Result<v1::ExchangeApiKeyResponse> ExchangeApiKey(Call& call,
                                                    const v1::ExchangeApiKeyRequest& request);
  Result<v1::WhoAmIResponse> WhoAmI(Call& call, const v1::WhoAmIRequest& request);
  Result<v1::IssueStreamTicketResponse> IssueStreamTicket(
      Call& call, const v1::IssueStreamTicketRequest& request);

 private:
  Result<std::optional<v1::User>> UserWith(Call& call, const std::string& email,
                                           const std::string& password);
  Status NoteUse(Call& call, const std::string& id);

  const std::shared_ptr<const Secrets> secrets_;
  LoginThrottle throttle_;
};

// The person whose password it is, or nullopt in the same time.
Result<std::optional<v1::User>> AuthService::UserWith(Call& call, const std::string& email,
                                                      const std::string& password) {
  const RecordType& claims = call.types().Of(kernel::v1::UniqueClaim::descriptor());
  const RecordType& users = call.types().Of(v1::User::descriptor());
  auto claim =
      call.Peek<kernel::v1::UniqueClaim>(claims.Name(NamedUuid(users.table() + ".email", email)));
  if (!claim.ok()) return claim.status();
  std::optional<v1::User> user;
  std::optional<v1::PasswordCredential> credential;
  if (*claim) {
    auto found = call.Peek<v1::User>((*claim)->holder());
    if (!found.ok()) return found.status();
    user = std::move(*found);
  }
  if (user && user->state() == v1::User::ACTIVE && !user->has_delete_time()) {
    auto id = user->name().substr(user->name().find('/'));
    auto found = call.Peek<v1::PasswordCredential>("passwordCredentials" + id);
    if (!found.ok()) return found.status();
    credential = std::move(*found);
  }
  if (!credential) {
    auth::PretendToMatch(password);
    return std::optional<v1::User>();
  }
  if (!auth::PasswordMatches(password, credential->hash())) return std::optional<v1::User>();
  return user;
}

Result<v1::LoginResponse> AuthService::Login(Call& call, const v1::LoginRequest& request) {
  std::string email = entity::NormalizeEmail(request.email());
  Uuid tenant = TenantIdOf(request.tenant());
  std::string who = tenant.ToString() + "/" + email;
  if (auto status = throttle_.Admit(who, call.now()); !status.ok()) return status;
  if (auto status = call.ActAs(Principal::System(tenant, "identity")); !status.ok()) return status;
  auto user = UserWith(call, email, request.password());
  if (!user.ok()) return user.status();
  if (!*user) {
    throttle_.NoteFailure(who, call.now());
    return Status(Code::kUnauthenticated, "LOGIN_REFUSED",
                  "Company, address and password do not belong together; check all three.");
  }
  throttle_.NoteSuccess(who);
  auto principal = PrincipalOf(call, **user);
  if (!principal.ok()) return principal.status();
  v1::LoginResponse response;
  response.set_access_token(
      secrets_->signer.Sign(*principal, auth::Audience::kAccess, call.now(), secrets_->token_life));
  *response.mutable_expire_time() = ToTimestamp(call.now() + secrets_->token_life);
  response.set_user((*user)->name());
  return response;
}

Result<v1::ExchangeApiKeyResponse> AuthService::ExchangeApiKey(
    Call& call, const v1::ExchangeApiKeyRequest& request) {
  auto place = auth::PlaceOfApiKey(request.api_key());
  if (!place) return KeyUnknown();
  auto acting = call.ActAs(Principal::System(place->tenant, "identity"));
  if (!acting.ok()) return acting;
  std::string id = place->id.ToString();
  auto credential = call.Peek<v1::ApiKeyCredential>("apiKeyCredentials/" + id);
  if (!credential.ok()) return credential.status();
  auto key = call.Peek<v1::ApiKey>("apiKeys/" + id);
  if (!key.ok()) return key.status();
  if (!*credential || !*key ||
      !secrets_->hasher.Matches(request.api_key(), (*credential)->hash()) ||
      (*key)->state() != v1::ApiKey::ACTIVE) {
    return KeyUnknown();
  }
  Time end = call.now() + secrets_->token_life;
  if ((*key)->has_expire_time()) end = std::min(end, ExpiryOf(**key));
  if (end <= call.now()) return KeyUnknown();
  auto principal = PrincipalOf(call, **key);
  if (!principal.ok()) return principal.status();
  if (auto status = NoteUse(call, id); !status.ok()) return status;
  v1::ExchangeApiKeyResponse response;
  response.set_access_token(
      secrets_->signer.Sign(*principal, auth::Audience::kAccess, call.now(), end - call.now()));
  *response.mutable_expire_time() = ToTimestamp(end);
  return response;
}

// A look first: most exchanges then store nothing and wait for no commit.
Status AuthService::NoteUse(Call& call, const std::string& id) {
  std::string name = "apiKeyUses/" + id;
  auto seen = call.Peek<v1::ApiKeyUse>(name);
  if (!seen.ok()) return seen.status();
  if (*seen && call.now() < ToTime((*seen)->last_use_time()) + kUseResolution) return Status::Ok();
  auto use = call.Find<v1::ApiKeyUse>(name);
  if (!use.ok()) return use.status();
  v1::ApiKeyUse now = use->value_or(v1::ApiKeyUse());
  now.set_name(name);
  *now.mutable_last_use_time() = ToTimestamp(call.now());
  return call.Project(now);
}

Result<v1::WhoAmIResponse> AuthService::WhoAmI(Call& call, const v1::WhoAmIRequest&) {
  const Principal& principal = call.principal();
  v1::WhoAmIResponse response;
  response.set_principal(principal.name);
  response.set_display_name(principal.name);
  response.set_tenant("tenants/" + principal.tenant.ToString());
  for (const auto& department : principal.departments) response.add_departments(department);
  *response.mutable_permissions() = PermissionsOf(principal.grants);
  if (principal.name.starts_with("users/")) {
    auto user = call.Peek<v1::User>(principal.name);
    if (!user.ok()) return user.status();
    if (*user) response.set_display_name((*user)->display_name());
  } else if (principal.name.starts_with("apiKeys/")) {
    auto key = call.Peek<v1::ApiKey>(principal.name);
    if (!key.ok()) return key.status();
    if (*key) response.set_display_name((*key)->display_name());
  }
  return response;
}

Result<v1::IssueStreamTicketResponse> AuthService::IssueStreamTicket(
    Call& call, const v1::IssueStreamTicketRequest&) {
  Principal reader = call.principal();
  reader.grants = auth::ReadingOnly(reader.grants);
  v1::IssueStreamTicketResponse response;
  response.set_ticket(
      secrets_->signer.Sign(reader, auth::Audience::kStream, call.now(), auth::kStreamTicketLife));
  *response.mutable_expire_time() = ToTimestamp(call.now() + auth::kStreamTicketLife);
  return response;
}

}  // namespace

std::vector<MethodBinding> AuthMethods(std::shared_ptr<const Secrets> secrets) {
  const auto* service = entity::FindService("crm.identity.v1.AuthService");
  auto auth = std::make_shared<AuthService>(std::move(secrets));
  return {
      Bind<v1::LoginRequest, v1::LoginResponse>(
          service, "Login",
          [auth](Call& call, const auto& request) { return auth->Login(call, request); }),
      Bind<v1::ExchangeApiKeyRequest, v1::ExchangeApiKeyResponse>(
          service, "ExchangeApiKey",
          [auth](Call& call, const auto& request) { return auth->ExchangeApiKey(call, request); }),
      Bind<v1::WhoAmIRequest, v1::WhoAmIResponse>(
          service, "WhoAmI",
          [auth](Call& call, const auto& request) { return auth->WhoAmI(call, request); }),
      Bind<v1::IssueStreamTicketRequest, v1::IssueStreamTicketResponse>(
          service, "IssueStreamTicket", [auth](Call& call, const auto& request) {
            return auth->IssueStreamTicket(call, request);
          })};
}

}  // namespace crm::identity
