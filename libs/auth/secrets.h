// Small cryptographic tools that the rest of this folder shares: base64url without padding (RFC
// 4648), HMAC, randomness. Thread-safe, all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm::auth {

std::string ToBase64Url(std::string_view bytes);
// nullopt where the text is not the one encoding of some bytes.
std::optional<std::string> FromBase64Url(std::string_view text);

// 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view bytes);
// In a time that depends on the lengths only.
bool EqualSecrets(std::string_view left, std::string_view right);
// Cryptographic randomness. Ends the process where the system has none to give.
std::string RandomBytes(size_t count);

// A file that only its owner may read. ALREADY_EXISTS (FILE_EXISTS) where there is one: no key is
// ever overwritten.
Status WriteSecretFile(const std::string& path, std::string_view content);

}  // namespace crm::auth
