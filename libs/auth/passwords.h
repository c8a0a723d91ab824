// Passwords of people, as Argon2id (RFC 9106) with 19 MiB, two passes and one lane: some 50 ms of a
// core. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/base/uuid.h"

namespace crm::auth {

// OK, or INVALID_ARGUMENT with reason PASSWORD_UNFIT: fewer than 10 characters or more than 1,000
// bytes.
Status CheckPassword(std::string_view password);

// "$argon2id$v=19$m=19456,t=2,p=1$...". A salt must be used once; it is no secret.
std::string HashPassword(std::string_view password, const Uuid& salt);
// False also where `hash` is not one of ours.
bool PasswordMatches(std::string_view password, const std::string& hash);

// Takes as long as PasswordMatches: for log-ins of people who are not there.
void PretendToMatch(std::string_view password);

}  // namespace crm::auth
