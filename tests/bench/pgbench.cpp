#include "tests/bench/pgbench.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "libs/testing/process.h"

namespace crm::bench {
namespace {

namespace fs = std::filesystem;

// "number of transactions actually processed: 123" in what pgbench prints.
double NumberAfter(const std::string& text, const std::string& label) {
  size_t at = text.find(label);
  if (at == std::string::npos) throw std::runtime_error("pgbench says no '" + label + "': " + text);
  return std::stod(text.substr(at + label.size()));
}

// A line of its log for each transaction: client, number, microseconds, ...
Histogram ReadLatency(const fs::path& folder) {
  Histogram latency;
  for (const auto& file : fs::directory_iterator(folder)) {
    std::ifstream log(file.path());
    int64_t client = 0, number = 0, micros = 0;
    for (std::string rest; log >> client >> number >> micros && std::getline(log, rest);) {
      latency.Add(std::chrono::microseconds(micros));
    }
  }
  return latency;
}

}  // namespace

Slice RunPgbench(const PgbenchOptions& options) {
  const fs::path script = options.folder + "/script.sql";
  const fs::path logs = options.folder + "/pgbench";
  fs::remove_all(logs);
  fs::create_directories(logs);
  std::ofstream(script) << options.script;
  std::vector<std::string> argv = {"/usr/lib/postgresql/15/bin/pgbench",
                                   "-n",
                                   "-M",
                                   "prepared",
                                   "-c",
                                   std::to_string(options.clients),
                                   "-j",
                                   std::to_string(std::min(options.clients, 2)),
                                   "-T",
                                   std::to_string(std::lround(std::max(1.0, options.seconds))),
                                   "-f",
                                   script.string(),
                                   "-D",
                                   "i=" + std::to_string(options.start),
                                   "-l",
                                   "--log-prefix",
                                   (logs / "log").string()};
  if (options.rate > 0) argv.insert(argv.end(), {"-R", std::to_string(options.rate)});
  argv.push_back(options.dsn);
  test::Process process({.argv = argv, .directory = options.folder});
  if (process.Wait(std::chrono::minutes(5)) != 0) throw std::runtime_error(process.Log());
  const std::string said = process.Log();
  Slice slice;
  slice.operations = NumberAfter(said, "number of transactions actually processed: ");
  slice.seconds = slice.operations / NumberAfter(said, "tps = ");
  AddLatency(ReadLatency(logs), slice);
  double failed = NumberAfter(said, "number of failed transactions: ");
  if (failed > 0) slice.fault = std::to_string(failed) + " transactions failed";
  return slice;
}

}  // namespace crm::bench
