// What the machine did meanwhile: CPU time by program, time stolen by its host, how fast it flushes
// and passes a byte around, memory. All from /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>

namespace crm::bench {

using Steady = std::chrono::steady_clock;

inline double SecondsSince(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

// CPU seconds so far of this process ("crm-bench") and of each of its children with all that they
// have started, living or dead, by the program's name: "postgres", "java", "crm-leads", "pgbench".
// Children that have ended and were waited for count as "ended".
std::map<std::string, double> CpuSeconds();

// A moment, to know what passed since.
class Watch {
 public:
  Watch();
  // By program.
  std::map<std::string, double> Cpu() const;
  // Share of all cores' time that the host gave to others.
  double Steal() const;

 private:
  struct Ticks {
    double all = 0;
    double stolen = 0;
  };
  static Ticks Read();

  std::map<std::string, double> cpu_;
  Ticks ticks_;
};

struct Probe {
  double flush_us = 0;  // median of 400 x 8 KiB written and flushed
  double ping_us = 0;   // mean of 64 bytes through a pair of sockets and back, 2000 times, on one
                        // processor
};
// `folder`: on the disk that matters.
Probe ProbeMachine(const std::string& folder);

// Proportional set size in KiB. Throws std::runtime_error.
int64_t PssKib(pid_t pid);

// "2 x Intel(R) Xeon(R) Processor, Linux 6.18".
std::string DescribeMachine();

}  // namespace crm::bench
