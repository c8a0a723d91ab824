#include "libs/events/relay.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>

#include "libs/events/cloud_event.h"
#include "libs/events/relay_lease.h"
#include "libs/events/relay_pace.h"
#include "libs/kafka/ack_tracker.h"
#include "libs/kafka/admin.h"
#include "libs/kafka/producer.h"

namespace crm::events {

using kernel::v1::LogRow;

namespace {

constexpr size_t kReadBatch = 1000;
// Rows handed over by commits that the relay has not taken yet; above, they are read from the log
// instead.
constexpr size_t kHotRows = 5000;
// Rows that the committing thread sends itself, at most: to wake another thread costs as much as to
// send a few, and nobody should wait for his answer longer than that.
constexpr size_t kRowsAtOnce = 8;
constexpr auto kBackoff = std::chrono::milliseconds(500);
constexpr auto kLongestBrokerPatience = std::chrono::seconds(3);
constexpr auto kEndCheckInterval = std::chrono::seconds(10);

using Steady = std::chrono::steady_clock;

}  // namespace

struct Relay::Rep {
  Rep(RelayOptions options_in, const RecordTypes& types_in, Store& store_in,
      Committer& committer_in, const Clock& clock_in, const log::Logger& log_in,
      metrics::Registry& metrics)
      : options(std::move(options_in)),
        store(store_in),
        log(log_in.With({{"relay", log::Safe(options.topic)}})),
        relayed(metrics
                    .AddCounter({.name = "crm_relay_events_total",
                                 .help = "Events that Kafka has acknowledged.",
                                 .labels = {"service"}})
                    .With({options.service})),
        hot(metrics
                .AddCounter({.name = "crm_relay_hot_events_total",
                             .help = "Events that went from the commit to Kafka without a read.",
                             .labels = {"service"}})
                .With({options.service})),
        lag(metrics
                .AddGauge({.name = "crm_relay_lag_events",
                           .help = "Committed events that Kafka has not acknowledged.",
                           .labels = {"service"}})
                .With({options.service})),
        lease(types_in, store_in, committer_in, clock_in, options.service, options.holder,
              options.lease) {}

  void Loop(std::stop_token stop);
  void ShowLag(int64_t head, int64_t acknowledged);
  Status StoreCursor(bool release);
  void Relaying(std::stop_token stop);
  Status CheckEnds();
  Status OpenProducer();
  void Gather(std::stop_token stop);
  size_t SendAtOnce(const std::vector<LogRow>& rows);
  Result<size_t> SendNext(std::stop_token stop);
  Status Send(const LogRow& row, std::stop_token stop);
  void Pause(std::chrono::milliseconds time, std::stop_token stop);

  const RelayOptions options;
  Store& store;
  const log::Logger log;
  metrics::Counter relayed;
  metrics::Counter hot;
  metrics::Gauge lag;

  // Of the relaying thread.
  RelayLease lease;
  Steady::time_point ends_checked{};
  Steady::time_point next_look{};  // when the log is asked for rows of other replicas

  // The turn to send. Before `mutex` where both are held; a committing thread only tries.
  std::mutex sending;
  std::unique_ptr<kafka::Producer> producer;  // GUARDED_BY(sending)
  RelayPace pace;                             // GUARDED_BY(sending)

