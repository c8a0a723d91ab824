#include "libs/events/relay.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "crm/kernel/v1/records.pb.h"
#include "libs/base/crash_point.h"
#include "libs/command/record_codec.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/ack_tracker.h"
#include "libs/kafka/admin.h"
#include "libs/kafka/producer.h"

namespace crm::events {

using kernel::v1::LogRow;
using kernel::v1::RelayCursor;

namespace {

constexpr size_t kReadBatch = 1000;
// Rows handed over by commits that the relay has not taken yet; above, they are read from the log
// instead.
constexpr size_t kHotRows = 5000;
constexpr int kCheckpoints = 40;
constexpr auto kBackoff = std::chrono::milliseconds(500);
constexpr auto kLongestBrokerPatience = std::chrono::seconds(3);
constexpr auto kEndCheckInterval = std::chrono::seconds(10);

using Steady = std::chrono::steady_clock;

// Keeps the newest checkpoints and ever fewer of the older ones, so that a broker restored to any
// older state has one near.
void AddCheckpoint(RelayCursor& cursor, RelayCursor::Checkpoint checkpoint) {
  *cursor.add_checkpoints() = std::move(checkpoint);
  if (cursor.checkpoints_size() <= kCheckpoints) return;
  int drop = cursor.checkpoints_size() / 2 - 1 - static_cast<int>(cursor.cursor() % 10);
  cursor.mutable_checkpoints()->DeleteSubrange(std::max(drop, 1), 1);
}

}  // namespace

struct Relay::Rep {
  Rep(RelayOptions options_in, const RecordTypes& types_in, Store& store_in,
      Committer& committer_in, const Clock& clock_in, const log::Logger& log_in,
      metrics::Registry& metrics)
      : options(std::move(options_in)),
        type(types_in.Of(RelayCursor::descriptor())),
        store(store_in),
        committer(committer_in),
        clock(clock_in),
        log(log_in.With({{"relay", log::Safe(options.topic)}})),
        key{&type, Uuid{}, NamedUuid("relay", options.service)},
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
                .With({options.service})) {}

  void Loop(std::stop_token stop);
  Result<bool> TakeLease(std::stop_token stop);
  void ShowLag(int64_t head, int64_t acknowledged);
  Status StoreCursor(bool release);
  Status CommitCursor(const RelayCursor& next);
  void Relaying(std::stop_token stop);
  Status CheckEnds();
  Status OpenProducer();
  Result<size_t> SendNext(std::stop_token stop);
  Status Send(const LogRow& row, std::stop_token stop);
  void Pause(std::chrono::milliseconds time, std::stop_token stop);

  const RelayOptions options;
  const RecordType& type;
  Store& store;
  Committer& committer;
  const Clock& clock;
  const log::Logger log;
  const RecordKey key;
  metrics::Counter relayed;
  metrics::Counter hot;
  metrics::Gauge lag;

  // Of the relaying thread.
  std::unique_ptr<kafka::Producer> producer;
  int64_t next_seq = 1;  // the next row to send
  RelayCursor stored;    // as last read or written
  int64_t stored_version = 0;
  Steady::time_point lease_until{};
  Steady::time_point cursor_stored{};
  Steady::time_point ends_checked{};

  std::mutex mutex;
  std::condition_variable_any wake;
  std::deque<LogRow> hot_rows;             // GUARDED_BY(mutex)
  int64_t committed_seq = 0;               // GUARDED_BY(mutex); of own commits
  kafka::AckTracker acks{0};               // GUARDED_BY(mutex)
  std::map<int32_t, int64_t> end_offsets;  // GUARDED_BY(mutex)
  bool delivered = false;                  // GUARDED_BY(mutex); by this producer
  Status failure;                          // GUARDED_BY(mutex)
  bool drain = false;                      // GUARDED_BY(mutex)
  Steady::time_point drain_until{};        // GUARDED_BY(mutex)
  std::jthread thread;
};

Relay::Relay(RelayOptions options, const RecordTypes& types, Store& store, Committer& committer,
             const Clock& clock, const log::Logger& log, metrics::Registry& metrics)
    : rep_(std::make_unique<Rep>(std::move(options), types, store, committer, clock, log,
                                 metrics)) {}

Relay::~Relay() {
  Stop(std::chrono::milliseconds(0));
}

