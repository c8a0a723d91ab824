// M1 and M1b: creating records.
#include "tests/bench/measurements.h"

namespace crm::bench {
namespace {

// Load at which latency is looked at, of what a closed loop reaches.
constexpr double kLoaded = 0.6;
// Records that are there before.
constexpr int64_t kFilled = 50'000;

std::vector<Side> Throughput(Bench& bench, Creation& creation, int concurrency) {
  const double seconds = bench.effort.seconds;
  return {{"ours",
           [&bench, &creation, concurrency, seconds] {
             return creation.AuditOurs([&] {
               return bench.load.Closed(concurrency, seconds,
                                        [&](uint64_t n) { return creation.MakeAsk(n); });
             });
           }},
          {"tx",
           [&creation, concurrency, seconds] {
             return creation.AuditCounterpart(creation.Transaction(), concurrency, seconds);
           }},
          {"cte", [&creation, concurrency, seconds] {
             return creation.AuditCounterpart(creation.OneStatement(), concurrency, seconds);
           }}};
}

}  // namespace

void MeasureCreate(Bench& bench, const std::string& kind, int concurrency) {
  if (kind == "enquiry") bench.rig.StartContacts();
  Creation creation(bench.rig, bench.load, KindOf(kind));
  creation.Fill(kFilled);
  const bool flushed = bench.rig.durability() == Durability::kFlushed;
  bench.journal.RunPairs(
      "M1", kind + (flushed ? " c=" : " asynchronous c=") + std::to_string(concurrency),
      bench.effort.pairs, Throughput(bench, creation, concurrency));
}

void MeasureCreateLatency(Bench& bench, bool loaded) {
  Creation creation(bench.rig, bench.load, KindOf("lead"));
  creation.Fill(kFilled);
  const double seconds = bench.effort.seconds;
  auto make = [&](uint64_t n) { return creation.MakeAsk(n); };
  if (!loaded) {
    auto sides = Throughput(bench, creation, 1);
    sides.pop_back();
    bench.journal.RunPairs("M1b", "lead c=1", bench.effort.pairs, sides);
    return;
  }
  // Each side at its own share of its own maximum, taken first.
  auto share = [&](double operations) { return kLoaded * operations / seconds; };
  const double ours = share(static_cast<double>(bench.load.Closed(64, seconds, make).answered));
  const double theirs =
      share(creation.AuditCounterpart(creation.Transaction(), 64, seconds).operations);
  bench.journal.RunPairs(
      "M1b", "lead 60%", bench.effort.pairs,
      {{"ours",
        [&] { return creation.AuditOurs([&] { return bench.load.Open(ours, seconds, make); }); }},
       {"tx",
        [&] { return creation.AuditCounterpart(creation.Transaction(), 64, seconds, theirs); }}});
}

}  // namespace crm::bench
