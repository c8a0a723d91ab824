// What the process itself uses: memory, processor time, open files, and which version it is.
#pragma once

#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/metrics/registry.h"

namespace crm::runtime {

// crm_process_resident_bytes, crm_process_cpu_seconds_total, crm_process_open_files,
// crm_process_start_seconds (Unix time of this call) and crm_build_info{program, version},
// refreshed with each Expose() while the returned token lives. Thread-safe.
[[nodiscard]] std::shared_ptr<void> AddProcessMetrics(metrics::Registry& registry,
                                                      const Clock& clock, std::string_view program,
                                                      std::string_view version);

}  // namespace crm::runtime
