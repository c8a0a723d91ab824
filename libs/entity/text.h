// Normal forms and rules of single texts. Thread-safe, all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace crm::entity {

// Unicode characters of a UTF-8 text.
size_t CountCharacters(std::string_view text);

// Holds a control character other than tab and line break: such text breaks exports, logs and
// screens.
bool HasControlCharacters(std::string_view text);

// INVALID_FIELD naming the request's field where a text has more than `most` characters or control
// characters: for texts of verbs, which no field option checks.
Status CheckText(std::string_view text, const std::string& field, size_t most);

// Without white space and invisible direction marks at both ends, ASCII letters in lower case: the
// form in which addresses are stored and compared. Letters beyond ASCII stay as they are.
std::string NormalizeEmail(std::string_view text);

// What is wrong with a normalised address; nullopt where it can be one. A matter of shape: whether
// it exists only a mail can tell.
std::optional<std::string> EmailFault(std::string_view address);

}  // namespace crm::entity
