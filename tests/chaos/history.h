// What the driver did and what it was told: an append-only file, synced before each call and after
// each answer, outside of the process under test. The checker reads the file, not the driver.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "crm/testing/v1/chaos.pb.h"
#include "libs/base/status.h"

namespace crm::chaos {

using testing::v1::CallStep;

// Thread-safe.
class HistoryWriter {
 public:
  // Throws std::runtime_error where the file cannot be written, as Append does.
  explicit HistoryWriter(const std::string& file);
  ~HistoryWriter();
  HistoryWriter(const HistoryWriter&) = delete;
  HistoryWriter& operator=(const HistoryWriter&) = delete;

  // Returns when the line is on the disk.
  void Append(CallStep step);

 private:
  std::mutex mutex_;
  int fd_;  // GUARDED_BY(mutex_)
};

// A version of a record that an answer has shown.
struct Claim {
  std::string subject;
  int64_t version = 0;
  auto operator<=>(const Claim&) const = default;
};

// One call over all its attempts.
struct Operation {
  enum class Outcome { kOk, kFail, kUnknown };
  std::string id;
  std::string tenant;
  std::string method;
  std::string group;  // its own id where the step has none
  std::string run;
  // Events that it logs where it takes effect.
  int events = 0;
  // kOk where any attempt was.
  Outcome outcome = Outcome::kUnknown;
  // Of every attempt that was answered OK.
  std::vector<std::string> answers;
  // What the first answer claims.
  std::vector<Claim> claims;
};

// In the order of their first steps. DATA_LOSS where a line cannot be read (the last one may be cut
// off: then the driver itself died).
Result<std::vector<Operation>> ReadHistory(const std::string& file);
// The same from steps.
std::vector<Operation> Gather(const std::vector<CallStep>& steps);

}  // namespace crm::chaos
