// API keys: how programs prove who they are.
//
//   key    : "crm_" prefix "_" place "_" secret      (100 characters)
//   prefix : 8 characters of base64url, made of the key's id; may be shown, so that people tell
//   keys apart place  : base64url of the tenant's id and the key's id, 16 bytes each; so a key is
//   found without asking for its tenant secret : base64url of 32 random bytes
//
// Kept is only HMAC-SHA256(pepper, key): a stolen database is not enough to call, and a random
// secret needs no slow hash.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/base/uuid.h"

namespace crm::auth {

struct ApiKeyPlace {
  Uuid tenant;
  // Of the key's record.
  Uuid id;
};

// Whether a credential claims to be an API key and no token.
bool LooksLikeApiKey(std::string_view credential);

// A new key with fresh randomness.
std::string MakeApiKey(const ApiKeyPlace& place);
// "Qm3fAx0_".
std::string ApiKeyPrefix(const Uuid& id);
// nullopt where the text is not a key. Says nothing about whether it is a good one.
std::optional<ApiKeyPlace> PlaceOfApiKey(std::string_view key);

// Thread-safe.
class ApiKeyHasher {
 public:
  // At least 32 bytes; FAILED_PRECONDITION (PEPPER_UNUSABLE) otherwise.
  static Result<ApiKeyHasher> Create(std::string pepper);
  static Result<ApiKeyHasher> FromFile(const std::string& pepper_file);

  std::string Hash(std::string_view key) const;
  // In constant time.
  bool Matches(std::string_view key, std::string_view hash) const;

 private:
  explicit ApiKeyHasher(std::string pepper) : pepper_(std::move(pepper)) {}
  std::string pepper_;
};

}  // namespace crm::auth
