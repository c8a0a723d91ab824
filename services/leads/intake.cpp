#include "services/leads/intake.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "libs/entity/text.h"

namespace crm::leads {

using v1::Form;
using v1::Lead;

namespace {

constexpr int kMostFields = 60;
constexpr size_t kLongestKey = 100;
constexpr size_t kLargestValue = 20000;
constexpr std::string_view kCustom = "custom_fields.";

struct Target {
  std::string_view name;
  size_t max_characters;
};

constexpr std::array kTargets = {
    Target{"display_name", 200}, Target{"phone", 40},     Target{"email", 320},
    Target{"company_name", 200}, Target{"campaign", 100}, Target{"interest", 4000},
};
constexpr size_t kLongestCustom = 1000;

const Target* FindTarget(std::string_view name) {
  auto found = std::find_if(kTargets.begin(), kTargets.end(),
                            [&](const Target& each) { return each.name == name; });
  return found == kTargets.end() ? nullptr : &*found;
}

// Without control characters and blanks at its ends.
std::string Clean(std::string_view text) {
  std::string clean;
  for (size_t i = 0; i < text.size(); ++i) {
    size_t length = static_cast<unsigned char>(text[i]) == 0xC2 ? 2 : 1;
    std::string_view letter = text.substr(i, length);
    if (!entity::HasControlCharacters(letter)) clean += letter;
    i += length - 1;
  }
  size_t begin = clean.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return clean.substr(begin, clean.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string FirstCharacters(const std::string& text, size_t most) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && ++characters > most) return text.substr(0, i);
  }
  return text;
}

void SetTarget(Lead& lead, std::string_view target, const std::string& value) {
  if (target == "phone") {
    lead.mutable_phone()->set_number(value);
    return;
  }
  const auto* field = Lead::descriptor()->FindFieldByName(std::string(target));
  lead.GetReflection()->SetString(&lead, field, value);
}

}  // namespace

Status CheckSize(const FormFields& fields) {
  if (fields.size() > static_cast<size_t>(kMostFields)) {
    return InvalidField("fields", "has more than " + std::to_string(kMostFields) + " elements");
  }
  for (const auto& [key, value] : fields) {
    if (key.empty() || key.size() > kLongestKey || entity::HasControlCharacters(key)) {
      return InvalidField("fields", "has a key that is empty, longer than " +
                                        std::to_string(kLongestKey) +
                                        " bytes or with control characters");
    }
    if (value.size() > kLargestValue) {
      return InvalidField("fields." + key,
                          "is longer than " + std::to_string(kLargestValue) + " bytes");
    }
  }
  return Status::Ok();
}

bool IsSpam(const Form& form, const FormFields& fields) {
  if (form.honeypot_field().empty()) return false;
  auto found = fields.find(form.honeypot_field());
  return found != fields.end() && !Clean(found->second).empty();
}

MappedLead MapFields(const Form& form, const FormFields& fields) {
  MappedLead mapped;
  std::map<std::string, std::string> values;
  for (const auto& [key, raw] : std::map<std::string, std::string>(fields.begin(), fields.end())) {
    std::string value = Clean(raw);
    if (value.empty() || key == form.honeypot_field()) continue;
    auto rule = form.field_mapping().find(key);
    std::string target = rule != form.field_mapping().end() ? rule->second : key;
    if (FindTarget(target) == nullptr && !target.starts_with(kCustom)) {
      target = std::string(kCustom) + target;
    }
    std::string& place = values[target];
    place += (place.empty() ? "" : " ") + value;
  }
  if (auto email = values.find("email"); email != values.end()) {
    if (auto fault = entity::EmailFault(entity::NormalizeEmail(email->second))) {
      mapped.warnings.push_back("email " + *fault + "; it is kept as custom_fields.email");
      values[std::string(kCustom) + "email"] = email->second;
      values.erase(email);
    }
  }
  for (const auto& [target, value] : values) {
    const Target* known = FindTarget(target);
    size_t most = known != nullptr ? known->max_characters : kLongestCustom;
    std::string kept = FirstCharacters(value, most);
    if (kept.size() < value.size()) {
      mapped.warnings.push_back(target + " was cut to " + std::to_string(most) + " characters");
    }
    if (known != nullptr) {
      SetTarget(mapped.lead, target, kept);
    } else {
      (*mapped.lead.mutable_custom_fields())[target.substr(kCustom.size())] = kept;
    }
  }
  if (mapped.lead.display_name().empty()) {
    mapped.warnings.push_back("there is no name");
    const std::string& phone = mapped.lead.phone().number();
    std::string name = phone.empty() ? mapped.lead.email() : phone;
    mapped.lead.set_display_name(name.empty() ? "?" : FirstCharacters(name, 200));
  }
  return mapped;
}

Status CheckMapping(const Form& form) {
  for (const auto& [key, target] : form.field_mapping()) {
    bool custom = target.starts_with(kCustom) && target.size() > kCustom.size();
    if (custom || FindTarget(target) != nullptr) continue;
    return InvalidField("form.field_mapping." + key,
                        "must be display_name, phone, email, company_name, campaign, interest or "
                        "custom_fields.<key>");
  }
  return Status::Ok();
}

}  // namespace crm::leads
