// UUIDs as 16 bytes, version 7 (RFC 9562) where we make them: time-ordered, so that B-trees grow at
// one end.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/clock.h"

namespace crm {

struct Uuid {
  std::array<uint8_t, 16> bytes{};

  // "0190163d-8694-739b-aea5-966c26f8ad91"
  std::string ToString() const;
  // Accepts the 36-character form in either case; nullopt otherwise.
  static std::optional<Uuid> Parse(std::string_view text);
  bool is_nil() const { return *this == Uuid{}; }
  auto operator<=>(const Uuid&) const = default;
};

// A version 7 UUID with the given time and 74 bits of `entropy` (its first ten bytes).
Uuid MakeUuid7(Time time, const std::array<uint8_t, 10>& entropy);
// The same inputs give the same id: version 7 with `time`, the rest from SHA-256 of (seed, label).
// A handler that is run again therefore chooses the same ids.
Uuid DeriveUuid7(Time time, const Uuid& seed, std::string_view label);
// A name-based id (version 8): the same (space, name) gives the same id for ever, as for rows of an
// import.
Uuid NamedUuid(std::string_view space, std::string_view name);

// Source of new ids. Thread-safe.
class IdGenerator {
 public:
  virtual ~IdGenerator() = default;
  virtual Uuid Next() = 0;
};

// Cryptographic randomness and the given clock.
std::unique_ptr<IdGenerator> MakeRandomIds(const Clock& clock);
// Equal seed, equal sequence: for simulations and tests.
std::unique_ptr<IdGenerator> MakeSeededIds(const Clock& clock, uint64_t seed);

}  // namespace crm

template <>
struct std::hash<crm::Uuid> {
  size_t operator()(const crm::Uuid& id) const noexcept {
    return std::hash<std::string_view>()(
        std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()));
  }
};
