#include "services/identity/tenants.h"

#include <cctype>

namespace crm::identity {

std::string ShortName(std::string_view display_name) {
  std::string text;
  for (char c : display_name) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0) {
      text += static_cast<char>(byte >= 0x80 ? byte : std::tolower(byte));
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text;
}

Uuid TenantIdOf(std::string_view tenant) {
  constexpr std::string_view kCollection = "tenants/";
  if (tenant.starts_with(kCollection)) tenant.remove_prefix(kCollection.size());
  if (auto id = Uuid::Parse(tenant)) return *id;
  return NamedUuid("crm.tenant", ShortName(tenant));
}

}  // namespace crm::identity
