#include "tests/bench/creation.h"

#include <cstdio>
#include <stdexcept>

#include "crm/deals/v1/deal_service.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "tests/bench/pgbench.h"

namespace crm::bench {
namespace {

constexpr char kNames[] = "0190a000-0000-7000-8000-";
constexpr char kEvents[] = "0190a000-000%d-7000-9000-";
constexpr char kRequests[] = "0190a000-0000-4000-a000-";
constexpr char kCorrelations[] = "0190a000-0000-7000-b000-";
constexpr char kSampleId[] = "000000000000";
constexpr char kInterest[] =
    "We are forty people in two towns and look for somebody who installs and looks after the "
    "heating of both houses, from the autumn on; last year's offer is in the attachment. Please "
    "call in the morning, the office closes at two, and ask for me by name. There are three "
    "boilers, of which one is new, and the cellar of the smaller house is damp. We would want a "
    "fixed price for the first year and a visit in every quarter.";
// Of a row number :n: its digits, and its tenant's place in the array of all.
constexpr char kDigits[] = "10000000 + :n % 89999999";
constexpr char kPlace[] = ":n * 7 % 45";
constexpr char kTenant[] = "case when :r < 27 then 1 else 2 + (:r - 27) / 2 end";

std::string Hex(uint64_t n) {
  char text[16];
  std::snprintf(text, sizeof text, "%012llx", static_cast<unsigned long long>(n));
  return text;
}

std::string Digits(uint64_t n) {
  return std::to_string(10'000'000 + n % 89'999'999);
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// In SQL of pgbench: a UUID that ends with the number :n.
std::string NumberedText(const std::string& beginning) {
  return "('" + beginning + "' || lpad(to_hex(:n::bigint), 12, '0'))";
}

}  // namespace

std::string RecordId(uint64_t n) {
  return kNames + Hex(n);
}

Kind KindOf(const std::string& name) {
  const std::string id = std::string(kNames) + kSampleId;
  const std::string request_id = std::string(kRequests) + kSampleId;
  const std::string digits = kSampleDigits;
  if (name == "source") {
    leads::v1::CreateSourceRequest request;
    request.mutable_source()->set_display_name("Fair " + digits);
    request.set_source_id(id);
    request.set_request_id(request_id);
    return {"sources", "/crm.leads.v1.SourceService/CreateSource", request.SerializeAsString()};
  }
  if (name == "deal") {
    deals::v1::CreateDealRequest request;
    auto& deal = *request.mutable_deal();
    deal.set_display_name("Heating for house " + digits);
    deal.set_contact("contacts/00000000-0000-7000-8000-000000000002");
    deal.set_owner("users/00000000-0000-7000-8000-000000000001");
    deal.mutable_amount()->set_currency_code("EUR");
    deal.mutable_amount()->set_amount_minor(1'250'000);
    request.set_deal_id(id);
    request.set_request_id(request_id);
    return {"deals", "/crm.deals.v1.DealService/CreateDeal", request.SerializeAsString()};
  }
  leads::v1::CreateLeadRequest request;
  auto& lead = *request.mutable_lead();
  lead.set_display_name("Miriam Bench " + digits);
  lead.set_company_name("Example Works " + digits);
  lead.set_campaign("spring");
  lead.set_interest(kInterest);
  if (name == "enquiry") {
    lead.mutable_phone()->set_number("+4930" + digits);
    lead.set_email("person" + digits + "@example.com");
  }
  request.set_lead_id(id);
  request.set_request_id(request_id);
  return {"leads", "/crm.leads.v1.LeadService/CreateLead", request.SerializeAsString()};
}

Creation::Creation(Rig& rig, Load& load, const Kind& kind) : rig_(rig), kind_(kind) {
  const auto before = Count(true);
  const auto made = load.Closed(1, 0.0, [&](uint64_t n) { return MakeAsk(sample_ = n); });
  if (made.good != 1) throw std::runtime_error(kind_.method + ": " + made.first_error);
  const auto after = Count(true);
  if (after.records != before.records + 1 || after.keys != before.keys + 1) {
    throw std::runtime_error("one call of " + kind_.method + " does not make one record");
  }
  events_ = after.log - before.log;
  const std::string record = "id = '" + RecordId(sample_) + "'";
  inserts_.push_back(InsertLike(kind_.table, record, 0));
  for (int64_t i = 1; i <= events_; ++i) {
    inserts_.push_back(
        InsertLike("log", record + " AND version = " + std::to_string(i), static_cast<int>(i)));
  }
  inserts_.push_back(InsertLike(
      "idempotency", "id = (SELECT id FROM idempotency ORDER BY occurred_at DESC LIMIT 1)", 0));
  rig_.QueryCounterpart("CREATE SEQUENCE IF NOT EXISTS bench_numbers CACHE 32");
}

Ask Creation::MakeAsk(uint64_t n) const {
  Ask ask{kind_.method, kind_.request, rig_.TenantOf(n).key};
  ReplaceAll(ask.body, std::string("-") + kSampleId, "-" + Hex(n));
  ReplaceAll(ask.body, kSampleDigits, Digits(n));
  return ask;
}

Ask Creation::MakeGet(uint64_t n, const std::string& method) const {
  // Field 1, a string.
  std::string name = kind_.table + "/" + RecordId(n);
  return {method, "\n" + std::string(1, static_cast<char>(name.size())) + name,
          rig_.TenantOf(n).key};
}

// An INSERT of a row like the one that `where` finds, with what differs from call to call
// differing.
Creation::Insert Creation::InsertLike(const std::string& table, const std::string& where,
                                      int event) {
  const auto columns = rig_.Query(
      "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
      "'" +
      table + "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum");
  std::string names, values, quoted;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = '"' + columns.GetString(i, 0) + '"';
    names += (i == 0 ? "" : ", ") + name;
    quoted += (i == 0 ? "" : ", ") + ("quote_nullable(" + name + "::text)");
  }
  const auto row = rig_.Query("SELECT " + quoted + " FROM " + table + " WHERE " + where);
  if (row.size() != 1) throw std::runtime_error("not one row of " + table + " where " + where);
  std::string tenants;
  for (const auto& tenant : rig_.tenants()) tenants += (tenants.empty() ? "" : ",") + tenant.id;
  char events[sizeof kEvents];
  std::snprintf(events, sizeof events, kEvents, event);
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = columns.GetString(i, 0);
    const std::string type = columns.GetString(i, 1);
    std::string value = row.GetString(0, i);
    // Bytes stay those of the sample.
    if (type == "text") ReplaceAll(value, Digits(sample_), "' || :p || '");
    if (name == "tenant") value = "('{" + tenants + "}'::uuid[])[:t::int]";
    if (name == "id") value = NumberedText(kNames) + "::uuid";
    if (name == "id" && table == "idempotency") value = "md5(:n::text)::uuid";
    if (name == "event_id") value = NumberedText(events) + "::uuid";
    if (name == "correlation") value = NumberedText(kCorrelations);
    if (name == "amount_minor") value = "(:n * 7919) % 1000003";
    if (name == "seq") value = "nextval('bench_numbers')";
    if (type == "timestamp with time zone" && value != "NULL") value = "now()";
    values += (i == 0 ? "" : ", ") + ("(" + value + ")::" + type);
  }
  return {"INSERT INTO " + table + " (" + names + ")", values};
}

