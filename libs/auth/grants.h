// Grants as text, for tokens:
//
//   grant : object ":" action ("," action)* ":" scope [":" condition]
//   scope : "o" own | "d" department | "a" all
//
// "lead:get,list:d:state = NEW". Grants that differ in the action alone share one text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/command/principal.h"

namespace crm::auth {

std::vector<std::string> ToTexts(const std::vector<Grant>& grants);
// nullopt where one of them is malformed.
std::optional<std::vector<Grant>> FromTexts(const std::vector<std::string>& texts);

// What of the grants lets its holder read: for stream tickets, which travel in URLs.
std::vector<Grant> ReadingOnly(const std::vector<Grant>& grants);

}  // namespace crm::auth
