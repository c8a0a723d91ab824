// The journal: one line of JSON for each slice that was measured, from which
// tools/lib/bench_report.py makes the figures. Judging (medians of ratios, what is dropped, gates)
// is done there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/load.h"
#include "tests/bench/machine.h"

namespace crm::bench {

// What one side did in one slice.
struct Slice {
  double operations = 0;
  double seconds = 0;
  // Other figures by name: "p50_us", "rate".
  std::map<std::string, double> figures{};
  // What the audit of the work found wrong; empty: nothing.
  std::string fault{};
};

// Quantiles as figures: p50_us, p90_us, p99_us, max_us.
void AddLatency(const Histogram& latency, Slice& slice);
// A slice of what a load did; failed calls are a fault.
Slice SliceOf(const LoadResult& result);

struct Side {
  std::string name;  // "ours", "tx"
  std::function<Slice()> run;
};

// How much is measured.
struct Effort {
  int pairs = 7;
  double seconds = 5;
};

class Journal {
 public:
  // Appends to `file`, first what is measured on; probes flush in `folder`. `cases`: as asked for.
  Journal(const std::string& file, const std::string& folder, const std::string& cases,
          const std::vector<std::string>& postgres);

  // A slice of each side, again and again: A B A B. Probes the machine before and after each pair.
  void RunPairs(const std::string& measurement, const std::string& name, int pairs,
                const std::vector<Side>& sides);

 private:
  void Write(const std::string& line);

  const std::string file_;
  const std::string folder_;
};

}  // namespace crm::bench
