// crm-bench: measures what it is asked for and appends a line for each slice to a journal;
// `tools/dev bench` runs it.
//
//   crm-bench --journal FILE [--pairs N] [--seconds S] CASE...
//
// A case is what crm-bench --list prints.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

#include "tests/bench/measurements.h"

namespace crm::bench {
namespace {

struct Arguments {
  std::string journal = "bench.jsonl";
  Effort effort;
  std::vector<std::string> cases;
  bool list = false;
};

Arguments Read(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--journal" && more) {
      arguments.journal = argv[++i];
    } else if (word == "--pairs" && more) {
      arguments.effort.pairs = std::atoi(argv[++i]);
    } else if (word == "--seconds" && more) {
      arguments.effort.seconds = std::atof(argv[++i]);
    } else if (word == "--list") {
      arguments.list = true;
    } else {
      arguments.cases.push_back(word);
    }
  }
  return arguments;
}

// What is measured on which service.
struct Case {
  std::string service;
  std::function<void(Bench&)> run;
  Durability durability = Durability::kFlushed;
};

const std::vector<std::pair<std::string, Case>>& Cases() {
  static const std::vector<std::pair<std::string, Case>> cases = [] {
    std::vector<std::pair<std::string, Case>> all;
    auto leads = [&](const std::string& name, std::function<void(Bench&)> run) {
      all.emplace_back(name, Case{"leads", std::move(run)});
    };
    for (const std::string kind : {"lead", "source", "enquiry"}) {
      for (int concurrency : {1, 8, 64, 256}) {
        leads("M1/" + kind + "/" + std::to_string(concurrency),
              [=](Bench& bench) { MeasureCreate(bench, kind, concurrency); });
      }
    }
    all.emplace_back("M1-asynchronous/lead/64",
                     Case{"leads", [](Bench& bench) { MeasureCreate(bench, "lead", 64); },
                          Durability::kAsynchronous});
    leads("M1b/1", [](Bench& bench) { MeasureCreateLatency(bench, false); });
    leads("M1b/60", [](Bench& bench) { MeasureCreateLatency(bench, true); });
    for (int concurrency : {1, 64}) {
      leads("M2/" + std::to_string(concurrency),
            [=](Bench& bench) { MeasureGet(bench, concurrency); });
    }
    leads("M6/1000", [](Bench& bench) { MeasureEventLatency(bench, 1000); });
    for (int events : {100'000, 1'000'000}) {
      leads("M7/" + std::to_string(events), [=](Bench& bench) { MeasureDrain(bench, events); });
    }
    leads("M13/leads", MeasureFootprint);
    for (int records : {100'000, 1'000'000}) {
      all.emplace_back("M3/" + std::to_string(records),
                       Case{"deals", [=](Bench& bench) { MeasureList(bench, records); }});
    }
    for (int rows : {2'000, 20'000}) {
      all.emplace_back("M5/" + std::to_string(rows),
                       Case{"contacts", [=](Bench& bench) { MeasureImport(bench, rows); }});
    }
    return all;
  }();
  return cases;
}

void Run(const Arguments& arguments) {
  std::map<std::pair<std::string, Durability>, std::vector<Case>> wanted;
  std::string names;
  for (const auto& name : arguments.cases) {
    names += (names.empty() ? "" : " ") + name;
    bool found = false;
    for (const auto& [known, measured] : Cases()) {
      if (known != name && !known.starts_with(name + "/")) continue;
      wanted[{measured.service, measured.durability}].push_back(measured);
      found = true;
    }
    if (!found) throw std::runtime_error("there is no case " + name);
  }
  for (const auto& [machine, cases] : wanted) {
    const auto& [service, durability] = machine;
    Rig rig(service, durability);
    Load load(rig.rpc_address());
    Journal journal(arguments.journal, rig.folder(), names, PostgresSettings(durability));
    Bench bench{rig, load, journal, arguments.effort};
    for (const auto& measured : cases) measured.run(bench);
  }
}

int Main(int argc, char** argv) {
  const Arguments arguments = Read(argc, argv);
  if (arguments.list || arguments.cases.empty()) {
    for (const auto& [name, run] : Cases()) std::printf("%s\n", name.c_str());
    return 0;
  }
  try {
    Run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crm-bench: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace crm::bench

int main(int argc, char** argv) {
  return crm::bench::Main(argc, argv);
}
