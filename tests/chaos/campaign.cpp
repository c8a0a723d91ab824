#include "tests/chaos/campaign.h"

#include <signal.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <utility>

#include "libs/testing/eventually.h"
#include "tests/chaos/nemesis.h"
#include "tests/chaos/peace.h"
#include "tests/chaos/workload.h"

namespace crm::chaos {

namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr int kKilled = 128 + SIGKILL;
constexpr milliseconds kServicePause(2500);
constexpr int kImportRows = 25;
constexpr int kImportCalls = (kImportRows + kImportBatch - 1) / kImportBatch;

class Round {
 public:
  Round(Servers& servers, const RoundOptions& options)
      : options_(options),
        installation_(servers, options.plant, options.replicas),
        history_(installation_.history_file()),
        driver_(history_) {}

  RoundResult Run() {
    auto begin = Steady::now();
    int migrations = installation_.Install(options_.migration_kills);
    if (migrations > 0) result_.kills[kMigrationPoint] = migrations;
    Say("installed");
    workload_.emplace(driver_, installation_.tenants(), WorkloadOptions{.seed = options_.seed});
    Begin("");
    workload_->SetUp();
    workload_->Start();
    Say("set up");
    imports_ = std::jthread([this](std::stop_token stop) {
      Import(stop);
      imports_done_ = true;
    });
    End();
    for (const auto& life : PlanLives(options_)) Live(life);
    Begin("");
    workload_->Stop();
    driver_.Settle();
    AwaitImports();
    Say("every call is known");
    AwaitPeace();
    Verify();
    result_.calls = workload_->calls();
    result_.seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    return std::move(result_);
  }

 private:
  void Say(const std::string& line) {
    if (options_.say) options_.say(line);
  }

  void Begin(const std::string& crash_at) {
    installation_.Start(crash_at);
    driver_.Connect(installation_.addresses());
  }

  // Kills what is left of a life; true: its crash point had done so before. Any other end is an
  // incident.
  bool End() {
    driver_.Disconnect();
    auto code = installation_.process().Wait(milliseconds(0));
    installation_.process().Kill();
    if (code && *code != kKilled) {
      incidents_.push_back("crm-all ended with " + std::to_string(*code) + ": " +
                           installation_.LastWords());
    }
    if (auto lost = installation_.LostBystanders(); !lost.empty()) incidents_.push_back(lost);
    return code == kKilled;
  }

  // True: it died before.
  bool RunFor(milliseconds time) {
    return static_cast<bool>(
        test::Eventually([&] { return !installation_.process().running(); }, time));
  }

  bool LiveOnce(const Life& life) {
    auto begin = Steady::now();
    Begin(life.crash_at());
    bool dead = false;
    if (life.fault != Fault::kNone) {
      dead = RunFor(std::min(life.fault_at, life.length));
      Inflict(life.fault, installation_, kServicePause);
      ++result_.faults[NameOf(life.fault)];
    }
    auto left = life.length - std::chrono::duration_cast<milliseconds>(Steady::now() - begin);
    if (!dead) RunFor(std::max(left, milliseconds(0)));
    bool reached = End();
    ++result_.kills[reached ? life.point : kRandomKill];
    Say("kill " + std::to_string(result_.total_kills()) + ": " +
        (reached ? life.crash_at() : kRandomKill) + " after " +
        std::to_string(std::chrono::duration_cast<milliseconds>(Steady::now() - begin).count()) +
        " ms" + (life.fault == Fault::kNone ? "" : std::string(", ") + NameOf(life.fault)));
    return reached || life.point.empty();
  }

  void Live(const Life& life) {
    if (!LiveOnce(life) && !LiveOnce(SecondChance(life))) {
      Say(life.point + " was not reached");
    }
  }

  // Imports that die in the middle of a chunk and go on under their labels, while the server dies
  // at its own moments.
  void Import(std::stop_token stop) {
    for (int number = 0; number < options_.import_kills; ++number) {
      std::string run = "run-" + std::to_string(options_.seed) + "-" + std::to_string(number);
      driver_.BeginRun(run, installation_.tenants().front().tenant, kImportRows);
      int nth = 1 + (static_cast<int>(options_.seed % 7) + number * 5) % kImportCalls;
      std::string crash_at = std::string(kImportPoint) + ":" + std::to_string(nth);
      bool killed = false;
      int code = -1;
      while (code != 0 && !stop.stop_requested()) {
        code = installation_.Import(run, kImportRows, killed ? "" : crash_at);
        if (code == kKilled) ++killed_imports_;
        killed = killed || code == kKilled;
      }
      if (code == 0) driver_.EndRun(run);
    }
  }

  // The server is up: what is under way comes to its end.
  void AwaitImports() {
    bool done = static_cast<bool>(test::Eventually([&] { return imports_done_.load(); }));
    imports_.request_stop();
    imports_.join();
    if (!done) incidents_.push_back("an import does not come to its end");
    if (killed_imports_ > 0) result_.kills[kImportPoint] = killed_imports_;
  }

  void AwaitPeace() {
    auto verdict = chaos::AwaitPeace(installation_, incidents_, options_.patience);
    result_.findings = std::move(verdict.findings);
    result_.events = verdict.events;
    result_.kept = verdict.kept;
    if (!installation_.process().running()) End();
    if (!incidents_.empty() && result_.findings.empty()) {
      for (const auto& incident : incidents_) result_.findings.push_back({"process", incident});
    }
  }

  // What operators run, on the installation as the campaign has left it.
  void Verify() {
    if (!installation_.process().running()) return;
    auto differences = installation_.Verify();
    if (!differences.empty()) result_.findings.push_back({"verify", differences});
    Say("verified");
  }

  const RoundOptions options_;
  Installation installation_;
  HistoryWriter history_;
  Driver driver_;
  std::optional<Workload> workload_;
  std::vector<std::string> incidents_;
  RoundResult result_;
  std::atomic<int> killed_imports_ = 0;
  std::atomic<bool> imports_done_ = false;
  std::jthread imports_;
};

}  // namespace

int RoundResult::total_kills() const {
  return std::accumulate(kills.begin(), kills.end(), 0,
                         [](int sum, const auto& kill) { return sum + kill.second; });
}

RoundResult RunRound(Servers& servers, const RoundOptions& options) {
  return Round(servers, options).Run();
}

}  // namespace crm::chaos
