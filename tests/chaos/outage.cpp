#include "tests/chaos/outage.h"

#include <deque>
#include <sstream>

#include "crm/kernel/v1/records.pb.h"
#include "libs/pg/database.h"
#include "libs/testing/eventually.h"
#include "tests/chaos/peace.h"
#include "tests/chaos/workload.h"

namespace crm::chaos {

namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr milliseconds kWarmUp(3000);
constexpr milliseconds kSample(200);
constexpr milliseconds kDrainPatience = std::chrono::minutes(5);
// How long nothing may move before what is missing counts as lost.
constexpr milliseconds kPatience(30'000);
// Between a sample of the truth and one of the metric.
constexpr int64_t kSlack = 60;

// All relays together.
struct Truth {
  int64_t head = 0;    // rows in the logs
  int64_t cursor = 0;  // of those acknowledged
  int64_t lag() const { return head - cursor; }
};

class TruthReader {
 public:
  explicit TruthReader(const std::string& dsn) {
    auto database = pg::Database::Open({.dsn = dsn, .schema = "public", .pool_size = 1});
    if (!database.ok()) throw std::runtime_error(database.status().ToString());
    database_ = std::move(*database);
    auto schemas = Read(
        "SELECT table_schema::text FROM information_schema.tables WHERE table_name = 'log_head'");
    for (size_t i = 0; i < schemas.size(); ++i) {
      std::string schema = schemas.GetString(i, 0);
      sql_ += (i == 0 ? "" : " UNION ALL ") +
              std::string("SELECT h.seq, coalesce(c.body, '') FROM ") + schema +
              ".log_head h LEFT JOIN " + schema + ".relay_cursor c ON true";
    }
  }

  Truth Read() {
    Truth truth;
    auto rows = Read(sql_);
    for (size_t i = 0; i < rows.size(); ++i) {
      kernel::v1::RelayCursor cursor;
      cursor.ParseFromString(rows.GetString(i, 1));
      truth.head += rows.GetInt(i, 0);
      truth.cursor += cursor.cursor();
    }
    return truth;
  }

 private:
  pg::Rows Read(const std::string& sql) {
    auto rows = database_->Read({sql, {}});
    if (!rows.ok()) throw std::runtime_error(rows.status().ToString());
    return std::move(*rows);
  }

  std::unique_ptr<pg::Database> database_;
  std::string sql_;
};

int64_t LagOf(const std::string& metrics) {
  int64_t sum = 0;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("crm_relay_lag_events{")) continue;
    sum += static_cast<int64_t>(std::stod(line.substr(line.rfind(' ') + 1)));
  }
  return sum;
}

class Outage {
 public:
  Outage(Servers& servers, const OutageOptions& options)
      : options_(options),
        servers_(servers),
        installation_(servers, ""),
        history_(installation_.history_file()),
        driver_(history_) {}

  OutageResult Run() {
    installation_.Install(0);
    installation_.Start("");
    driver_.Connect(installation_.addresses());
    Workload workload(driver_, installation_.tenants(),
                      {.seed = options_.seed, .clients = options_.clients});
    workload.SetUp();
    workload.Start();
    truth_.emplace(installation_.owner_dsn());
    Wait(kWarmUp);

    servers_.kafka().Kill();
    Say("Kafka is away");
    const int calls = workload.calls(), lost = driver_.lost();
    const Truth before = truth_->Read();
    const auto begin = Steady::now();
    while (Steady::now() - begin < options_.away) {
      Wait(kSample);
      CompareMetric();
    }
    const Truth after = truth_->Read();
    result_.calls = workload.calls() - calls;
    result_.failed = driver_.lost() - lost;
    result_.arrived_per_second =
        static_cast<double>(after.head - before.head) / Seconds(Steady::now() - begin).count();
    servers_.kafka().Start();
    Drain();
    workload.Stop();
    driver_.Settle();
    Judge();
    return std::move(result_);
  }

 private:
  void Say(const std::string& line) {
    if (options_.say) options_.say(line);
  }

  void Wait(milliseconds time) {
    bool ended = static_cast<bool>(
        test::Eventually([&] { return !installation_.process().running(); }, time));
    if (ended) throw std::runtime_error("crm-all ended: " + installation_.LastWords());
  }

  // The metric is a count that was true some time ago: how long?
  void CompareMetric() {
    const int64_t shown = LagOf(installation_.Metrics());
    const auto now = Steady::now();
    past_.emplace_back(now, truth_->Read().lag());
    // The oldest sample that is still above what is shown tells since when it is out of date.
    for (const auto& [at, lag] : past_) {
      if (lag <= shown + kSlack) continue;
      result_.lag_late = std::max(result_.lag_late, Seconds(now - at).count());
      break;
    }
    if (past_.back().second + kSlack < shown) {
      throw std::runtime_error("the metric shows more than there is: " + std::to_string(shown));
    }
  }

  void Drain() {
    const auto begin = Steady::now();
    const Truth at_return = truth_->Read();
    result_.backlog = at_return.lag();
    Say("Kafka is back, " + std::to_string(result_.backlog) + " events wait");
    // What comes in within a second is always on its way.
    const auto rest = static_cast<int64_t>(result_.arrived_per_second) + 20;
    Truth now;
    auto gone = [&] { return (now = truth_->Read()).lag() <= rest; };
    if (!test::Eventually(gone, kDrainPatience)) {
      result_.findings.push_back({"drain", std::to_string(now.lag()) + " events still wait"});
    }
    result_.drain_seconds = Seconds(Steady::now() - begin).count();
    result_.drained_per_second =
        static_cast<double>(now.cursor - at_return.cursor) / result_.drain_seconds;
    Say("drained in " + std::to_string(result_.drain_seconds) + " s");
  }

  void Judge() {
    auto verdict = AwaitPeace(installation_, {}, kPatience);
    result_.findings.insert(result_.findings.end(), verdict.findings.begin(),
                            verdict.findings.end());
    result_.kept = verdict.kept;
    if (auto differences = installation_.Verify(); !differences.empty()) {
      result_.findings.push_back({"verify", differences});
    }
  }

  const OutageOptions options_;
  Servers& servers_;
  Installation installation_;
  HistoryWriter history_;
  Driver driver_;
  std::optional<TruthReader> truth_;
  std::deque<std::pair<Steady::time_point, int64_t>> past_;
  OutageResult result_;
};

}  // namespace

OutageResult RunOutage(Servers& servers, const OutageOptions& options) {
  return Outage(servers, options).Run();
}

}  // namespace crm::chaos
