// Gathers Evidence from the places where the system keeps things.
#pragma once

#include <memory>

#include "tests/chaos/evidence.h"
#include "tests/chaos/rig.h"

namespace crm::chaos {

// Not thread-safe. Log and topics only grow, so each Collect reads what is new of them.
class Collector {
 public:
  // Throws std::runtime_error, as Collect does where a server does not answer.
  explicit Collector(Installation& installation);
  ~Collector();

  const Evidence& Collect();
  // The last evidence as text, a line for each row, for people who look for what went wrong.
  void Write(const std::string& file) const;
  // Events in the logs as of the last Collect, and of those the ones in the topics and inboxes:
  // what moves as long as the system makes progress.
  size_t progress() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::chaos
