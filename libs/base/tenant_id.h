// TenantId: the tenant's id as a type of its own, so that no other UUID is passed where a tenant is
// meant.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

namespace crm {

class TenantId {
 public:
  explicit TenantId(const Uuid& id) : id_(id) {}
  // The 36-character form; nullopt otherwise.
  static std::optional<TenantId> Parse(std::string_view text) {
    auto id = Uuid::Parse(text);
    return id ? std::optional(TenantId(*id)) : std::nullopt;
  }
  const Uuid& uuid() const { return id_; }
  std::string ToString() const { return id_.ToString(); }
  auto operator<=>(const TenantId&) const = default;

 private:
  Uuid id_;
};

}  // namespace crm

template <>
struct std::hash<crm::TenantId> {
  size_t operator()(const crm::TenantId& id) const noexcept {
    return std::hash<crm::Uuid>()(id.uuid());
  }
};
