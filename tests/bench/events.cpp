// M6 and M7: events on their way to Kafka.
#include <atomic>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "libs/kafka/topic_reader.h"
#include "libs/testing/eventually.h"
#include "tests/bench/measurements.h"
#include "tests/bench/must.h"
#include "tests/bench/raw_kafka.h"

namespace crm::bench {
namespace {

constexpr char kRaw[] = "bench.raw";
constexpr auto kPatience = std::chrono::seconds(120);

kafka::Deadline Soon() {
  return Steady::now() + std::chrono::seconds(20);
}

std::unique_ptr<kafka::TopicReader> Reader(Rig& rig, const std::string& topic, bool follow) {
  kafka::TopicReaderOptions options;
  options.client.brokers = rig.servers().kafka.address();
  options.topic = topic;
  options.follow = follow;
  if (follow) {
    for (const auto& range : Must(rig.kafka_admin().Offsets(topic, Soon()))) {
      options.from[range.partition] = range.end;
    }
  }
  return Must(kafka::TopicReader::Open(options, Soon()));
}

// An event of ours as it is in the topic, and a topic of the same shape for the bare loop.
kafka::ReceivedMessage Sample(Rig& rig) {
  Status made = rig.kafka_admin().CreateTopics({{.name = kRaw}}, Soon());
  if (!made.ok()) throw std::runtime_error(made.ToString());
  auto reader = Reader(rig, rig.topic(), false);
  auto messages = Must(reader->Next(std::chrono::seconds(10)));
  if (messages.empty()) throw std::runtime_error("the topic is empty");
  return messages.front();
}

// The key of the record number `n`, in place of the sample's.
std::string KeyOf(const kafka::ReceivedMessage& sample, uint64_t n) {
  return sample.key.substr(0, sample.key.rfind('/') + 1) + RecordId(n);
}
uint64_t NumberOf(const std::string& key) {
  return std::stoull(key.substr(key.size() - 12), nullptr, 16);
}

// From the first message that is seen in the topic to the last.
Slice Drain(Rig& rig, int64_t count, const std::function<void()>& start) {
  const int64_t before = rig.TopicEnd(rig.topic());
  start();
  int64_t first = 0, end = before;
  Steady::time_point begun;
  const bool all = static_cast<bool>(test::Eventually(
      [&] {
        end = rig.TopicEnd(rig.topic());
        if (first == 0 && end > before) {
          first = end;
          begun = Steady::now();
        }
        return end >= before + count;
      },
      kPatience));
  Slice slice{static_cast<double>(end - first), SecondsSince(begun)};
  if (!all || end != before + count) {
    slice.fault = "audit: " + std::to_string(end - before) + " of " + std::to_string(count);
  }
  return slice;
}

// Notes when each message of a topic arrives, from its end on.
class Arrivals {
 public:
  Arrivals(Rig& rig, const std::string& topic) : reader_(Reader(rig, topic, true)) {
    thread_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        auto messages = reader_->Next(std::chrono::milliseconds(200));
        const auto now = Steady::now();
        if (!messages.ok()) continue;
        std::lock_guard lock(mutex_);
        for (const auto& message : *messages) arrived_.emplace(NumberOf(message.key), now);
        count_ += messages->size();
      }
    });
  }
  // Compares with when each was sent; a fault where not each came once.
  void Compare(const std::unordered_map<uint64_t, Steady::time_point>& sent, Slice& slice) {
    static_cast<void>(test::Eventually([&] { return count_ >= sent.size(); }));
    thread_.request_stop();
    thread_.join();
    Histogram latency;
    double before = 0;
    for (const auto& [number, moment] : sent) {
      auto found = arrived_.find(number);
      if (found == arrived_.end()) continue;
      latency.Add(found->second - moment);
      before += found->second < moment;
    }
    AddLatency(latency, slice);
    slice.figures["before"] = before / static_cast<double>(std::max<size_t>(1, sent.size()));
    if (count_ != sent.size() || latency.count() != sent.size()) {
      slice.fault += "audit: " + std::to_string(count_) + " of " + std::to_string(sent.size());
    }
  }

 private:
  std::unique_ptr<kafka::TopicReader> reader_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Steady::time_point> arrived_;  // GUARDED_BY(mutex_)
  std::atomic<size_t> count_ = 0;
  std::jthread thread_;
};

