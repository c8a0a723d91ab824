#include "libs/events/kafka_source.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "libs/base/crash_point.h"
#include "libs/base/planted_bug.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/consumer.h"

namespace crm::events {

using kernel::v1::LogRow;

namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr auto kFirstPause = std::chrono::milliseconds(100);
constexpr auto kLongestPause = std::chrono::seconds(30);

std::chrono::milliseconds PauseAfter(int attempt) {
  return std::min<std::chrono::milliseconds>(kFirstPause * (1 << std::min(attempt, 10)),
                                             kLongestPause);
}

// An event on its way through the applier.
struct Work {
  kafka::TopicPartition partition;
  int64_t offset = 0;
  LogRow row;
  int attempt = 1;
  std::chrono::steady_clock::time_point not_before{};
};

}  // namespace

struct KafkaSource::Rep : std::enable_shared_from_this<Rep> {
  Rep(KafkaSourceOptions options_in, EventApplier& applier_in, const log::Logger& log_in,
      metrics::Registry& metrics)
      : options(std::move(options_in)),
        applier(applier_in),
        log(log_in.With({{"group", log::Safe(options.group_id)}})),
        lag(metrics.AddGauge({.name = "crm_consumer_lag_events",
                              .help = "Events of a consumer's topics that are not in effect yet.",
                              .labels = {"group"}})),
        malformed(metrics.AddCounter({.name = "crm_consumer_malformed_total",
                                      .help = "Messages that are no events of ours.",
                                      .labels = {"group"}})) {}

  void Loop(std::stop_token stop);
  void Take(const kafka::ReceivedMessage& message);
  void StartReady();
  void Finish(const std::string& subject, Applied applied);
  void Done(const Work& work);
  void Revoke(const std::vector<kafka::TopicPartition>& partitions, bool lost);
  void HoldBack(kafka::Consumer& consumer);
  void ReportLag(const kafka::Consumer& consumer);

  KafkaSourceOptions options;
  EventApplier& applier;
  const log::Logger log;
  metrics::GaugeFamily lag;
  metrics::CounterFamily malformed;
  std::unique_ptr<kafka::Consumer> consumer;
  std::jthread thread;

  std::mutex mutex;
  std::condition_variable wake;
  // Per subject, in order; the front one is under way where the subject is in `running`.
  std::map<std::string, std::deque<Work>> subjects;  // GUARDED_BY(mutex)
  std::set<std::string> running;                     // GUARDED_BY(mutex)
  // Offsets that were taken and are not done, per partition, and the highest taken.
  std::map<kafka::TopicPartition, std::set<int64_t>> open;  // GUARDED_BY(mutex)
  std::map<kafka::TopicPartition, int64_t> taken;           // GUARDED_BY(mutex)
  size_t waiting = 0;                                       // GUARDED_BY(mutex)
  bool stopping = false;                                    // GUARDED_BY(mutex)
  std::set<kafka::TopicPartition> paused;                   // of the polling thread
};

KafkaSource::KafkaSource(KafkaSourceOptions options, EventApplier& applier, const Clock&,
                         const log::Logger& log, metrics::Registry& metrics)
    : rep_(std::make_shared<Rep>(std::move(options), applier, log, metrics)) {}

KafkaSource::~KafkaSource() {
  Stop(std::chrono::milliseconds(0));
}

void KafkaSource::Start() {
  kafka::ConsumerOptions options;
  options.client = rep_->options.kafka;
  options.group_id = rep_->options.group_id;
  options.topics = rep_->options.topics;
  options.session_timeout = rep_->options.session_timeout;
  options.on_revoked = [rep = rep_.get()](const std::vector<kafka::TopicPartition>& partitions,
                                          bool lost) { rep->Revoke(partitions, lost); };
  auto consumer = kafka::Consumer::Create(std::move(options));
  if (!consumer.ok()) {
    Status status = consumer.status();
    rep_->log.Error("consumer not started", {{"status", status}});
    return;
  }
  rep_->consumer = std::move(*consumer);
  rep_->thread = std::jthread([rep = rep_.get()](std::stop_token stop) { rep->Loop(stop); });
}

void KafkaSource::Stop(std::chrono::milliseconds patience) {
  if (!rep_->thread.joinable()) return;
  rep_->thread.request_stop();
  rep_->thread.join();
  auto deadline = std::chrono::steady_clock::now() + patience;
  {
    std::unique_lock lock(rep_->mutex);
    rep_->stopping = true;
    rep_->wake.wait_until(lock, deadline, [this] { return rep_->running.empty(); });
  }
  auto closed = rep_->consumer->Close(deadline + std::chrono::milliseconds(500));
  if (!closed.ok()) rep_->log.Warning("consumer left late", {{"status", closed}});
}

void KafkaSource::Rep::Loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto messages = consumer->Poll(kPoll);
    if (!messages.ok()) {
      Status status = messages.status();
      log.Error("consumer ended", {{"status", status}});
      return;
    }
    for (const auto& message : *messages) Take(message);
    StartReady();
    HoldBack(*consumer);
    ReportLag(*consumer);
  }
}

