#include "libs/entity/text.h"

#include <algorithm>
#include <array>

namespace crm::entity {

namespace {

// What copying from documents and right-to-left texts leaves at the ends: no-break space,
// zero-width and direction marks, byte order mark.
constexpr std::array<std::string_view, 16> kInvisible = {
    " ",      "\t",     "\r",     "\n",     "\u00A0", "\u200B", "\u200E", "\u200F",
    "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066", "\u2069", "\uFEFF"};

std::string_view Trim(std::string_view text) {
  auto trim_one = [&text] {
    for (std::string_view mark : kInvisible) {
      if (text.starts_with(mark)) {
        text.remove_prefix(mark.size());
        return true;
      }
      if (text.ends_with(mark)) {
        text.remove_suffix(mark.size());
        return true;
      }
    }
    return false;
  };
  while (trim_one()) {
  }
  return text;
}

bool IsDomain(std::string_view domain) {
  if (domain.size() > 253 || domain.find('.') == std::string_view::npos) return false;
  while (true) {
    size_t dot = domain.find('.');
    std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    bool letters = std::all_of(label.begin(), label.end(), [](char letter) {
      auto byte = static_cast<unsigned char>(letter);
      return byte >= 0x80 || std::isalnum(byte) || letter == '-';
    });
    if (!letters) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

bool HasControlCharacters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')) return true;
    // U+0080 to U+009F.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

Status CheckText(std::string_view text, const std::string& field, size_t most) {
  if (CountCharacters(text) <= most && !HasControlCharacters(text)) return Status::Ok();
  return InvalidField(
      field, "has control characters or more than " + std::to_string(most) + " characters");
}

std::string NormalizeEmail(std::string_view text) {
  std::string address(Trim(text));
  for (char& letter : address) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return address;
}

std::optional<std::string> EmailFault(std::string_view address) {
  size_t at = address.rfind('@');
  if (at == std::string_view::npos) return "must be an e-mail address like name@example.com";
  std::string_view local = address.substr(0, at);
  bool plain = std::none_of(local.begin(), local.end(), [](char letter) {
    return letter == ' ' || letter == '@' || letter == ',' || letter == ';' || letter == '<' ||
           letter == '>' || letter == '(' || letter == ')' || letter == '"' || letter == '\\' ||
           static_cast<unsigned char>(letter) < 0x20;
  });
  bool dots = !local.starts_with('.') && !local.ends_with('.') &&
              local.find("..") == std::string_view::npos;
  if (local.empty() || local.size() > 64 || !plain || !dots) {
    return "must be one e-mail address; what stands before the @ cannot be right";
  }
  if (!IsDomain(address.substr(at + 1))) {
    return "must be an e-mail address; what stands behind the @ is no domain";
  }
  return std::nullopt;
}

}  // namespace crm::entity
