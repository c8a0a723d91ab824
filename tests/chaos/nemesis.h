// The nemesis: which lives crm-all gets and how each ends, as the seed decides.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/chaos/campaign.h"

namespace crm::chaos {

enum class Fault {
  kNone,
  kPauseService,   // SIGSTOP, SIGCONT: lease and session run out
  kStopPostgres,   // pg_ctl -m immediate, start
  kPausePostgres,  // the postmaster alone
  kKillKafka,      // kill -9, start
  kPauseKafka,
  kKillRedis,
  kPauseRedis,
  kFlushRedis,  // FLUSHALL
};
inline constexpr Fault kFaults[] = {Fault::kPauseService, Fault::kStopPostgres,  Fault::kKillKafka,
                                    Fault::kKillRedis,    Fault::kPausePostgres, Fault::kPauseKafka,
                                    Fault::kPauseRedis,   Fault::kFlushRedis};
const char* NameOf(Fault fault);

struct Life {
  // Empty: it is killed at `length`.
  std::string point;
  int nth = 1;
  // At the latest.
  std::chrono::milliseconds length{};
  Fault fault = Fault::kNone;
  std::chrono::milliseconds fault_at{};

  std::string crash_at() const { return point.empty() ? "" : point + ":" + std::to_string(nth); }
};

std::vector<Life> PlanLives(const RoundOptions& options);
// A life for a point that was not reached in its own: the first hit counts.
Life SecondChance(const Life& life);

// Returns when the servers are up again.
void Inflict(Fault fault, Installation& installation, std::chrono::milliseconds pause);

}  // namespace crm::chaos
