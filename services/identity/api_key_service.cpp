#include "services/identity/api_key_service.h"

#include "crm/identity/v1/api_key_service.pb.h"
#include "crm/identity/v1/credentials.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"
#include "services/identity/permissions.h"

namespace crm::identity {

namespace {

std::string IdOf(const v1::ApiKey& key) {
  return key.name().substr(key.name().find('/') + 1);
}

template <class List>
bool SameLists(const List& left, const List& right) {
  if (left.size() != right.size()) return false;
  for (int i = 0; i < left.size(); ++i) {
    if constexpr (std::is_same_v<typename List::value_type, std::string>) {
      if (left[i] != right[i]) return false;
    } else if (left[i].SerializeAsString() != right[i].SerializeAsString()) {
      return false;
    }
  }
  return true;
}

Status CheckKey(Call& call, const v1::ApiKey* before, v1::ApiKey& after) {
  auto fit = CheckPermissions(after.permissions(), "api_key.permissions");
  if (!fit.ok()) return fit;
  if (before == nullptr && after.has_expire_time() && ToTime(after.expire_time()) <= call.now()) {
    return InvalidField("api_key.expire_time", "must be in the future");
  }
  const v1::ApiKey& old = before == nullptr ? v1::ApiKey::default_instance() : *before;
  bool same =
      SameLists(old.roles(), after.roles()) && SameLists(old.permissions(), after.permissions());
  return same ? Status::Ok() : CheckMayAssign(call);
}

entity::HooksOf<v1::ApiKey> KeyHooks() {
  entity::HooksOf<v1::ApiKey> hooks;
  hooks.defaults = [](Call&, v1::ApiKey& key) {
    key.set_state(v1::ApiKey::ACTIVE);
    key.set_prefix(auth::ApiKeyPrefix(*Uuid::Parse(IdOf(key))));
    return Status::Ok();
  };
  hooks.validate = CheckKey;
  return hooks;
}

Result<v1::CreateApiKeyResponse> CreateApiKey(Call& call, const v1::CreateApiKeyRequest& request,
                                              const entity::Crud& crud,
                                              const auth::ApiKeyHasher& hasher) {
  if (!request.has_api_key()) return InvalidField("api_key", "is required");
  std::optional<Uuid> id;
  if (!request.api_key_id().empty()) {
    id = Uuid::Parse(request.api_key_id());
    if (!id || id->is_nil()) return InvalidField("api_key_id", "must be a UUID");
  }
  auto created = crud.Create(call, request.api_key(), id, "api_key");
  if (!created.ok()) return created.status();
  v1::CreateApiKeyResponse response;
  *response.mutable_api_key() = static_cast<const v1::ApiKey&>(**created);
  auto secret = IssueSecret(call, response.api_key(), hasher);
  if (!secret.ok()) return secret.status();
  if (!request.validate_only()) response.set_secret(std::move(*secret));
  return response;
}

// What the key proves itself with goes too, so that nothing (an undo, say) can bring it back to
// life.
Result<v1::ApiKey> RevokeApiKey(Call& call, const v1::RevokeApiKeyRequest& request) {
  auto key = call.Load<v1::ApiKey>(request.name());
  if (!key.ok()) return key;
  if (key->state() == v1::ApiKey::REVOKED) {
    return FailedPrecondition("API_KEY_REVOKED", "This key is revoked already.");
  }
  key->set_state(v1::ApiKey::REVOKED);
  const RecordType& credentials = call.types().Of(v1::ApiKeyCredential::descriptor());
  auto erased = call.Erase(credentials, "apiKeyCredentials/" + IdOf(*key));
  if (!erased.ok()) return erased;
  if (auto status = call.Store(*key, v1::ApiKeyRevoked()); !status.ok()) return status;
  return key;
}

Status ShowLastUse(Call& call, v1::ApiKey& key) {
  auto use = call.Peek<v1::ApiKeyUse>("apiKeyUses/" + IdOf(key));
  if (!use.ok()) return use.status();
  if (*use) *key.mutable_last_use_time() = (*use)->last_use_time();
  return Status::Ok();
}

// The last use is kept beside the record, so answers get it here; those about the past have none.
Function WithLastUse(Function inner) {
  return [inner = std::move(inner)](Call& call, const google::protobuf::Message& request)
             -> Result<std::unique_ptr<google::protobuf::Message>> {
    auto response = inner(call, request);
    if (!response.ok() || call.context().past) return response;
    Status status;
    if (auto* key = dynamic_cast<v1::ApiKey*>(response->get())) {
      status = ShowLastUse(call, *key);
    } else if (auto* page = dynamic_cast<v1::ListApiKeysResponse*>(response->get())) {
      for (auto& each : *page->mutable_api_keys()) {
        if (status.ok()) status = ShowLastUse(call, each);
      }
    }
    if (!status.ok()) return status;
    return response;
  };
}

}  // namespace

Result<std::string> IssueSecret(Call& call, const v1::ApiKey& key,
                                const auth::ApiKeyHasher& hasher) {
  auto id = Uuid::Parse(IdOf(key));
  if (!id) return Internal(key.name() + " is no name of a key");
  std::string secret = auth::MakeApiKey({call.tenant(), *id});
  v1::ApiKeyCredential credential;
  credential.set_name("apiKeyCredentials/" + id->ToString());
  credential.set_hash(hasher.Hash(secret));
  if (auto status = call.Project(credential); !status.ok()) return status;
  return secret;
}

std::vector<MethodBinding> ApiKeyMethods(const RecordTypes& types, const entity::Settings& settings,
                                         std::shared_ptr<const Secrets> secrets) {
  const auto* service = entity::FindService("crm.identity.v1.ApiKeyService");
  const RecordType& type = types.Of(v1::ApiKey::descriptor());
  auto methods = entity::StandardMethods(service, type, settings, KeyHooks());
  for (auto& binding : methods) {
    if (binding.method->name() == "GetApiKey" || binding.method->name() == "ListApiKeys") {
      binding = {.method = binding.method, .unary = WithLastUse(AsMessages(binding))};
    }
  }
  auto crud = std::make_shared<entity::Crud>(type, settings, KeyHooks());
  methods.push_back(Bind<v1::CreateApiKeyRequest, v1::CreateApiKeyResponse>(
      service, "CreateApiKey", [crud, secrets](Call& call, const v1::CreateApiKeyRequest& request) {
        return CreateApiKey(call, request, *crud, secrets->hasher);
      }));
  methods.push_back(
      Bind<v1::RevokeApiKeyRequest, v1::ApiKey>(service, "RevokeApiKey", RevokeApiKey));
  return methods;
}

}  // namespace crm::identity
