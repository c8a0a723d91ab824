// RelayLease: which replica copies, and how far the copy has come. Both are one record
// (crm.kernel.v1.RelayCursor) under the version check of every record: a zombie whose lease was
// taken over fails its compare-and-set.
#pragma once

#include <chrono>
#include <map>
#include <stop_token>
#include <string>

#include "crm/kernel/v1/records.pb.h"
#include "libs/base/clock.h"
#include "libs/command/committer.h"

namespace crm::events {

// One thread at a time.
class RelayLease {
 public:
  using Steady = std::chrono::steady_clock;
  // Partition -> the offset behind its last event.
  using Ends = std::map<int32_t, int64_t>;

  RelayLease(const RecordTypes& types, Store& store, Committer& committer, const Clock& clock,
             const std::string& service, std::string holder, std::chrono::milliseconds time);

  // True: the lease is this replica's until it ends or is lost; false: another's.
  Result<bool> Take(std::stop_token stop);
  // Renews the lease, or gives it up, and moves the cursor to `prefix` where that is further;
  // `ends` are kept with it. ABORTED RELAY_LEASE_LOST.
  Status Renew(int64_t prefix, const Ends& ends, bool release);
  // Where the broker has less than was acknowledged, back to the last checkpoint that is wholly
  // there. True: it moved.
  Result<bool> MoveBackTo(Ends ends);

  // Acknowledged without a gap, as last read or written.
  int64_t cursor() const { return stored_.cursor(); }
  // Of the newest checkpoint.
  Ends ends() const;
  Steady::time_point until() const { return until_; }
  Steady::time_point renewed() const { return renewed_; }

 private:
  Status Commit(const kernel::v1::RelayCursor& next);

  Store& store_;
  Committer& committer_;
  const Clock& clock_;
  const RecordKey key_;
  const std::string holder_;
  const std::chrono::milliseconds time_;
  kernel::v1::RelayCursor stored_;
  int64_t version_ = 0;
  Steady::time_point until_{};
  Steady::time_point renewed_{};
};

}  // namespace crm::events
