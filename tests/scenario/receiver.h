// Receiver: a service in one thread that is brought the events of others in the order that a test
// chooses. The service's own consumer and commit; the test stands for Kafka.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include "libs/events/consumer.h"
#include "libs/testing/call_harness.h"

namespace crm::test {

class Receiver {
 public:
  using Consumers = std::function<std::vector<events::EventConsumer>(const RecordTypes&)>;

  // `consumer` is the name of the one that is brought the events.
  Receiver(const std::vector<const google::protobuf::Descriptor*>& records,
           const Consumers& consumers, const std::string& consumer)
      : harness_(records),
        consumer_(Choose(consumers(harness_.types()), consumer)),
        applier_(consumer_, "receiver", harness_.types(), harness_.pipeline(), log_, metrics_) {}

  CallHarness& harness() { return harness_; }

  // In this order; many at a time, as from Kafka, but one of each subject.
  void Bring(const std::vector<kernel::v1::LogRow>& rows) {
    std::set<std::string> under_way;
    for (const auto& row : rows) {
      if (under_way.size() == kTogether || !under_way.insert(row.subject()).second) {
        harness_.Drain();
        under_way = {row.subject()};
      }
      applier_.Apply(row, 1, [&row](events::Applied how) {
        EXPECT_EQ(how, events::Applied::kDone) << row.type() << " of " << row.subject();
      });
    }
    harness_.Drain();
  }

 private:
  static constexpr size_t kTogether = 64;

  static events::EventConsumer Choose(const std::vector<events::EventConsumer>& all,
                                      const std::string& name) {
    auto found = std::ranges::find(all, name, &events::EventConsumer::name);
    if (found == all.end()) throw std::runtime_error("there is no consumer " + name);
    return *found;
  }

  CallHarness harness_;
  const events::EventConsumer consumer_;
  log::Logger log_ = log::Logger::Silent();
  metrics::Registry metrics_;
  events::EventApplier applier_;
};

// The same rows with subjects in any order, each subject's own in theirs, and every tenth subject
// once more at the end: what partitions and a restart may do to them.
inline std::vector<kernel::v1::LogRow> Shuffled(const std::vector<kernel::v1::LogRow>& rows,
                                                uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<size_t> order(rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  std::map<std::string, std::vector<size_t>> places;
  for (size_t place = 0; place < order.size(); ++place) {
    places[rows[order[place]].subject()].push_back(place);
  }
  std::vector<const kernel::v1::LogRow*> shuffled(rows.size());
  std::map<std::string, size_t> used;
  for (const auto& row : rows) {
    shuffled[places[row.subject()][used[row.subject()]++]] = &row;
  }
  std::vector<kernel::v1::LogRow> result;
  for (const auto* row : shuffled) result.push_back(*row);
  for (size_t i = 0; i < rows.size(); i += 10) result.push_back(*shuffled[i]);
  return result;
}

}  // namespace crm::test
