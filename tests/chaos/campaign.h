// A round of the fault bench: one installation under load, killed again and again by a nemesis
// whose schedule the seed decides, then left in peace until nothing moves, then judged.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/checker.h"
#include "tests/chaos/rig.h"

namespace crm::chaos {

// Every crash point that crm-all has; see libs/base/crash_point.h. Those of `migrate` and of
// `crmctl import` are scheduled apart from them.
const std::vector<std::string>& CrashPoints();
inline constexpr char kMigrationPoint[] = "migration.before_commit";
inline constexpr char kImportPoint[] = "import.in_chunk";
// A kill that no crash point made.
inline constexpr char kRandomKill[] = "at a random moment";

struct RoundOptions {
  uint64_t seed = 1;
  // Kills of crm-all: `per_point` at each of `points`, of the others one half there and the other
  // half at random moments.
  int kills = 12;
  int per_point = 1;
  std::vector<std::string> points = CrashPoints();
  int migration_kills = 1;
  int import_kills = 1;
  // Faults of the servers and pauses, spread over the lives.
  int other_faults = 4;
  // How many crm-all there are at once on the same databases; kills hit each in turn.
  int replicas = 1;
  // The bug that the processes have; see libs/base/planted_bug.h.
  std::string plant = {};
  // How long nothing may move before what is missing counts as lost.
  std::chrono::milliseconds patience = std::chrono::seconds(45);
  // Told what happens, a line at a time; empty: nobody is.
  std::function<void(const std::string&)> say = {};
};

struct RoundResult {
  std::map<std::string, int> kills;   // by crash point or kRandomKill
  std::map<std::string, int> faults;  // of the servers, by name
  std::vector<Finding> findings;
  // Where there are findings: the folder with the history, the evidence and the process's logs.
  std::string kept;
  int calls = 0;
  size_t events = 0;
  double seconds = 0;

  int total_kills() const;
};

// Throws std::runtime_error where the bench itself does not work.
RoundResult RunRound(Servers& servers, const RoundOptions& options);

}  // namespace crm::chaos
