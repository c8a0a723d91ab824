// Tokens: who calls, signed. A token is a compact JWS (RFC 7519, 7515, 8037)
//
//   token : base64url(header JSON) "." base64url(claims JSON) "." base64url(Ed25519 signature)
//
// with the messages of proto/crm/auth/v1/token.proto. Only EdDSA is known, so there is no algorithm
// to confuse. A token carries the grants, so no service asks another about a call's rights; what is
// taken from a person holds when the token ends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/command/principal.h"

namespace crm::auth {

// What a token is for; its claim `aud`.
enum class Audience {
  kAccess,  // "crm": a person or a program that has logged in
  kStream,  // "crm-stream": in the URL of an event stream, where a browser sends no headers; reads
            // only
  kInternal,  // "crm-internal": a service that asks another
};

// How much the clocks of two machines may differ.
inline constexpr auto kLeeway = std::chrono::seconds(30);
inline constexpr auto kStreamTicketLife = std::chrono::seconds(60);

// Writes a new Ed25519 key pair as PEM files (PKCS #8, SubjectPublicKeyInfo), the private one for
// its owner's eyes only. FILE_EXISTS where one of them is there already.
Status GenerateKeyPair(const std::string& private_key_file, const std::string& public_key_file);

// Thread-safe.
class TokenSigner {
 public:
  // FAILED_PRECONDITION with reason TOKEN_KEY_UNUSABLE where the file is not an Ed25519 private
  // key.
  static Result<TokenSigner> FromFile(const std::string& private_key_file);

  std::string Sign(const Principal& principal, Audience audience, Time now, Duration life) const;

 private:
  struct Key;
  explicit TokenSigner(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

struct VerifiedToken {
  Principal principal;
  Audience audience = Audience::kAccess;
  Time expire_time{};
};

// Thread-safe.
class TokenVerifier {
 public:
  // Several keys, so that one can be rotated out. TOKEN_KEY_UNUSABLE where a file is not an Ed25519
  // public key, or there is none.
  static Result<TokenVerifier> FromFiles(const std::vector<std::string>& public_key_files);

  // UNAUTHENTICATED with reason TOKEN_EXPIRED, or TOKEN_INVALID for all else that is wrong.
  Result<VerifiedToken> Verify(std::string_view token, Time now) const;

 private:
  struct Keys;
  explicit TokenVerifier(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const Keys> keys_;
};

}  // namespace crm::auth
