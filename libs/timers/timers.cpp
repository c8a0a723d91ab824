#include "libs/timers/timers.h"

#include <algorithm>

#include "libs/base/crash_point.h"
#include "libs/base/planted_bug.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm {

using kernel::v1::Timer;

namespace {

constexpr size_t kBatch = 500;
constexpr auto kFirstPause = std::chrono::seconds(1);
constexpr auto kLongestPause = std::chrono::minutes(5);

Time DueOf(const Timer& timer) {
  return ToTime(timer.due_time());
}

}  // namespace

TimerPump::TimerPump(std::vector<TimerHandler> handlers, std::string service,
                     const RecordTypes& types, Store& store, CallPipeline& pipeline,
                     const Clock& clock, const log::Logger& log, metrics::Registry& metrics)
    : handlers_(std::move(handlers)),
      service_(std::move(service)),
      type_(types.Of(Timer::descriptor())),
      store_(store),
      pipeline_(pipeline),
      clock_(clock),
      log_(log),
      lateness_(metrics
                    .AddHistogram({.name = "crm_timer_lateness_seconds",
                                   .help = "How long after its due time a timer was fired.",
                                   .labels = {"service"}},
                                  metrics::SecondsBuckets())
                    .With({service_})),
      fired_(metrics.AddCounter({.name = "crm_timers_fired_total",
                                 .help = "Calls made for due timers, by kind and code.",
                                 .labels = {"service", "kind", "code"}})) {}

Result<std::vector<ListedRecord>> TimerPump::List(const filter::CheckedFilter* filter,
                                                  std::optional<ListPosition> after, size_t limit,
                                                  std::stop_token stop) {
  ListQuery query;
  query.type = &type_;
  query.filter = filter;
  query.now = clock_.Now();
  query.order = {{"due_time", false}};
  query.after = std::move(after);
  query.limit = limit;
  return store_.List(query, stop);
}

Result<std::optional<Time>> TimerPump::NextDue(std::stop_token stop) {
  auto next = List(nullptr, std::nullopt, 1, stop);
  if (!next.ok()) return next.status();
  if (next->empty()) return std::optional<Time>();
  return std::optional(std::get<Time>(next->front().position.values.front()));
}

Result<int> TimerPump::Fire(std::stop_token stop) {
  auto due = filter::ParseAndCheck("due_time <= now()", type_.filter_schema());
  if (!due.ok()) return due.status();
  int started = 0;
  std::optional<ListPosition> after;
  // Page by page, so that timers that keep failing do not hide those behind them.
  while (started < static_cast<int>(kBatch)) {
    auto listed = List(&*due, after, kBatch, stop);
    if (!listed.ok()) return listed.status();
    for (const auto& item : *listed) {
      Timer timer;
      if (auto status = DecodeRecord(item.record.body, timer); !status.ok()) return status;
      if (!TakeOff({&type_, item.tenant, item.record.id})) continue;
      Start(item.tenant, timer);
      ++started;
    }
    if (listed->size() < kBatch) break;
    after = listed->back().position;
  }
  return started;
}

bool TimerPump::TakeOff(const RecordKey& key) {
  std::lock_guard lock(mutex_);
  Flight& flight = flights_[key];
  if (flight.running || clock_.Now() < flight.not_before) return false;
  flight.running = true;
  return true;
}

void TimerPump::Start(const Uuid& tenant, const Timer& timer) {
  RecordKey key{&type_, tenant, *type_.ParseName(timer.name())};
  InternalCall call;
  // The due time is part of the id: a timer that is set again is another call.
  call.id = NamedUuid("timer/" + FormatTime(DueOf(timer)), timer.name());
  call.principal = Principal::System(tenant, service_);
  call.cause = {timer.correlation().empty() ? call.id.ToString() : timer.correlation(),
                timer.causation(), "", ""};
  call.origin = "timer:" + timer.kind();
  call.run = [this, name = timer.name()](Call& attempt) { return Run(attempt, name); };
  auto done = [this, key, kind = timer.kind()](Status status) {
    fired_.With({service_, kind, CodeName(status.code())}).Add();
    Finished(key, status);
  };
  if (auto status = pipeline_.Run(std::move(call), done); !status.ok()) Finished(key, status);
}

Status TimerPump::Run(Call& call, const std::string& name) {
  auto timer = call.Find<Timer>(name);
  if (!timer.ok()) return timer.status();
  // Cancelled, moved or fired by another replica meanwhile.
  if (!*timer || DueOf(**timer) > call.now()) return Status::Ok();
  auto handler = std::find_if(handlers_.begin(), handlers_.end(), [&](const TimerHandler& each) {
    return each.kind == (*timer)->kind();
  });
  if (handler == handlers_.end()) {
    return FailedPrecondition("TIMER_KIND_UNKNOWN",
                              "No function for timers of kind " + (*timer)->kind());
  }
  // Erased first, so that the function may set the same timer again.
  if (!PlantedBugNow("timer_twice")) {
    if (auto status = call.Erase(type_, name); !status.ok()) return status;
  }
  Time due = DueOf(**timer);
  lateness_.Observe(call.now() - due);
  auto status = handler->function(call, {**timer, due, call.now() - due});
  CrashPoint("timer.before_commit");
  return status;
}

void TimerPump::Finished(const RecordKey& key, const Status& status) {
  std::lock_guard lock(mutex_);
  if (status.ok()) {
    flights_.erase(key);
    return;
  }
  Flight& flight = flights_[key];
  flight.running = false;
  auto pause = std::min<Duration>(kFirstPause * (1 << std::min(flight.failures, 9)), kLongestPause);
  ++flight.failures;
  flight.not_before = clock_.Now() + pause;
  log_.Warning(
      "timer failed",
      {{"timer", log::Safe(key.name())}, {"status", status}, {"failures", flight.failures}});
}

}  // namespace crm
