// Telephone numbers as people type them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crm::entity {

// The E.164 form ("+972501234567") of a number typed in any national or international way; nullopt
// where it cannot be understood. Numbers without a country are of `region` (ISO 3166-1 alpha-2).
// Nothing is refused for not being in service: number plans change faster than libraries.
// Thread-safe.
std::optional<std::string> NormalizePhone(std::string_view text, std::string_view region = "IL");

}  // namespace crm::entity