std::string Creation::Values(const Insert& insert, uint64_t first) {
  std::string values = insert.values;
  ReplaceAll(values, ":p", std::string("(") + kDigits + ")");
  ReplaceAll(values, ":t::", std::string("(") + kTenant + ")::");
  ReplaceAll(values, ":r", std::string("(") + kPlace + ")");
  ReplaceAll(values, ":n", "(n + " + std::to_string(first) + "::bigint)");
  return values;
}

void Creation::FillLog(uint64_t first, int64_t events) {
  std::string values = Values(inserts_[1], first);
  ReplaceAll(values, "nextval('bench_numbers')", "(SELECT seq FROM log_head) + n");
  const std::string count = std::to_string(events);
  rig_.Query(inserts_[1].head + " SELECT " + values + " FROM generate_series(1, " + count +
             ") AS n");
  rig_.Query("UPDATE log_head SET seq = seq + " + count + ", recorded_at = clock_timestamp()");
}

void Creation::Fill(int64_t records) {
  // Numbers beyond those of calls and of pgbench.
  const std::string sql = inserts_.front().head + " SELECT " +
                          Values(inserts_.front(), uint64_t{1} << 40) +
                          " FROM generate_series(1, " + std::to_string(records) + ") AS n";
  std::vector<std::string> steps = {"ANALYZE", "CHECKPOINT"};
  if (Count(false).records < records) steps.insert(steps.begin(), sql);
  for (const std::string& step : steps) {
    rig_.Query(step);
    rig_.QueryCounterpart(step);
  }
}

