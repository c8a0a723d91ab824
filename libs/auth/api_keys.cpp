#include "libs/auth/api_keys.h"

#include <algorithm>

#include "libs/auth/secrets.h"
#include "libs/base/base64url.h"
#include "libs/config/config.h"

namespace crm::auth {

namespace {

constexpr std::string_view kStart = "crm_";
constexpr size_t kPrefixBytes = 6;
constexpr size_t kPrefixSize = 8;
constexpr size_t kPlaceSize = 43;
constexpr size_t kSecretSize = 43;
constexpr size_t kKeySize = kStart.size() + kPrefixSize + 1 + kPlaceSize + 1 + kSecretSize;
constexpr size_t kSecretBytes = 32;

std::string_view Bytes(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

bool LooksLikeApiKey(std::string_view credential) {
  return credential.starts_with(kStart);
}

// The end of an id is random; its beginning is the time and much the same for all keys of a day.
std::string ApiKeyPrefix(const Uuid& id) {
  return ToBase64Url(Bytes(id).substr(id.bytes.size() - kPrefixBytes));
}

std::string MakeApiKey(const ApiKeyPlace& place) {
  std::string bytes(Bytes(place.tenant));
  bytes += Bytes(place.id);
  return std::string(kStart) + ApiKeyPrefix(place.id) + "_" + ToBase64Url(bytes) + "_" +
         ToBase64Url(RandomBytes(kSecretBytes));
}

std::optional<ApiKeyPlace> PlaceOfApiKey(std::string_view key) {
  if (key.size() != kKeySize || !LooksLikeApiKey(key)) return std::nullopt;
  size_t place_at = kStart.size() + kPrefixSize + 1;
  size_t secret_at = place_at + kPlaceSize + 1;
  if (key[place_at - 1] != '_' || key[secret_at - 1] != '_') return std::nullopt;
  auto bytes = FromBase64Url(key.substr(place_at, kPlaceSize));
  if (!bytes || !FromBase64Url(key.substr(secret_at))) return std::nullopt;
  ApiKeyPlace place;
  std::copy_n(bytes->begin(), 16, place.tenant.bytes.begin());
  std::copy_n(bytes->begin() + 16, 16, place.id.bytes.begin());
  if (ApiKeyPrefix(place.id) != key.substr(kStart.size(), kPrefixSize)) return std::nullopt;
  return place;
}

Result<ApiKeyHasher> ApiKeyHasher::Create(std::string pepper) {
  if (pepper.size() < 32) {
    return FailedPrecondition(
        "PEPPER_UNUSABLE",
        "The secret of auth.api_key_pepper_file has fewer than 32 bytes; make "
        "one with the command `keys`.");
  }
  return ApiKeyHasher(std::move(pepper));
}

Result<ApiKeyHasher> ApiKeyHasher::FromFile(const std::string& pepper_file) {
  auto pepper = config::ReadSecret(pepper_file);
  if (!pepper.ok()) return pepper.status();
  return Create(std::move(*pepper));
}

std::string ApiKeyHasher::Hash(std::string_view key) const {
  return HmacSha256(pepper_, key);
}

bool ApiKeyHasher::Matches(std::string_view key, std::string_view hash) const {
  return EqualSecrets(Hash(key), hash);
}

}  // namespace crm::auth
