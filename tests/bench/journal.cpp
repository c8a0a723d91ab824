#include "tests/bench/journal.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "libs/base/clock.h"

namespace crm::bench {
namespace {

// Text of ours, without anything that JSON would want escaped but quotes and control characters.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + "\"";
}

std::string Object(const std::map<std::string, double>& values) {
  std::ostringstream text;
  text << "{";
  const char* comma = "";
  for (const auto& [name, value] : values) {
    text << comma << Quoted(name) << ": " << value;
    comma = ", ";
  }
  text << "}";
  return text.str();
}

}  // namespace

void AddLatency(const Histogram& latency, Slice& slice) {
  slice.figures["p50_us"] = latency.Quantile(0.5);
  slice.figures["p90_us"] = latency.Quantile(0.9);
  slice.figures["p99_us"] = latency.Quantile(0.99);
  slice.figures["max_us"] = latency.max();
}

Slice SliceOf(const LoadResult& result) {
  Slice slice{static_cast<double>(result.answered), result.seconds};
  AddLatency(result.latency, slice);
  if (result.failed > 0) {
    slice.fault = std::to_string(result.failed) + " calls failed: " + result.first_error;
  }
  return slice;
}

Journal::Journal(const std::string& file, const std::string& folder, const std::string& cases,
                 const std::vector<std::string>& postgres)
    : file_(file), folder_(folder) {
  std::string settings;
  for (const auto& setting : postgres) settings += (settings.empty() ? "" : " ") + setting;
  Write("{\"run\": {\"time\": " + Quoted(FormatTime(SystemClock().Now())) +
        ", \"machine\": " + Quoted(DescribeMachine()) + ", \"cases\": " + Quoted(cases) +
        ", \"postgres\": " + Quoted(settings) + "}}");
}

void Journal::Write(const std::string& line) {
  std::ofstream(file_, std::ios::app) << line << "\n";
}

void Journal::RunPairs(const std::string& measurement, const std::string& name, int pairs,
                       const std::vector<Side>& sides) {
  Probe before = ProbeMachine(folder_);
  for (int pair = 0; pair < pairs; ++pair) {
    std::vector<std::string> lines;
    for (const auto& side : sides) {
      Watch watch;
      Slice slice = side.run();
      std::ostringstream line;
      line << "{\"measurement\": " << Quoted(measurement) << ", \"case\": " << Quoted(name)
           << ", \"pair\": " << pair << ", \"side\": " << Quoted(side.name)
           << ", \"operations\": " << slice.operations << ", \"seconds\": " << slice.seconds
           << ", \"figures\": " << Object(slice.figures) << ", \"cpu\": " << Object(watch.Cpu())
           << ", \"steal\": " << watch.Steal() << ", \"fault\": " << Quoted(slice.fault);
      lines.push_back(line.str());
      std::printf("%s %s %d %-6s %10.0f/s p50 %.0f us p99 %.0f us %s\n", measurement.c_str(),
                  name.c_str(), pair, side.name.c_str(), slice.operations / slice.seconds,
                  slice.figures["p50_us"], slice.figures["p99_us"], slice.fault.c_str());
      std::fflush(stdout);
    }
    Probe after = ProbeMachine(folder_);
    std::ostringstream probes;
    probes << ", \"flush_us\": [" << before.flush_us << ", " << after.flush_us
           << "], \"ping_us\": [" << before.ping_us << ", " << after.ping_us << "]}";
    for (const auto& line : lines) Write(line + probes.str());
    before = after;
  }
}

}  // namespace crm::bench
