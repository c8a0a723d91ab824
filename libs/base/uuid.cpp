#include "libs/base/uuid.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <random>

#include "libs/base/sha256.h"

namespace crm {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Parts are framed by their length, so that ("ab", "c") and ("a", "bc") differ.
std::string Digest(std::string_view first, std::string_view second) {
  std::string input = std::to_string(first.size()) + ":";
  input.append(first).append(second);
  return Sha256(input);
}

void Stamp(Uuid& id, uint8_t version) {
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0f) | (version << 4));
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}

// Random bytes come from OpenSSL many at a time, because to ask costs more than the bytes. Not for
// a process that goes on after a fork: its child would have the same.
std::array<uint8_t, 10> TakeEntropy() {
  struct Supply {
    std::array<std::array<uint8_t, 10>, 64> portions;
    size_t left = 0;
  };
  thread_local Supply supply;
  if (supply.left == 0) {
    // Ids that may repeat would silently join two records: better no process than that.
    if (RAND_bytes(supply.portions.front().data(), sizeof supply.portions) != 1) std::abort();
    supply.left = supply.portions.size();
  }
  return supply.portions[--supply.left];
}

class RandomIds final : public IdGenerator {
 public:
  explicit RandomIds(const Clock& clock) : clock_(clock) {}
  Uuid Next() override { return MakeUuid7(clock_.Now(), TakeEntropy()); }

 private:
  const Clock& clock_;
};

class SeededIds final : public IdGenerator {
 public:
  SeededIds(const Clock& clock, uint64_t seed) : clock_(clock), engine_(seed) {}
  Uuid Next() override {
    std::array<uint8_t, 10> entropy;
    std::lock_guard lock(mutex_);
    for (auto& byte : entropy) byte = static_cast<uint8_t>(engine_());
    return MakeUuid7(clock_.Now(), entropy);
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace

std::string Uuid::ToString() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  size_t byte = 0;
  for (size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    int high = HexValue(text[i]);
    int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[byte++] = static_cast<uint8_t>(high * 16 + low);
    i += 2;
  }
  return id;
}

Uuid MakeUuid7(Time time, const std::array<uint8_t, 10>& entropy) {
  auto millis = static_cast<uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
  Uuid id;
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(millis >> (40 - 8 * i));
  std::copy(entropy.begin(), entropy.end(), id.bytes.begin() + 6);
  Stamp(id, 7);
  return id;
}

Uuid DeriveUuid7(Time time, const Uuid& seed, std::string_view label) {
  auto digest = Digest(
      std::string_view(reinterpret_cast<const char*>(seed.bytes.data()), seed.bytes.size()), label);
  std::array<uint8_t, 10> entropy;
  std::copy_n(digest.begin(), entropy.size(), entropy.begin());
  return MakeUuid7(time, entropy);
}

Uuid NamedUuid(std::string_view space, std::string_view name) {
  auto digest = Digest(space, name);
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  Stamp(id, 8);
  return id;
}

std::unique_ptr<IdGenerator> MakeRandomIds(const Clock& clock) {
  return std::make_unique<RandomIds>(clock);
}

std::unique_ptr<IdGenerator> MakeSeededIds(const Clock& clock, uint64_t seed) {
  return std::make_unique<SeededIds>(clock, seed);
}

}  // namespace crm