void Relay::Offer(const std::vector<LogRow>& rows) {
  {
    std::lock_guard lock(rep_->mutex);
    rep_->committed_seq = std::max(rep_->committed_seq, rows.back().seq());
    // Only an unbroken run is of use; after a gap the log is read again.
    bool follows = rep_->hot_rows.empty() || rep_->hot_rows.back().seq() + 1 == rows.front().seq();
    if (!follows) rep_->hot_rows.clear();
    if (rep_->hot_rows.size() + rows.size() <= kHotRows) {
      rep_->hot_rows.insert(rep_->hot_rows.end(), rows.begin(), rows.end());
    }
  }
  rep_->wake.notify_all();
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
    auto mine = TakeLease(stop);
    if (!mine.ok()) {
      Status status = mine.status();
      log.Warning("lease not readable", {{"status", status}});
    } else if (*mine) {
      Relaying(stop);
      producer.reset();
      // What waits is counted also while there is no broker to send it to.
      if (auto head = store.LogHead(stop); head.ok()) ShowLag(head->first, stored.cursor());
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

// True: this replica copies until the lease ends or is lost.
Result<bool> Relay::Rep::TakeLease(std::stop_token stop) {
  auto read = store.Get(key, stop);
  if (!read.ok()) return read.status();
  stored = RelayCursor();
  stored_version = 0;
  if (*read) {
    if (auto status = DecodeRecord((*read)->body, stored); !status.ok()) return status;
    stored_version = (*read)->version;
  }
  const auto* lease_end = RelayCursor::descriptor()->FindFieldByName("lease_end_time");
  bool held = stored.holder() != options.holder && !stored.holder().empty() &&
              GetTimestamp(stored, lease_end) > clock.Now();
  if (held) return false;
  auto taken_at = Steady::now();
  RelayCursor next = stored;
  next.set_name(key.name());
  next.set_holder(options.holder);
  next.set_epoch(stored.epoch() + 1);
  SetTimestamp(next, lease_end, clock.Now() + options.lease);
  auto status = CommitCursor(next);
  if (status.code() == Code::kAborted) return false;  // another replica was faster
  if (!status.ok()) return status;
  lease_until = taken_at + options.lease;
  return true;
}

// Compare-and-set by the record's version: a zombie's write is ABORTED.
Status Relay::Rep::CommitCursor(const RelayCursor& next) {
  auto set = std::make_unique<WriteSet>();
  set->tenant = key.tenant;
  set->checks.push_back({key, stored_version});
  set->records.push_back(MakeRecordWrite(key, stored_version + 1, next));
  auto answer = std::make_shared<std::promise<CommitResult>>();
  auto result = answer->get_future();
  auto status = committer.Submit(
      std::move(set), [answer](CommitResult done) { answer->set_value(std::move(done)); });
  if (!status.ok()) return status;
  CommitResult done = result.get();
  if (done.outcome == CommitResult::Outcome::kFailed) return done.status;
  if (done.outcome == CommitResult::Outcome::kStale) {
    return Status(Code::kAborted, "RELAY_LEASE_LOST", "Another replica moved the cursor.");
  }
  stored = next;
  ++stored_version;
  return Status::Ok();
}

Status Relay::Rep::StoreCursor(bool release) {
  RelayCursor next = stored;
  {
    std::lock_guard lock(mutex);
    auto prefix = static_cast<int64_t>(acks.prefix());
    if (prefix > next.cursor()) {
      next.set_cursor(prefix);
      RelayCursor::Checkpoint checkpoint;
      checkpoint.set_seq(prefix);
      for (const auto& [partition, end] : end_offsets) {
        (*checkpoint.mutable_end_offsets())[partition] = end;
      }
      AddCheckpoint(next, std::move(checkpoint));
    }
  }
  auto now = Steady::now();
  const auto* lease_end = RelayCursor::descriptor()->FindFieldByName("lease_end_time");
  SetTimestamp(next, lease_end, release ? clock.Now() : clock.Now() + options.lease);
  CrashPoint("relay.before_cursor_moves");
  auto status = CommitCursor(next);
  if (!status.ok()) return status;
  lease_until = now + options.lease;
  cursor_stored = now;
  return Status::Ok();
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
  std::map<int32_t, int64_t> ends;
  for (const auto& range : *offsets) ends[range.partition] = range.end;
  auto there = [&](const RelayCursor::Checkpoint& checkpoint) {
    return std::all_of(checkpoint.end_offsets().begin(), checkpoint.end_offsets().end(),
                       [&](const auto& each) { return ends[each.first] >= each.second; });
  };
  int keep = stored.checkpoints_size();
  while (keep > 0 && !there(stored.checkpoints(keep - 1))) --keep;
  if (keep == stored.checkpoints_size()) return Status::Ok();
  RelayCursor back = stored;
  back.mutable_checkpoints()->DeleteSubrange(keep, stored.checkpoints_size() - keep);
  back.set_cursor(keep == 0 ? 0 : back.checkpoints(keep - 1).seq());
  log.Error("the broker lost events; they are sent again",
            {{"cursor", stored.cursor()}, {"back_to", back.cursor()}});
  return CommitCursor(back);
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
  {
    std::lock_guard lock(mutex);
    delivered = false;
    acks = kafka::AckTracker(static_cast<uint64_t>(stored.cursor()));
    end_offsets.clear();
    if (stored.checkpoints_size() > 0) {
      const auto& last = stored.checkpoints(stored.checkpoints_size() - 1).end_offsets();
      end_offsets.insert(last.begin(), last.end());
    }
    failure = Status::Ok();
  }
  next_seq = stored.cursor() + 1;
  auto created = kafka::Producer::Create(std::move(producer_options));
  if (!created.ok()) return created.status();
  producer = std::move(*created);
  return Status::Ok();
}

void Relay::Rep::Relaying(std::stop_token stop) {
  Status status = OpenProducer();
  while (status.ok() && !stop.stop_requested()) {
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
      ShowLag(std::max(committed_seq, next_seq - 1), prefix);
      if (!failure.ok()) status = failure;
    }
    if (!status.ok()) break;
    auto now = Steady::now();
    bool moved = prefix > stored.cursor() && now - cursor_stored >= options.cursor_interval;
    bool renew = lease_until - now < options.lease / 2;
    if (moved || renew) status = StoreCursor(false);
    if (status.ok() && now - ends_checked > kEndCheckInterval && all_acked) {
      int64_t before = stored.cursor();
      status = CheckEnds();
      if (stored.cursor() < before) return;  // start again from there
    }
    if (draining && ((all_acked && *sent == 0) || now >= until)) {
      if (status.ok()) status = StoreCursor(true);
      break;
    }
    if (status.ok() && *sent == 0) {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, options.cursor_interval,
                    [&] { return !failure.ok() || (!drain && !hot_rows.empty()); });
    }
  }
  if (!status.ok())
    log.Warning("relay starts again", {{"status", status}, {"cursor", stored.cursor()}});
}

