// What handlers of other services need to know of the people in identity. Asked as the service
// itself: who gives somebody work need not be allowed to read people. All of them fail as the way
// to identity does (UNAVAILABLE, DEADLINE_EXCEEDED). Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "crm/identity/v1/identity.pb.h"
#include "libs/command/call.h"

namespace crm::people {

// Also one who has left or was deleted; nullopt where there is none.
Result<std::optional<identity::v1::User>> FindUser(Call& call, const std::string& name);

// Somebody who is to get work. INVALID_ARGUMENT for the request's `field` where there is none,
// FAILED_PRECONDITION USER_DISMISSED.
Result<identity::v1::User> FindActiveUser(Call& call, const std::string& name,
                                          const std::string& field);

// Who leads the department ("departments/..."); empty where nobody does, or there is no such
// department.
Result<std::string> HeadOf(Call& call, const std::string& department);

// The head of the user's department, or, where that is the user or nobody, the user's manager;
// empty where there is neither.
Result<std::string> SuperiorOf(Call& call, const identity::v1::User& user);

}  // namespace crm::people
