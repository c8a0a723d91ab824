// What the targets share. A target is one function of bytes, TakeInput, which ends the process
// where a promise is broken. libFuzzer (preset fuzz) and replay_test.cpp (every other preset) call
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace crm::fuzz {

void TakeInput(std::string_view input);

// Ends the process with what was promised.
inline void Expect(bool holds, std::string_view promise, std::string_view detail = "") {
  if (holds) return;
  std::fprintf(stderr, "BROKEN PROMISE: %.*s\n%.*s\n", static_cast<int>(promise.size()),
               promise.data(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

// Takes an input apart from its beginning; at its end it gives zeros and nothing.
class Bytes {
 public:
  explicit Bytes(std::string_view input) : left_(input) {}

  bool empty() const { return left_.empty(); }
  uint8_t Byte() {
    if (left_.empty()) return 0;
    uint8_t byte = static_cast<uint8_t>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }
  uint64_t Number(int bytes) {
    uint64_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number << 8 | Byte();
    return number;
  }
  // Below `bound`, which is at most 65536.
  size_t Below(size_t bound) { return static_cast<size_t>(Number(bound > 256 ? 2 : 1)) % bound; }
  std::string_view Take(size_t count) {
    std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next line end or space, which is dropped.
  std::string_view Line() { return Until('\n'); }
  std::string_view Word() { return Until(' '); }
  std::string_view Rest() { return Take(left_.size()); }

 private:
  std::string_view Until(char end) {
    std::string_view taken = Take(left_.find(end));
    Take(1);
    return taken;
  }

  std::string_view left_;
};

}  // namespace crm::fuzz