  std::mutex mutex;
  std::condition_variable_any wake;
  std::deque<LogRow> hot_rows;       // GUARDED_BY(mutex)
  int64_t committed_seq = 0;         // GUARDED_BY(mutex); of own commits
  kafka::AckTracker acks{0};         // GUARDED_BY(mutex); its last is the last row that was sent
  RelayLease::Ends end_offsets;      // GUARDED_BY(mutex)
  bool delivered = false;            // GUARDED_BY(mutex); by this producer
  Status failure;                    // GUARDED_BY(mutex)
  bool asleep = false;               // GUARDED_BY(mutex); until there are rows
  bool drain = false;                // GUARDED_BY(mutex)
  Steady::time_point drain_until{};  // GUARDED_BY(mutex)
  std::jthread thread;
};

Relay::Relay(RelayOptions options, const RecordTypes& types, Store& store, Committer& committer,
             const Clock& clock, const log::Logger& log, metrics::Registry& metrics)
    : rep_(std::make_unique<Rep>(std::move(options), types, store, committer, clock, log,
                                 metrics)) {}

Relay::~Relay() {
  Stop(std::chrono::milliseconds(0));
}

void Relay::Offer(std::vector<LogRow> rows) {
  size_t sent = rep_->SendAtOnce(rows);
  bool wake = false;
  {
    std::lock_guard lock(rep_->mutex);
    rep_->committed_seq = std::max(rep_->committed_seq, rows.back().seq());
    if (sent == rows.size()) return;
    // Only an unbroken run is of use; after a gap the log is read again.
    bool follows = rep_->hot_rows.empty() || rep_->hot_rows.back().seq() + 1 == rows.front().seq();
    if (!follows) rep_->hot_rows.clear();
    if (rep_->hot_rows.size() + rows.size() <= kHotRows) {
      std::ranges::move(rows, std::back_inserter(rep_->hot_rows));
    }
    wake = rep_->asleep;
  }
  if (wake) rep_->wake.notify_all();
}

// All of the rows or none; returns how many.
size_t Relay::Rep::SendAtOnce(const std::vector<LogRow>& rows) {
  if (rows.size() > kRowsAtOnce) return 0;
  std::unique_lock turn(sending, std::try_to_lock);
  const auto now = Steady::now();
  if (!turn || producer == nullptr || pace.Next(now) > now) return 0;
  {
    std::lock_guard lock(mutex);
    bool follows = static_cast<uint64_t>(rows.front().seq()) == acks.last() + 1 &&
                   static_cast<uint64_t>(rows.back().seq()) == acks.last() + rows.size();
    bool full = acks.outstanding() + rows.size() > options.window / 2;
    if (!follows || full || drain || !failure.ok()) return 0;
    for (const auto& row : rows) acks.Add(static_cast<uint64_t>(row.seq()));
  }
  for (const auto& row : rows) {
    auto status = producer->Send(ToCloudEvent(row, options.service, options.topic),
                                 static_cast<uint64_t>(row.seq()));
    if (status.ok()) continue;
    // Starts again from the cursor, as after each failure.
    std::lock_guard lock(mutex);
    if (failure.ok()) failure = status;
    wake.notify_all();
    break;
  }
  pace.Sent(rows.size(), now);
  hot.Add(static_cast<double>(rows.size()));
  return rows.size();
}

void Relay::Start() {
  rep_->thread = std::jthread([rep = rep_.get()](std::stop_token stop) { rep->Loop(stop); });
}

void Relay::Stop(std::chrono::milliseconds patience) {
  if (!rep_->thread.joinable()) return;
  {
    std::lock_guard lock(rep_->mutex);
    rep_->drain = true;
    rep_->drain_until = Steady::now() + patience;
  }
  rep_->wake.notify_all();
  if (patience.count() == 0) rep_->thread.request_stop();
  rep_->thread.join();
}

void Relay::Rep::Pause(std::chrono::milliseconds time, std::stop_token stop) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [this] { return drain; });
}

void Relay::Rep::Loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto mine = lease.Take(stop);
    if (!mine.ok()) {
      Status status = mine.status();
      log.Warning("lease not readable", {{"status", status}});
    } else if (*mine) {
      Relaying(stop);
      {
        std::lock_guard turn(sending);
        producer.reset();
      }
      // What waits is counted also while there is no broker to send it to.
      if (auto head = store.LogHead(stop); head.ok()) ShowLag(head->first, lease.cursor());
    }
    {
      std::lock_guard lock(mutex);
      if (drain) return;
    }
    Pause(kBackoff, stop);
  }
}

void Relay::Rep::ShowLag(int64_t head, int64_t acknowledged) {
  lag.Set(static_cast<double>(std::max<int64_t>(0, head - acknowledged)));
}