void KafkaSource::Rep::Take(const kafka::ReceivedMessage& message) {
  Work work;
  work.partition = {message.topic, message.partition};
  work.offset = message.offset;
  auto row = FromCloudEvent(message);
  std::lock_guard lock(mutex);
  open[work.partition].insert(work.offset);
  taken[work.partition] = std::max(taken[work.partition], work.offset + 1);
  if (!row.ok()) {
    // Nothing of ours is in it that could be applied later; it stays in the topic for people to
    // look at.
    malformed.With({options.group_id}).Add();
    Status status = row.status();
    log.Error(
        "malformed event",
        {{"topic", log::Safe(message.topic)}, {"offset", message.offset}, {"status", status}});
    return Done(work);
  }
  if (PlantedBug("offset_before_commit")) {
    static_cast<void>(consumer->StoreOffset(work.partition, work.offset + 1));
    // Well behind the next commit of offsets, so that any kill shows it.
    work.not_before = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  }
  work.row = std::move(*row);
  subjects[message.key].push_back(std::move(work));
  ++waiting;
}

// Starts the first event of each subject that waits, as far as the window allows.
void KafkaSource::Rep::StartReady() {
  auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, Work>> ready;
  {
    std::lock_guard lock(mutex);
    if (stopping) return;
    for (auto& [subject, queue] : subjects) {
      if (running.size() >= options.window) break;
      if (running.contains(subject) || queue.front().not_before > now) continue;
      running.insert(subject);
      ready.emplace_back(subject, queue.front());
    }
  }
  for (auto& [subject, work] : ready) {
    applier.Apply(work.row, work.attempt,
                  [self = shared_from_this(), key = subject](Applied applied) {
                    self->Finish(key, applied);
                  });
  }
}

void KafkaSource::Rep::Finish(const std::string& subject, Applied applied) {
  CrashPoint("consumer.before_offset");
  bool more = false;
  {
    std::lock_guard lock(mutex);
    running.erase(subject);
    auto found = subjects.find(subject);
    if (found != subjects.end()) {
      Work& work = found->second.front();
      if (applied == Applied::kAgain) {
        work.not_before = std::chrono::steady_clock::now() + PauseAfter(work.attempt++);
      } else {
        Done(work);
        --waiting;
        found->second.pop_front();
        more = !found->second.empty();
        if (!more) subjects.erase(found);
      }
    }
  }
  wake.notify_all();
  if (more) StartReady();
}

// REQUIRES(mutex). Everything below the lowest open offset is done.
void KafkaSource::Rep::Done(const Work& work) {
  auto found = open.find(work.partition);
  if (found == open.end()) return;  // revoked meanwhile
  auto& offsets = found->second;
  offsets.erase(work.offset);
  int64_t next = offsets.empty() ? taken[work.partition] : *offsets.begin();
  // Another member may have the partition by now; then the work is seen there again, and dropped by
  // its inbox.
  if (consumer != nullptr && !consumer->StoreOffset(work.partition, next).ok()) offsets.clear();
}

void KafkaSource::Rep::Revoke(const std::vector<kafka::TopicPartition>& partitions, bool lost) {
  std::unique_lock lock(mutex);
  auto ours = [&](const Work& work) {
    return std::find(partitions.begin(), partitions.end(), work.partition) != partitions.end();
  };
  for (auto at = subjects.begin(); at != subjects.end();) {
    // What is under way is finished; what waits will be seen by the next owner.
    auto& queue = at->second;
    bool keep = running.contains(at->first);
    while (queue.size() > (keep ? 1u : 0u) && ours(queue.back())) {
      queue.pop_back();
      --waiting;
    }
    at = queue.empty() ? subjects.erase(at) : std::next(at);
  }
  if (!lost) {
    wake.wait_for(lock, std::chrono::seconds(5), [&] {
      return std::none_of(running.begin(), running.end(), [&](const std::string& subject) {
        auto found = subjects.find(subject);
        return found != subjects.end() && ours(found->second.front());
      });
    });
  }
  for (const auto& partition : partitions) {
    open.erase(partition);
    taken.erase(partition);
    paused.erase(partition);
  }
}

// Polling goes on so that the group keeps its members; the broker keeps the messages. Partitions
// that come while others are held back are held back with them.
void KafkaSource::Rep::HoldBack(kafka::Consumer& from) {
  std::vector<kafka::TopicPartition> partitions;
  bool full;
  {
    std::lock_guard lock(mutex);
    full = waiting > options.window * (paused.empty() ? 4 : 2);
    for (const auto& [partition, offsets] : open) {
      if (paused.contains(partition) != full) partitions.push_back(partition);
    }
  }
  if (partitions.empty()) return;
  auto status = full ? from.Pause(partitions) : from.Resume(partitions);
  // A partition that moved meanwhile is not ours to pause.
  if (!status.ok()) log.Warning("partitions not held back", {{"status", status}});
  if (full) {
    paused.insert(partitions.begin(), partitions.end());
  } else {
    paused.clear();
  }
}

void KafkaSource::Rep::ReportLag(const kafka::Consumer& from) {
  int64_t total = 0;
  for (const auto& progress : from.Progress()) {
    if (!progress.end_offset) continue;
    total += *progress.end_offset - progress.next_offset.value_or(0);
  }
  lag.With({options.group_id}).Set(static_cast<double>(std::max<int64_t>(total, 0)));
}

}  // namespace crm::events
