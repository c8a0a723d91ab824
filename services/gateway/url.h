// The few rules of URLs and text that transcoding needs (RFC 3986, google/api/http.proto). Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace crm::gateway {

// Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

enum class Slashes { kDecode, kKeepEncoded };

// "%d7%a9" to the bytes it stands for. Fails (HTTP_MALFORMED_URL) on a "%" without two hexadecimal
// digits, on a zero byte and where the outcome is not UTF-8. kKeepEncoded leaves "%2F" and "%2f" as
// they are, as variables of many segments want.
Result<std::string> PercentDecode(std::string_view text, Slashes slashes = Slashes::kDecode);

struct QueryParameter {
  std::string name;
  std::string value;
  bool operator==(const QueryParameter&) const = default;
};

// "a.b=1&c=x+y" in order, decoded, "+" as a space. A parameter without "=" has an empty value;
// empty ones ("&&") are skipped.
Result<std::vector<QueryParameter>> ParseQuery(std::string_view query);

// "/v1/leads?a=b" into path and query (without "?"); a fragment is cut off.
std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target);

}  // namespace crm::gateway
