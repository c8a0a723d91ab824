#include "tests/chaos/nemesis.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace crm::chaos {

using std::chrono::milliseconds;

namespace {

// Long enough for relay and consumers to take over from the dead: see the lease and the session
// timeout in rig.cpp.
constexpr milliseconds kLongLife(10'000);

// Points that are reached many times in a second; the others take a consumer's or a timer's turn.
bool IsFrequent(const std::string& point) {
  return point.starts_with("committer.") || point.starts_with("pg_commit.") ||
         point.starts_with("relay.");
}

// Half of the first hits are those of the start: leases, cursors, what was left behind.
int Nth(const std::string& point, std::mt19937_64& random) {
  if (!IsFrequent(point)) return 1 + static_cast<int>(random() % 4);
  return 1 + static_cast<int>(random() % (random() % 2 == 0 ? 12 : 120));
}

void Wait(milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time, [] { return false; });
}

template <class Server>
void PauseFor(Server& server, milliseconds time) {
  server.Pause();
  Wait(time);
  server.Continue();
}

}  // namespace

const std::vector<std::string>& CrashPoints() {
  static const std::vector<std::string> points = {
      "committer.before_commit",  "pg_commit.before_commit",   "committer.after_commit",
      "committer.after_hot_push", "relay.before_cursor_moves", "consumer.after_commit",
      "consumer.before_offset",   "timer.before_commit",       "effects.after_send"};
  return points;
}

const char* NameOf(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "nothing";
    case Fault::kPauseService:
      return "crm-all paused";
    case Fault::kStopPostgres:
      return "PostgreSQL stopped (-m immediate)";
    case Fault::kPausePostgres:
      return "PostgreSQL paused";
    case Fault::kKillKafka:
      return "Kafka killed";
    case Fault::kPauseKafka:
      return "Kafka paused";
    case Fault::kKillRedis:
      return "Redis killed";
    case Fault::kPauseRedis:
      return "Redis paused";
    case Fault::kFlushRedis:
      return "Redis flushed";
  }
  return "";
}

std::vector<Life> PlanLives(const RoundOptions& options) {
  std::mt19937_64 random(options.seed);
  std::vector<Life> lives;
  for (const auto& point : options.points) {
    for (int i = 0; i < options.per_point; ++i) lives.push_back({point, Nth(point, random)});
  }
  while (static_cast<int>(lives.size()) < options.kills) {
    size_t dice = options.points.empty() ? 0 : random() % (2 * options.points.size());
    lives.push_back({});
    if (dice >= options.points.size() || options.points.empty()) continue;
    lives.back().point = options.points[dice];
    lives.back().nth = Nth(lives.back().point, random);
  }
  for (auto& life : lives) {
    // From the very start to well into the work.
    auto until = milliseconds(200 + static_cast<int64_t>(random() % 4000));
    life.length = life.point.empty() ? until : kLongLife;
  }
  std::shuffle(lives.begin(), lives.end(), random);
  for (int i = 0; i < options.other_faults && !lives.empty(); ++i) {
    Life& life = lives[(static_cast<size_t>(i) * lives.size() + lives.size() / 2) /
                       static_cast<size_t>(options.other_faults) % lives.size()];
    life.fault = kFaults[(options.seed + static_cast<uint64_t>(i)) % std::size(kFaults)];
    life.fault_at = milliseconds(300 + static_cast<int64_t>(random() % 1500));
  }
  return lives;
}

Life SecondChance(const Life& life) {
  return {life.point, 1, kLongLife + kLongLife};
}

void Inflict(Fault fault, Installation& installation, milliseconds pause) {
  Servers& servers = installation.servers();
  switch (fault) {
    case Fault::kNone:
      return;
    case Fault::kPauseService:
      return PauseFor(installation.process(), pause);
    case Fault::kStopPostgres:
      servers.pg().StopImmediately();
      return servers.pg().Start();
    case Fault::kPausePostgres:
      return PauseFor(servers.pg(), pause);
    case Fault::kKillKafka:
      servers.kafka().Kill();
      return servers.kafka().Start();
    case Fault::kPauseKafka:
      return PauseFor(servers.kafka(), pause);
    case Fault::kKillRedis:
      servers.redis().Kill();
      return servers.redis().Start();
    case Fault::kPauseRedis:
      return PauseFor(servers.redis(), pause);
    case Fault::kFlushRedis:
      return servers.redis().Flush();
  }
}

}  // namespace crm::chaos
