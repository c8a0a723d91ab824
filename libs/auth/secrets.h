// Small cryptographic tools that the rest of this folder shares: HMAC, randomness, files of
// secrets. Thread-safe, all of them.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm::auth {

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
