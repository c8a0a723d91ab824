#include "services/gateway/url.h"

#include <cstdint>

namespace crm::gateway {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status Malformed(std::string_view text, const std::string& why) {
  return InvalidArgument("HTTP_MALFORMED_URL",
                         "The URL is malformed: " + why + ". Percent-encode it as UTF-8.")
      .With("length", std::to_string(text.size()));
}

// Bytes that must follow `lead`, or -1.
int ContinuationBytes(uint8_t lead) {
  if (lead < 0x80) return 0;
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return -1;
}

// The second byte alone tells overlong forms, surrogates and what lies beyond U+10FFFF.
bool SecondByteFits(uint8_t lead, uint8_t second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second < 0xa0;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second < 0x90;
    default:
      return true;
  }
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i++]);
    const int more = ContinuationBytes(lead);
    if (more < 0 || text.size() - i < static_cast<size_t>(more)) return false;
    for (int k = 0; k < more; ++k, ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      if ((byte & 0xc0) != 0x80 || (k == 0 && !SecondByteFits(lead, byte))) return false;
    }
  }
  return true;
}

Result<std::string> PercentDecode(std::string_view text, Slashes slashes) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Malformed(text, "a \"%\" is not followed by two hexadecimal digits");
      }
      c = static_cast<char>(high * 16 + low);
      if (c == '/' && slashes == Slashes::kKeepEncoded) {
        out.append(text.substr(i, 3));
        i += 2;
        continue;
      }
      i += 2;
    }
    if (c == '\0') return Malformed(text, "it contains a zero byte");
    out += c;
  }
  if (!IsUtf8(out)) return Malformed(text, "its bytes are not UTF-8");
  return out;
}

Result<std::vector<QueryParameter>> ParseQuery(std::string_view query) {
  std::vector<QueryParameter> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    std::string pair(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    for (char& c : pair) {
      if (c == '+') c = ' ';
    }
    const std::string_view view = pair;
    const size_t equals = std::min(view.find('='), view.size());
    auto name = PercentDecode(view.substr(0, equals));
    if (!name) return name.status();
    auto value = PercentDecode(view.substr(std::min(equals + 1, view.size())));
    if (!value) return value.status();
    parameters.push_back({*std::move(name), *std::move(value)});
  }
  return parameters;
}

std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

}  // namespace crm::gateway
