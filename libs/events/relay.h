// Relay: copies the event log to Kafka in order, at least once, without a gap, whatever dies.
//
// Of all replicas the holder of the lease copies. Lease and cursor are one record
// (crm.kernel.v1.RelayCursor) under the same version check as everything else: a zombie whose lease
// was taken over fails its compare-and-set, so it can repeat but never skip. The cursor is the
// contiguous acknowledged prefix of seq. Rows come from the own commits (hot push) when they
// continue at the next seq, otherwise from the log. On any delivery error the producer is thrown
// away and the relay starts again from the cursor. An end offset that went back (a broker restored
// to an older state) moves the cursor back to the last checkpoint that the broker still has, before
// anything is produced.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "libs/base/clock.h"
#include "libs/command/committer.h"
#include "libs/kafka/client_options.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"

namespace crm::events {

struct RelayOptions {
  std::string service;  // "leads"
  std::string topic;    // "crm.leads.v1", with the prefix of the installation
  // Of the topic where it is not there yet; the relay makes it, so that a broker that was away at
  // the start or lost it is no trouble. -1: the broker's default.
  int32_t replication_factor = -1;
  kafka::ClientOptions kafka;
  // Tells replicas apart in logs; unique per process.
  std::string holder;
  std::chrono::milliseconds lease = std::chrono::seconds(5);
  // How often the cursor is stored while it moves, and how often an idle holder looks for rows of
  // other replicas.
  std::chrono::milliseconds cursor_interval = std::chrono::milliseconds(200);
  // Rows under way to Kafka at most.
  size_t window = 10'000;
};

class Relay {
 public:
  Relay(RelayOptions options, const RecordTypes& types, Store& store, Committer& committer,
        const Clock& clock, const log::Logger& log, metrics::Registry& metrics);
  ~Relay();  // Stop with no patience
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // From the committing thread: rows that were just committed. Cheap, never blocks. A few rows that
  // continue what was sent leave at once, on this thread, while the relaying one has nothing to do.
  void Offer(std::vector<kernel::v1::LogRow> rows);
  void Start();
  // Copies what is there until the deadline, stores the cursor, gives the lease back.
  void Stop(std::chrono::milliseconds patience);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::events
