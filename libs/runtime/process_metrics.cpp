#include "libs/runtime/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace crm::runtime {

namespace {

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

double OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  // ".", ".." and the folder's own descriptor are not counted.
  double count = -3;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

}  // namespace

std::shared_ptr<void> AddProcessMetrics(metrics::Registry& registry, const Clock& clock,
                                        std::string_view program, std::string_view version) {
  auto resident =
      registry.AddGauge({.name = "crm_process_resident_bytes", .help = "Memory in RAM."}).With({});
  auto cpu = registry
                 .AddCounter({.name = "crm_process_cpu_seconds_total",
                              .help = "Processor time, user and system."})
                 .With({});
  auto files =
      registry.AddGauge({.name = "crm_process_open_files", .help = "Open descriptors."}).With({});
  registry.AddGauge({.name = "crm_process_start_seconds", .help = "Unix time of the start."})
      .With({})
      .Set(std::chrono::duration<double>(clock.Now().time_since_epoch()).count());
  registry
      .AddGauge({.name = "crm_build_info",
                 .help = "Always 1; the labels tell what runs.",
                 .labels = {"program", "version"}})
      .With({program, version})
      .Set(1);
  return registry.OnExpose([resident, cpu, files] {
    resident.Set(ResidentBytes());
    cpu.Add(CpuSeconds() - cpu.value());
    files.Set(OpenFiles());
  });
}

}  // namespace crm::runtime
