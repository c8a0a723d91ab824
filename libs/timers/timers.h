// Durable timers. A handler sets one with Call::SetTimer; it is stored by the same commit. When it
// is due, the function of its kind runs as a call that erases it in the commit of its effect, so it
// fires once in effect, also after a crash, and late after an outage, with its true lateness known.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "crm/kernel/v1/records.pb.h"
#include "libs/command/pipeline.h"
#include "libs/log/logger.h"

namespace crm {

// A timer as its function sees it.
struct FiredTimer {
  const kernel::v1::Timer& timer;
  Time due;
  // How late it fires.
  Duration lateness;
};

struct TimerHandler {
  std::string kind;
  std::function<Status(Call&, const FiredTimer&)> function;
};

// Finds due timers and fires them. Replicas may run one each: firing is decided by the timer's
// record. Thread-safe.
class TimerPump {
 public:
  TimerPump(std::vector<TimerHandler> handlers, std::string service, const RecordTypes& types,
            Store& store, CallPipeline& pipeline, const Clock& clock, const log::Logger& log,
            metrics::Registry& metrics);

  // Starts the calls of all timers that are due now, up to a bound; returns how many. A timer whose
  // call failed is started again by the next Fire after a pause that grows.
  Result<int> Fire(std::stop_token stop);
  // When the next timer is due; nullopt: none is set. For a simulation that jumps there.
  Result<std::optional<Time>> NextDue(std::stop_token stop);

 private:
  struct Flight {
    int failures = 0;
    bool running = false;
    Time not_before{};
  };

  Result<std::vector<ListedRecord>> List(const filter::CheckedFilter* filter,
                                         std::optional<ListPosition> after, size_t limit,
                                         std::stop_token stop);
  // False: its call is under way, or pauses after a failure.
  bool TakeOff(const RecordKey& key);
  void Start(const Uuid& tenant, const kernel::v1::Timer& timer);
  Status Run(Call& call, const std::string& name);
  void Finished(const RecordKey& key, const Status& status);

  const std::vector<TimerHandler> handlers_;
  const std::string service_;
  const RecordType& type_;
  Store& store_;
  CallPipeline& pipeline_;
  const Clock& clock_;
  const log::Logger log_;
  metrics::Histogram lateness_;
  metrics::CounterFamily fired_;
  std::mutex mutex_;
  std::map<RecordKey, Flight> flights_;  // GUARDED_BY(mutex_)
};

}  // namespace crm