Status Relay::Rep::StoreCursor(bool release) {
  int64_t prefix = 0;
  RelayLease::Ends ends;
  {
    std::lock_guard lock(mutex);
    prefix = static_cast<int64_t>(acks.prefix());
    ends = end_offsets;
  }
  return lease.Renew(prefix, ends, release);
}

// Where the broker has less than was acknowledged, the cursor goes back to the last checkpoint that
// is wholly there.
Status Relay::Rep::CheckEnds() {
  ends_checked = Steady::now();
  auto admin = kafka::Admin::Create(options.kafka);
  if (!admin.ok()) return admin.status();
  kafka::TopicSpec topic;
  topic.name = options.topic;
  topic.replication_factor = options.replication_factor;
  topic.config["retention.ms"] = "-1";
  // Below the lease, which is not renewed meanwhile.
  auto deadline = Steady::now() +
                  std::min<std::chrono::milliseconds>(kLongestBrokerPatience, options.lease / 2);
  if (auto made = (*admin)->CreateTopics({topic}, deadline); !made.ok()) return made;
  auto offsets = (*admin)->Offsets(options.topic, deadline);
  if (!offsets.ok()) return offsets.status();
  RelayLease::Ends ends;
  for (const auto& range : *offsets) ends[range.partition] = range.end;
  int64_t before = lease.cursor();
  auto moved = lease.MoveBackTo(std::move(ends));
  if (!moved.ok()) return moved.status();
  if (*moved) {
    log.Error("the broker lost events; they are sent again",
              {{"cursor", before}, {"back_to", lease.cursor()}});
  }
  return Status::Ok();
}

Status Relay::Rep::OpenProducer() {
  if (auto status = CheckEnds(); !status.ok()) return status;
  kafka::ProducerOptions producer_options;
  producer_options.client = options.kafka;
  producer_options.max_queued_messages = options.window;
  producer_options.on_delivered = [this](uint64_t seq, int32_t partition, int64_t offset) {
    std::lock_guard lock(mutex);
    delivered = true;
    acks.Acked(seq);
    auto& end = end_offsets[partition];
    end = std::max(end, offset + 1);
    relayed.Add();
  };
  producer_options.on_failed = [this](uint64_t, const Status& status) {
    {
      std::lock_guard lock(mutex);
      if (failure.ok()) failure = status;
    }
    wake.notify_all();
  };
  // Before anything is sent to brokers that were away, their ends are checked again. A first
  // connection that fails is none that was lost: a name may have an address where nobody listens.
  producer_options.on_lost = [this] {
    {
      std::lock_guard lock(mutex);
      if (!delivered) return;
      if (failure.ok()) failure = Unavailable("KAFKA_LOST", "No broker can be reached.");
    }
    wake.notify_all();
  };
  std::lock_guard turn(sending);
  {
    std::lock_guard lock(mutex);
    delivered = false;
    acks = kafka::AckTracker(static_cast<uint64_t>(lease.cursor()));
    end_offsets = lease.ends();
    failure = Status::Ok();
  }
  next_look = {};
  auto created = kafka::Producer::Create(std::move(producer_options));
  if (!created.ok()) return created.status();
  producer = std::move(*created);
  return Status::Ok();
}

void Relay::Rep::Relaying(std::stop_token stop) {
  Status status = OpenProducer();
  while (status.ok() && !stop.stop_requested()) {
    Gather(stop);
    auto sent = SendNext(stop);
    status = sent.ok() ? Status::Ok() : sent.status();
    if (!status.ok()) break;
    bool draining, all_acked;
    Steady::time_point until;
    int64_t prefix;
    {
      std::lock_guard lock(mutex);
      draining = drain;
      until = drain_until;
      all_acked = acks.outstanding() == 0;
      prefix = static_cast<int64_t>(acks.prefix());
      ShowLag(std::max(committed_seq, static_cast<int64_t>(acks.last())), prefix);
      if (!failure.ok()) status = failure;
    }
    if (!status.ok()) break;
    auto now = Steady::now();
    bool moved = prefix > lease.cursor() && now - lease.renewed() >= options.cursor_interval;
    bool renew = lease.until() - now < options.lease / 2;
    if (moved || renew) status = StoreCursor(false);
    if (status.ok() && now - ends_checked > kEndCheckInterval && all_acked) {
      int64_t before = lease.cursor();
      status = CheckEnds();
      if (lease.cursor() < before) return;  // start again from there
    }
    if (draining && ((all_acked && *sent == 0) || now >= until)) {
      if (status.ok()) status = StoreCursor(true);
      break;
    }
    if (status.ok() && *sent == 0) {
      std::unique_lock lock(mutex);
      asleep = true;
      wake.wait_for(lock, stop, options.cursor_interval,
                    [&] { return !failure.ok() || (!drain && !hot_rows.empty()); });
      asleep = false;
    }
  }
  if (!status.ok())
    log.Warning("relay starts again", {{"status", status}, {"cursor", lease.cursor()}});
}

