// M2: reading one record.
#include <stdexcept>

#include "tests/bench/echo.h"
#include "tests/bench/measurements.h"
#include "tests/bench/pgbench.h"

namespace crm::bench {
namespace {

constexpr char kGet[] = "/crm.leads.v1.LeadService/GetLead";
constexpr uint64_t kRecords = 4000;

// Numbers of records that exist.
struct Range {
  uint64_t first = 0, count = 0;
  uint64_t Pick(uint64_t n) const { return first + n * 7919 % count; }
};

Range CreateSome(Bench& bench, const Creation& creation) {
  Range range;
  bool begun = false;
  auto make = [&](uint64_t n) {
    if (!begun) range.first = n;
    begun = true;
    return creation.MakeAsk(n);
  };
  while (range.count < kRecords) {
    const LoadResult result = bench.load.Closed(64, 1, make);
    if (result.failed > 0) throw std::runtime_error(result.first_error);
    range.count += result.good;
  }
  return range;
}

// The one statement that a get runs, by the primary key, in the table that ours reads.
std::string SelectScript(const Rig& rig, const Range& range) {
  std::string tenants;
  for (const auto& tenant : rig.tenants()) tenants += (tenants.empty() ? "" : ",") + tenant.id;
  const std::string first = RecordId(0).substr(0, 24);
  return "\\set n random(" + std::to_string(range.first) + ", " +
         std::to_string(range.first + range.count - 1) +
         ")\n\\set r :n * 7 % 45\n\\set t case when :r < 27 then 1 else 2 + (:r - 27) / 2 end\n"
         "SELECT id, version, occurred_at, body FROM leads WHERE tenant = ('{" +
         tenants + "}'::uuid[])[:t::int] AND id = ('" + first +
         "' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;\n";
}

}  // namespace

void MeasureGet(Bench& bench, int concurrency) {
  Creation creation(bench.rig, bench.load, KindOf("lead"));
  const Range range = CreateSome(bench, creation);
  auto make = [&](uint64_t n) { return creation.MakeGet(range.Pick(n), kGet); };
  Echo echo(bench.rig.folder(), bench.load.Once(creation.MakeGet(creation.sample(), kGet)));
  Load to_echo(echo.address());
  const std::string script = SelectScript(bench.rig, range);
  const double seconds = bench.effort.seconds;
  bench.journal.RunPairs(
      "M2", "lead c=" + std::to_string(concurrency), bench.effort.pairs,
      {{"ours", [&] { return SliceOf(bench.load.Closed(concurrency, seconds, make)); }},
       {"echo", [&] { return SliceOf(to_echo.Closed(concurrency, seconds, make)); }},
       {"select", [&] {
          return RunPgbench({.dsn = bench.rig.deployment().OwnerDsn("leads") +
                                    " options='-c search_path=crm_leads'",
                             .script = script,
                             .clients = concurrency,
                             .seconds = seconds,
                             .folder = bench.rig.folder()});
        }}});
}

}  // namespace crm::bench
