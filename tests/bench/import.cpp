// M5: importing rows.
#include <filesystem>
#include <fstream>

#include "libs/testing/eventually.h"
#include "libs/testing/process.h"
#include "tests/bench/measurements.h"

namespace crm::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::minutes(3);
constexpr char kMapping[] = R"(collection: contacts
key: {field: external_id, column: id, prefix: "bench/"}
fields:
  display_name: {column: name, required: true}
)";
// What an import writes, in the order in which it is copied.
const std::vector<std::string>& Tables() {
  static const std::vector<std::string> tables = {"contacts", "log", "idempotency",
                                                  "unique_claims"};
  return tables;
}

class Import {
 public:
  Import(Bench& bench, int64_t rows) : rig_(bench.rig), rows_(rows), folder_(rig_.folder()) {
    // PostgreSQL, another user, writes the rows here.
    fs::permissions(folder_, fs::perms::all);
    std::ofstream(folder_ / "contacts.yaml") << kMapping;
  }

  Slice Ours() {
    ++run_;
    const std::string label = "bench" + std::to_string(run_);
    WriteFile(label);
    since_ = rig_.Query("SELECT now()::text").GetString(0, 0);
    const int64_t before = Log();
    const auto programs = fs::read_symlink("/proc/self/exe").parent_path();
    const auto start = Steady::now();
    test::Process process(
        {.argv = {(programs / "crmctl").string(), "import", "--mapping", folder_ / "contacts.yaml",
                  folder_ / (label + ".csv"), "--run", label, "--in-flight", "64"},
         .env = {{"CRM_GRPC", rig_.rpc_address()}, {"CRM_KEY", rig_.tenants().front().key}}});
    const auto code = process.Wait(kPatience);
    Slice slice{static_cast<double>(rows_), SecondsSince(start)};
    if (code != 0) slice.fault = "crmctl: " + process.Log();
    const int64_t logged = Log() - before;
    if (logged != rows_ || !rig_.WaitForTopicEnd(before + logged)) {
      slice.fault += "audit: " + std::to_string(logged) + " log rows";
    }
    // The timeline hears of each row too; its work belongs to this slice and not to the next.
    if (!test::Eventually([&] { return Timeline() >= run_ * rows_; })) {
      slice.fault += "audit: " + std::to_string(Timeline()) + " items of timelines";
    }
    return slice;
  }

  // The very rows of the import before.
  Slice Copy() {
    for (const auto& table : Tables()) {
      rig_.Query("COPY (SELECT * FROM " + table + " WHERE occurred_at >= '" + since_ + "') TO '" +
                 File(table) + "'");
    }
    std::string copies = "BEGIN;";
    for (const auto& table : Tables()) {
      copies += "COPY " + table + " FROM '" + File(table) + "';";
    }
    const auto start = Steady::now();
    test::Process psql(
        {.argv = {"psql", rig_.counterpart_dsn() + " options='-c search_path=crm_contacts,public'",
                  "-q", "-v", "ON_ERROR_STOP=1", "-c", copies + "COMMIT"}});
    const auto code = psql.Wait(kPatience);
    Slice slice{static_cast<double>(rows_), SecondsSince(start)};
    if (code != 0) slice.fault = "psql: " + psql.Log();
    const auto copied = rig_.QueryCounterpart("SELECT count(*) FROM contacts").GetInt(0, 0);
    if (copied != run_ * rows_) slice.fault += "audit: " + std::to_string(copied) + " contacts";
    return slice;
  }

 private:
  std::string File(const std::string& table) const { return folder_ / (table + ".copy"); }
  int64_t Log() { return rig_.Query("SELECT seq FROM log_head").GetInt(0, 0); }
  int64_t Timeline() { return rig_.Query("SELECT count(*) FROM timeline_items").GetInt(0, 0); }
  void WriteFile(const std::string& label) {
    std::ofstream csv(folder_ / (label + ".csv"));
    csv << "id,name\n";
    for (int64_t i = 0; i < rows_; ++i) {
      csv << label << "-" << i << ",Miriam Bench " << label << " " << i << "\n";
    }
  }

  Rig& rig_;
  const int64_t rows_;
  const fs::path folder_;
  int64_t run_ = 0;
  std::string since_;
};

}  // namespace

void MeasureImport(Bench& bench, int64_t rows) {
  Import import(bench, rows);
  bench.journal.RunPairs(
      "M5", std::to_string(rows) + " contacts", bench.effort.pairs,
      {{"ours", [&] { return import.Ours(); }}, {"copy", [&] { return import.Copy(); }}});
}

}  // namespace crm::bench
