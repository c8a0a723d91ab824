#include "tests/bench/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace crm::bench {
namespace {

struct Entry {
  std::string name;
  pid_t parent = 0;
  double seconds = 0;
  // Of children that it has waited for.
  double gone = 0;
};

// The fields behind the name, which is in parentheses and may hold anything.
bool ReadStat(const std::filesystem::path& folder, Entry& entry) {
  std::ifstream file(folder / "stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  size_t open = text.find('(');
  size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  entry.name = text.substr(open + 1, close - open - 1);
  std::istringstream fields(text.substr(close + 1));
  std::vector<std::string> values;
  for (std::string value; fields >> value;) values.push_back(value);
  static const double kTick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  auto ticks = [&](size_t i) { return std::stod(values.at(i)) * kTick; };
  entry.parent = static_cast<pid_t>(std::stol(values.at(1)));
  entry.seconds = ticks(11) + ticks(12);
  entry.gone = ticks(13) + ticks(14);
  return true;
}

std::map<pid_t, Entry> ReadProcesses() {
  std::map<pid_t, Entry> processes;
  for (const auto& folder : std::filesystem::directory_iterator("/proc")) {
    const std::string name = folder.path().filename();
    Entry entry;
    if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
    if (ReadStat(folder.path(), entry)) processes[static_cast<pid_t>(std::stol(name))] = entry;
  }
  return processes;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double ProbeFlush(const std::string& folder) {
  const std::string path = folder + "/flush_probe";
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot write " + path);
  const std::string page(8192, 'x');
  std::vector<double> took;
  for (int i = 0; i < 400; ++i) {
    auto start = Steady::now();
    if (write(fd, page.data(), page.size()) < 0 || fdatasync(fd) != 0) break;
    took.push_back(SecondsSince(start) * 1e6);
  }
  close(fd);
  unlink(path.c_str());
  if (took.size() != 400) throw std::runtime_error("cannot flush " + path);
  return Median(std::move(took));
}

// Keeps the calling thread, and those that it starts, on one processor.
class OnOneProcessor {
 public:
  OnOneProcessor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_getaffinity(0, sizeof all_, &all_) != 0 ||
        sched_setaffinity(0, sizeof one, &one) != 0)
      throw std::runtime_error("cannot stay on one processor");
  }
  ~OnOneProcessor() { sched_setaffinity(0, sizeof all_, &all_); }
  OnOneProcessor(const OnOneProcessor&) = delete;
  OnOneProcessor& operator=(const OnOneProcessor&) = delete;

 private:
  cpu_set_t all_;
};

// Both ends on one processor: to wake another one takes ten times as long, so that where the
// scheduler happened to put the two said more than how fast the machine was.
double ProbePing() {
  constexpr int kTimes = 2000;
  OnOneProcessor stay;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error("no socket pair");
  }
  std::thread echo([&] {
    char bytes[64];
    while (read(ends[1], bytes, sizeof bytes) > 0) {
      if (write(ends[1], bytes, sizeof bytes) < 0) break;
    }
  });
  char bytes[64] = {};
  auto start = Steady::now();
  for (int i = 0; i < kTimes; ++i) {
    if (write(ends[0], bytes, sizeof bytes) < 0 || read(ends[0], bytes, sizeof bytes) < 0) break;
  }
  double seconds = SecondsSince(start);
  shutdown(ends[0], SHUT_RDWR);
  echo.join();
  close(ends[0]);
  close(ends[1]);
  return seconds / kTimes * 1e6;
}

}  // namespace

std::map<std::string, double> CpuSeconds() {
  const auto processes = ReadProcesses();
  const pid_t self = getpid();
  std::map<std::string, double> sums;
  for (const auto& [pid, entry] : processes) {
    // The ancestor that is our child.
    pid_t top = pid;
    for (auto at = processes.find(top); at != processes.end() && at->second.parent != self;
         at = processes.find(top)) {
      top = at->second.parent;
    }
    if (pid == self) {
      sums["crm-bench"] += entry.seconds;
      sums["ended"] += entry.gone;
    } else if (auto found = processes.find(top); found != processes.end()) {
      sums[found->second.name] += entry.seconds + entry.gone;
    }
  }
  return sums;
}

Watch::Watch() : cpu_(CpuSeconds()), ticks_(Read()) {}

std::map<std::string, double> Watch::Cpu() const {
  auto now = CpuSeconds();
  for (auto& [name, seconds] : now) {
    auto before = cpu_.find(name);
    if (before != cpu_.end()) seconds -= before->second;
  }
  return now;
}

double Watch::Steal() const {
  Ticks now = Read();
  double all = now.all - ticks_.all;
  return all <= 0 ? 0 : (now.stolen - ticks_.stolen) / all;
}

Watch::Ticks Watch::Read() {
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  Ticks ticks;
  // user nice system idle iowait irq softirq steal; guest time is in user time already.
  for (int i = 0; i < 8; ++i) {
    double value = 0;
    file >> value;
    ticks.all += value;
    if (i == 7) ticks.stolen = value;
  }
  return ticks;
}

Probe ProbeMachine(const std::string& folder) {
  return {ProbeFlush(folder), ProbePing()};
}

int64_t PssKib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string word; file >> word;) {
    int64_t kib = 0;
    if (word == "Pss:" && file >> kib) return kib;
  }
  throw std::runtime_error("no PSS of process " + std::to_string(pid));
}

std::string DescribeMachine() {
  utsname name{};
  uname(&name);
  std::string model = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    model = line.substr(line.find(':') + 2);
    break;
  }
  return std::to_string(std::thread::hardware_concurrency()) + " x " + model + ", Linux " +
         name.release;
}

}  // namespace crm::bench
