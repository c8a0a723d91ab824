// M13 and M14: memory of a service, and how soon after its start it answers.
#include <thread>

#include "libs/testing/eventually.h"
#include "libs/testing/socket.h"
#include "tests/bench/echo.h"
#include "tests/bench/measurements.h"

namespace crm::bench {
namespace {

constexpr int kCallers = 64;

// Seconds from `start` to the first good answer of who listens at `address` soon.
double FirstAnswer(const std::string& address, const Ask& ask, Steady::time_point start) {
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  // A connection that is refused would make gRPC wait for long before it tries again.
  while (!test::Connect(port).valid()) std::this_thread::yield();
  Load load(address, 1);
  for (;;) {
    try {
      load.Once(ask);
      return SecondsSince(start);
    } catch (const std::exception&) {
      if (SecondsSince(start) > 30) throw;
    }
  }
}

struct Started {
  pid_t pid = 0;
  std::string address;
};

// `launch` starts the process; `ask` is a good call, `make` makes load.
Slice Measure(const std::function<Started()>& launch, const Ask& ask, const Load::Make& make,
              double seconds) {
  const auto start = Steady::now();
  const Started started = launch();
  Slice slice;
  slice.operations = 1;
  slice.seconds = FirstAnswer(started.address, ask, start);
  slice.figures["start_ms"] = slice.seconds * 1000;
  slice.figures["pss_idle_kib"] = static_cast<double>(PssKib(started.pid));
  Load load(started.address);
  const LoadResult result = load.Closed(kCallers, seconds, make);
  slice.figures["pss_loaded_kib"] = static_cast<double>(PssKib(started.pid));
  if (result.failed > 0) slice.fault = result.first_error;
  return slice;
}

}  // namespace

void MeasureFootprint(Bench& bench) {
  Creation creation(bench.rig, bench.load, KindOf("lead"));
  const Ask ask = creation.MakeGet(creation.sample(), "/crm.leads.v1.LeadService/GetLead");
  const std::string answer = bench.load.Once(ask);
  // Numbers go on from start to start.
  uint64_t next = 1'000'000'000;
  auto make = [&](uint64_t) { return creation.MakeAsk(next++); };
  auto ours = [&] {
    bench.rig.deployment().Stop("leads");
    return Measure(
        [&] {
          bench.rig.deployment().Launch("leads");
          return Started{bench.rig.deployment().process("leads").pid(), bench.rig.rpc_address()};
        },
        ask, make, bench.effort.seconds);
  };
  auto bare = [&] {
    std::unique_ptr<Echo> echo;
    return Measure(
        [&] {
          echo = std::make_unique<Echo>(bench.rig.folder(), answer);
          return Started{echo->process().pid(), echo->address()};
        },
        ask, make, bench.effort.seconds);
  };
  bench.journal.RunPairs("M13", "leads", bench.effort.pairs, {{"ours", ours}, {"bare", bare}});
}

}  // namespace crm::bench