// Sends the rows that follow: those the commits handed over if they continue, otherwise from the
// log. Returns how many.
Result<size_t> Relay::Rep::SendNext(std::stop_token stop) {
  std::vector<LogRow> rows;
  bool from_commits = false;
  {
    std::lock_guard lock(mutex);
    while (!hot_rows.empty() && hot_rows.front().seq() < next_seq) hot_rows.pop_front();
    from_commits = !hot_rows.empty() && hot_rows.front().seq() == next_seq;
    if (from_commits) {
      rows.assign(std::make_move_iterator(hot_rows.begin()),
                  std::make_move_iterator(hot_rows.end()));
      hot_rows.clear();
    }
  }
  if (!from_commits) {
    LogQuery query;
    query.after_seq = next_seq - 1;
    query.limit = kReadBatch;
    auto read = store.ReadLog(query, stop);
    if (!read.ok()) return read.status();
    rows = std::move(*read);
  }
  for (const auto& row : rows) {
    if (auto status = Send(row, stop); !status.ok()) return status;
  }
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
    if (lease_until - Steady::now() < options.lease / 2) {
      if (auto stored_status = StoreCursor(false); !stored_status.ok()) return stored_status;
    }
    std::lock_guard lock(mutex);
    bool late = drain && Steady::now() >= drain_until;
    if (stop.stop_requested() || late)
      return Status(Code::kCancelled, "RELAY_STOPPED", "The relay stops.");
    if (!failure.ok()) return failure;
  }
  next_seq = row.seq() + 1;
  return Status::Ok();
}

}  // namespace crm::events