using Moments = std::unordered_map<uint64_t, Steady::time_point>;

// A producer that is connected; the message that it has sent for that is in the topic.
std::unique_ptr<RawKafka> Connected(Rig& rig, const kafka::ReceivedMessage& sample, int linger_ms) {
  auto producer = std::make_unique<RawKafka>(rig.servers().kafka.address(), linger_ms);
  producer->Send(kRaw, KeyOf(sample, 0), sample);
  producer->Flush();
  return producer;
}

// Sends at random moments; what is measured is from the send to the arrival.
Slice BareLatency(Rig& rig, RawKafka& producer, const kafka::ReceivedMessage& sample, double rate,
                  double seconds) {
  Arrivals arrivals(rig, kRaw);
  Moments sent;
  std::mt19937_64 random(7);
  std::exponential_distribution<double> gap(rate);
  const auto start = Steady::now();
  double next = gap(random);
  for (uint64_t n = 0; next < seconds; ++n, next += gap(random)) {
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(next)));
    sent[n] = Steady::now();
    producer.Send(kRaw, KeyOf(sample, n), sample);
  }
  producer.Flush();
  Slice slice{static_cast<double>(sent.size()), seconds};
  arrivals.Compare(sent, slice);
  return slice;
}

}  // namespace

void MeasureDrain(Bench& bench, int64_t events) {
  Rig& rig = bench.rig;
  Creation creation(rig, bench.load, KindOf("source"));
  if (!rig.WaitForTopicEnd(creation.CountLog())) throw std::runtime_error("the relay lags");
  const auto sample = Sample(rig);
  uint64_t next = uint64_t{1} << 41;
  auto ours = [&] {
    rig.deployment().Stop("leads");
    creation.FillLog(next, events);
    next += static_cast<uint64_t>(events);
    return Drain(rig, events, [&] { rig.deployment().Launch("leads"); });
  };
  auto producer = Connected(rig, sample, 5);
  auto bare = [&] {
    const int64_t before = rig.TopicEnd(kRaw);
    const auto start = Steady::now();
    for (int64_t n = 0; n < events; ++n) {
      producer->Send(kRaw, KeyOf(sample, static_cast<uint64_t>(n)), sample);
    }
    producer->Flush();
    Slice slice{static_cast<double>(events), SecondsSince(start)};
    if (rig.TopicEnd(kRaw) != before + events) slice.fault = "audit: messages are missing";
    return slice;
  };
  bench.journal.RunPairs("M7", std::to_string(events) + " events", bench.effort.pairs,
                         {{"ours", ours}, {"bare", bare}});
}

void MeasureEventLatency(Bench& bench, double rate) {
  Rig& rig = bench.rig;
  Creation creation(rig, bench.load, KindOf("source"));
  if (!rig.WaitForTopicEnd(creation.CountLog())) throw std::runtime_error("the relay lags");
  const auto sample = Sample(rig);
  auto producer = Connected(rig, sample, 0);
  const double seconds = bench.effort.seconds;
  auto ours = [&] {
    Arrivals arrivals(rig, rig.topic());
    Moments answered;
    Slice slice = creation.AuditOurs([&] {
      return bench.load.Open(
          rate, seconds, [&](uint64_t n) { return creation.MakeAsk(n); },
          [&](uint64_t n, const std::string&) { answered[n] = Steady::now(); });
    });
    arrivals.Compare(answered, slice);
    return slice;
  };
  bench.journal.RunPairs(
      "M6", "source " + std::to_string(static_cast<int>(rate)) + "/s", bench.effort.pairs,
      {{"ours", ours},
       {"bare", [&] { return BareLatency(rig, *producer, sample, rate, seconds); }}});
}

}  // namespace crm::bench
