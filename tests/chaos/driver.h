// The driver: makes calls, writes down what becomes of them, and repeats those whose answer was
// lost until it is known. It lives in the bench's process, outside of what is killed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/client.h"
#include "tests/chaos/history.h"
#include "tests/chaos/rig.h"

namespace crm::chaos {

struct PlannedCall {
  std::string id;  // the request_id
  const TenantKeys* tenant = nullptr;
  std::string method;
  std::string request;  // serialised, with its request_id
  int events = 1;       // see CallStep.events
  std::string group;
  // What the workload makes of the answer.
  std::function<void(const std::string& answer)> learn;
  // What it makes of a refusal.
  std::function<void(const Status& why)> refused;
};

// Thread-safe.
class Driver {
 public:
  explicit Driver(HistoryWriter& history) : history_(history) {}

  // A life of the server begins and ends.
  // Calls go to the replicas in turn, so that one that is repeated mostly meets another.
  void Connect(const std::vector<std::string>& addresses);
  void Disconnect();
  // From now on nobody waits for a server: calls that are not known stay so.
  void Close();
  bool closed() const;

  // Returns when the outcome is known. `may_defer`: where the answer is lost, the call may be left
  // for Settle; then nullopt, as when closed.
  std::optional<Result<std::string>> Do(const PlannedCall& call, bool may_defer);
  // The same call once more, which was answered before: only the answer is written down.
  void Repeat(const PlannedCall& call);
  // Repeats what was deferred until it is known.
  void Settle();
  // A read, of which nothing is written down.
  Result<std::string> Read(const TenantKeys& tenant, const std::string& method,
                           const google::protobuf::Message& request);
  // Writes down the beginning and the end of an import run of so many rows.
  void BeginRun(const std::string& run, const std::string& tenant, int rows);
  void EndRun(const std::string& run);
  // Attempts so far that were neither answered nor refused.
  int lost() const { return lost_; }

 private:
  struct Line {
    std::shared_ptr<rpc::RpcClient> client;  // nullptr: closed
    int life = 0;
  };
  // Waits for a server of another life than `after`, or for any where that has been up for a while.
  Line WaitForServer(int after);
  std::optional<Result<std::string>> Attempt(const PlannedCall& call, Line& line);
  std::optional<Result<std::string>> Pursue(const PlannedCall& call, bool may_defer);

  HistoryWriter& history_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<rpc::RpcClient>> clients_;  // GUARDED_BY(mutex_); none: down
  size_t turn_ = 0;                                       // GUARDED_BY(mutex_)
  int life_ = 0;                                          // GUARDED_BY(mutex_)
  bool closed_ = false;                                   // GUARDED_BY(mutex_)
  std::vector<PlannedCall> deferred_;                     // GUARDED_BY(mutex_)
  std::atomic<int> lost_ = 0;
};

}  // namespace crm::chaos