std::string Creation::Prologue() const {
  return std::string("\\set i :i + 1\n\\set n :i * 256 + :client_id\n\\set p ") + kDigits +
         "\n\\set r " + kPlace + "\n\\set t " + kTenant + "\n";
}

std::string Creation::Transaction() const {
  std::string script = Prologue() + "BEGIN;\n";
  for (const auto& [head, values] : inserts_) script += head + " VALUES (" + values + ");\n";
  return script + "COMMIT;\n";
}

std::string Creation::OneStatement() const {
  std::string script = Prologue() + "WITH ";
  for (size_t i = 0; i < inserts_.size(); ++i) {
    const std::string insert = inserts_[i].head + " VALUES (" + inserts_[i].values + ")";
    const bool last = i + 1 == inserts_.size();
    script += last ? " " + insert + ";\n"
                   : (i == 0 ? "a" : ", a") + std::to_string(i) + " AS (" + insert + ")";
  }
  return script;
}

int64_t Creation::CountLog() {
  return rig_.Query("SELECT count(*) FROM log").GetInt(0, 0);
}

Creation::Counts Creation::Count(bool ours) {
  auto numbers = [](const std::string& table) {
    return "SELECT count(*), coalesce(sum(('x' || right(id::text, 12))::bit(48)::bigint), "
           "0)::bigint FROM " +
           table;
  };
  const std::string sql = "SELECT r.*, l.*, (SELECT count(*) FROM idempotency) FROM (" +
                          numbers(kind_.table) + ") AS r, (" + numbers("log") +
                          " WHERE collection = '" + kind_.table + "') AS l";
  const auto rows = ours ? rig_.Query(sql) : rig_.QueryCounterpart(sql);
  return {.records = rows.GetInt(0, 0),
          .log = rows.GetInt(0, 2),
          .keys = rows.GetInt(0, 4),
          .record_numbers = rows.GetInt(0, 1),
          .log_numbers = rows.GetInt(0, 3)};
}

std::string Creation::Fault(const Counts& before, const Counts& after, int64_t records,
                            int64_t numbers) const {
  const bool right = after.records - before.records == records &&
                     after.keys - before.keys == records &&
                     after.log - before.log == records * events_ &&
                     after.record_numbers - before.record_numbers == numbers &&
                     after.log_numbers - before.log_numbers == numbers * events_;
  if (right) return "";
  auto said = [](int64_t count, int64_t sum) {
    return std::to_string(count) + " (sum of numbers " + std::to_string(sum) + ")";
  };
  return "audit: asked for " + said(records, numbers) + ", records " +
         said(after.records - before.records, after.record_numbers - before.record_numbers) +
         ", log rows " + said(after.log - before.log, after.log_numbers - before.log_numbers) +
         ", keys " + std::to_string(after.keys - before.keys) + "; ";
}

Slice Creation::AuditOurs(const std::function<LoadResult()>& work) {
  const auto before = Count(true);
  const LoadResult result = work();
  Slice slice = SliceOf(result);
  // How long the topic lags behind is part of the slice's CPU time, but not of its seconds.
  const auto answered = Steady::now();
  const int64_t log = CountLog();
  const bool delivered = rig_.WaitForTopicEnd(log);
  slice.figures["drain_ms"] = SecondsSince(answered) * 1000;
  if (!delivered) {
    slice.fault += "audit: topic " + std::to_string(rig_.TopicEnd(rig_.topic())) + " of " +
                   std::to_string(log) + "; ";
  }
  slice.fault += Fault(before, Count(true), static_cast<int64_t>(result.good),
                       static_cast<int64_t>(result.checksum));
  return slice;
}

Slice Creation::AuditCounterpart(const std::string& script, int clients, double seconds,
                                 double rate) {
  const auto before = Count(false);
  Slice slice = RunPgbench({.dsn = rig_.counterpart_dsn() + " options='-c search_path=crm_leads'",
                            .script = script,
                            .start = rig_.next_number(),
                            .clients = clients,
                            .seconds = seconds,
                            .rate = rate,
                            .folder = rig_.folder()});
  const auto after = Count(false);
  const auto done = static_cast<int64_t>(slice.operations);
  rig_.next_number() += done + 1;
  // Which numbers pgbench came to it does not say.
  slice.fault += Fault(before, after, done, after.record_numbers - before.record_numbers);
  return slice;
}

}  // namespace crm::bench
