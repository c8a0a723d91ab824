// crm-bench: measures what it is asked for and appends a line for each slice to a journal;
// `tools/dev bench` runs it.
//
//   crm-bench --journal FILE [--pairs N] [--seconds S] CASE...
//
// A case is what crm-bench --list prints.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
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

using LeadsCase = std::function<void(LeadsBench&)>;

const std::vector<std::pair<std::string, LeadsCase>>& LeadsCases() {
  static const std::vector<std::pair<std::string, LeadsCase>> cases = [] {
    std::vector<std::pair<std::string, LeadsCase>> all;
    for (const std::string kind : {"lead", "source", "enquiry"}) {
      for (int concurrency : {1, 8, 64, 256}) {
        all.emplace_back("M1/" + kind + "/" + std::to_string(concurrency),
                         [=](LeadsBench& bench) { MeasureCreate(bench, kind, concurrency); });
      }
    }
    all.emplace_back("M1b/1", [](LeadsBench& bench) { MeasureCreateLatency(bench, false); });
    all.emplace_back("M1b/60", [](LeadsBench& bench) { MeasureCreateLatency(bench, true); });
    for (int concurrency : {1, 64}) {
      all.emplace_back("M2/" + std::to_string(concurrency),
                       [=](LeadsBench& bench) { MeasureGet(bench, concurrency); });
    }
    all.emplace_back("M13/leads", MeasureFootprint);
    return all;
  }();
  return cases;
}

void Run(const Arguments& arguments) {
  std::vector<LeadsCase> wanted;
  for (const auto& name : arguments.cases) {
    const size_t before = wanted.size();
    for (const auto& [known, run] : LeadsCases()) {
      if (known == name || known.starts_with(name + "/")) wanted.push_back(run);
    }
    if (wanted.size() == before) throw std::runtime_error("there is no case " + name);
  }
  Rig rig("leads");
  Load load(rig.rpc_address());
  std::string cases;
  for (const auto& name : arguments.cases) cases += (cases.empty() ? "" : " ") + name;
  Journal journal(arguments.journal, rig.folder(), cases, PostgresSettings());
  LeadsBench bench{rig, load, journal, arguments.effort};
  for (const auto& run : wanted) run(bench);
}

int Main(int argc, char** argv) {
  const Arguments arguments = Read(argc, argv);
  if (arguments.list || arguments.cases.empty()) {
    for (const auto& [name, run] : LeadsCases()) std::printf("%s\n", name.c_str());
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
