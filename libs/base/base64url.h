// base64url without padding (RFC 4648, section 5). Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crm {

std::string ToBase64Url(std::string_view bytes);
// nullopt where the text is not the one encoding of some bytes.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace crm
