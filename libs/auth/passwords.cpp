#include "libs/auth/passwords.h"

#include <argon2.h>

#include <algorithm>
#include <cstdlib>

namespace crm::auth {

namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19456;
constexpr uint32_t kLanes = 1;
constexpr size_t kHashBytes = 32;
constexpr auto kMinCharacters = 10;
constexpr size_t kMaxBytes = 1000;

}  // namespace

Status CheckPassword(std::string_view password) {
  // Every character of UTF-8 has one byte that does not go on with another.
  auto characters = std::count_if(password.begin(), password.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (characters >= kMinCharacters && password.size() <= kMaxBytes) return Status::Ok();
  return InvalidArgument("PASSWORD_UNFIT",
                         "A password has at least 10 characters and at most 1,000 bytes.")
      .Violates("password", "must have at least 10 characters");
}

std::string HashPassword(std::string_view password, const Uuid& salt) {
  std::string encoded(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, salt.bytes.size(), kHashBytes, Argon2_id),
      '\0');
  int failed = argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                                     salt.bytes.data(), salt.bytes.size(), kHashBytes,
                                     encoded.data(), encoded.size());
  if (failed != ARGON2_OK) std::abort();  // only without memory
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool PasswordMatches(std::string_view password, const std::string& hash) {
  return password.size() <= kMaxBytes &&
         argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

void PretendToMatch(std::string_view password) {
  static const std::string kHash = HashPassword("nobody has this password", Uuid{});
  (void)PasswordMatches(password, kHash);
}

}  // namespace crm::auth
