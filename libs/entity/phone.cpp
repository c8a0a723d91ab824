#include "libs/entity/phone.h"

#include <phonenumbers/phonenumberutil.h>

namespace crm::entity {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

constexpr size_t kLongestPhone = 100;

}  // namespace

std::optional<std::string> NormalizePhone(std::string_view text, std::string_view region) {
  // The library's time grows with the square of the length, and no number is longer.
  if (text.size() > kLongestPhone) return std::nullopt;
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  auto parsed = numbers.Parse(std::string(text), std::string(region), &number);
  if (parsed != PhoneNumberUtil::NO_PARSING_ERROR) return std::nullopt;
  // Possible is a matter of length only; what it keeps out (an inner extension, a number without
  // its area) is nobody's in E.164.
  if (numbers.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE)
    return std::nullopt;
  std::string e164;
  numbers.Format(number, PhoneNumberUtil::E164, &e164);
  return e164;
}

}  // namespace crm::entity