void Relay::Rep::Gather(std::stop_token stop) {
  auto now = Steady::now();
  Steady::time_point next;
  {
    std::lock_guard turn(sending);
    next = pace.Next(now);
  }
  if (next <= now) return;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, next, [this] { return !failure.ok() || drain; });
}

// Sends the rows that follow: those the commits handed over if they continue, otherwise from the
// log, which is asked at once where own commits are missing, and for those of other replicas now
// and then. Returns how many.
Result<size_t> Relay::Rep::SendNext(std::stop_token stop) {
  std::lock_guard turn(sending);
  std::vector<LogRow> rows;
  bool from_commits = false;
  bool own_missing = false;
  int64_t next_seq = 0;
  {
    std::lock_guard lock(mutex);
    next_seq = static_cast<int64_t>(acks.last()) + 1;
    while (!hot_rows.empty() && hot_rows.front().seq() < next_seq) hot_rows.pop_front();
    from_commits = !hot_rows.empty() && hot_rows.front().seq() == next_seq;
    if (from_commits) {
      rows.assign(std::make_move_iterator(hot_rows.begin()),
                  std::make_move_iterator(hot_rows.end()));
      hot_rows.clear();
    }
    own_missing = !from_commits && next_seq <= committed_seq;
  }
  if (!from_commits) {
    auto now = Steady::now();
    if (!own_missing && now < next_look) return 0;
    LogQuery query;
    query.after_seq = next_seq - 1;
    query.limit = kReadBatch;
    auto read = store.ReadLog(query, stop);
    if (!read.ok()) return read.status();
    rows = std::move(*read);
    next_look = rows.size() < kReadBatch ? now + options.cursor_interval : now;
  }
  for (const auto& row : rows) {
    if (auto status = Send(row, stop); !status.ok()) return status;
  }
  pace.Sent(from_commits ? rows.size() : 0, Steady::now());
  if (from_commits) hot.Add(static_cast<double>(rows.size()));
  return rows.size();
}

Status Relay::Rep::Send(const LogRow& row, std::stop_token stop) {
  kafka::Message message = ToCloudEvent(row, options.service, options.topic);
  {
    std::lock_guard lock(mutex);
    if (!acks.Add(static_cast<uint64_t>(row.seq()))) {
      return Internal("the log has a gap before seq " + std::to_string(row.seq()));
    }
  }
  while (true) {
    auto status = producer->Send(message, static_cast<uint64_t>(row.seq()));
    if (status.ok()) break;
    if (status.code() != Code::kResourceExhausted) return status;
    producer->WaitForSpace(Steady::now() + options.cursor_interval);
    // The broker may be away for long: keep the lease, and stop when asked to.
    if (lease.until() - Steady::now() < options.lease / 2) {
      if (auto stored_status = StoreCursor(false); !stored_status.ok()) return stored_status;
    }
    std::lock_guard lock(mutex);
    bool late = drain && Steady::now() >= drain_until;
    if (stop.stop_requested() || late)
      return Status(Code::kCancelled, "RELAY_STOPPED", "The relay stops.");
    if (!failure.ok()) return failure;
  }
  return Status::Ok();
}

}  // namespace crm::events
