#include "libs/command/pg_store.h"

#include <algorithm>

#include "libs/command/pg_commit.h"
#include "libs/command/pg_sql.h"

namespace crm {

namespace {

// What every list begins with.
ListedRecord ReadListed(const pg::Rows& rows, size_t row) {
  ListedRecord listed;
  listed.record = {rows.GetUuid(row, 0), rows.GetInt(row, 1), rows.GetString(row, 3),
                   rows.GetTime(row, 2)};
  listed.tenant = rows.GetUuid(row, 4);
  listed.position.id = listed.record.id;
  return listed;
}

}  // namespace

PgStore::PgStore(pg::Database& database, pg::Database& scan)
    : database_(database), scan_(scan), commit_(std::make_unique<PgCommit>(database)) {}

PgStore::~PgStore() = default;

Result<std::vector<std::optional<StoredRecord>>> PgStore::GetEach(std::span<const RecordKey> keys,
                                                                  std::stop_token stop) {
  std::vector<std::optional<StoredRecord>> records(keys.size());
  if (keys.empty()) return records;
  std::vector<Uuid> tenants;
  for (const RecordKey& key : keys) tenants.push_back(key.tenant);
  std::ranges::sort(tenants);
  tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
  auto rows = database_.Read(tenants, SelectEach(keys), stop);
  if (!rows.ok()) return rows.status();
  for (size_t row = 0; row < rows->size(); ++row) {
    auto index = static_cast<size_t>(rows->GetInt(row, 0));
    records[index] = {rows->GetUuid(row, 1), rows->GetInt(row, 2), rows->GetString(row, 4),
                      rows->GetTime(row, 3)};
  }
  return records;
}

Status PgStore::CheckIndexed(const RecordType& type, const std::optional<Uuid>& tenant,
                             const IndexedSelect& select, std::stop_token stop) {
  if (select.since == 0) return Status::Ok();
  auto statement = SelectIsOutdated(type, tenant, select.since);
  auto rows = tenant ? database_.Read(*tenant, statement, stop) : scan_.Read(statement, stop);
  if (!rows.ok()) return rows.status();
  if (!rows->GetBool(0, 0)) return Status::Ok();
  return FailedPrecondition(
             "FIELD_BEING_INDEXED",
             select.newest +
                 " can be filtered and sorted by since a short while only, and older "
                 "records are still being indexed; try again in a minute.")
      .With("field", select.newest)
      .RetryAfter(std::chrono::seconds(10));
}

Result<std::vector<ListedRecord>> PgStore::Outdated(const RecordType& type, size_t limit,
                                                    std::stop_token stop) {
  auto rows = scan_.Read(SelectOutdated(type, limit), stop);
  if (!rows.ok()) return rows.status();
  std::vector<ListedRecord> outdated;
  for (size_t row = 0; row < rows->size(); ++row) outdated.push_back(ReadListed(*rows, row));
  return outdated;
}

Result<std::vector<ListedRecord>> PgStore::List(const ListQuery& query, std::stop_token stop) {
  auto select = SelectList(query);
  if (!select.ok()) return select.status();
  if (auto status = CheckIndexed(*query.type, query.tenant, *select, stop); !status.ok()) {
    return status;
  }
  auto rows = query.tenant ? database_.Read(*query.tenant, select->statement, stop)
                           : scan_.Read(select->statement, stop);
  if (!rows.ok()) return rows.status();
  std::vector<ListedRecord> listed;
  listed.reserve(rows->size());
  for (size_t row = 0; row < rows->size(); ++row) {
    ListedRecord record = ReadListed(*rows, row);
    for (size_t i = 0; i < query.order.size(); ++i) {
      const Column* column = query.type->FindColumn(query.order[i].field_path);
      record.position.values.push_back(ReadColumn(*rows, row, 5 + i, column->kind));
    }
    listed.push_back(std::move(record));
  }
  return listed;
}

Result<std::vector<AggregateRow>> PgStore::Aggregate(const AggregateQuery& query,
                                                     std::stop_token stop) {
  auto select = SelectAggregate(query);
  if (!select.ok()) return select.status();
  if (auto status = CheckIndexed(*query.type, query.tenant, *select, stop); !status.ok()) {
    return status;
  }
  auto rows = database_.Read(query.tenant, select->statement, stop);
  if (!rows.ok()) return rows.status();
  std::vector<AggregateRow> result;
  for (size_t row = 0; row < rows->size(); ++row) {
    AggregateRow total;
    for (size_t i = 0; i < query.group_by.size(); ++i) {
      total.group.push_back(
          ReadColumn(*rows, row, i, query.type->FindColumn(query.group_by[i])->kind));
    }
    total.count = rows->GetInt(row, query.group_by.size());
    total.sum = rows->GetInt(row, query.group_by.size() + 1);
    result.push_back(std::move(total));
  }
  return result;
}

Result<std::vector<kernel::v1::LogRow>> PgStore::ReadLog(const LogQuery& query,
                                                         std::stop_token stop) {
  auto rows = query.tenant ? database_.Read(*query.tenant, SelectLog(query), stop)
                           : scan_.Read(SelectLog(query), stop);
  if (!rows.ok()) return rows.status();
  std::vector<kernel::v1::LogRow> log;
  log.reserve(rows->size());
  for (size_t row = 0; row < rows->size(); ++row) log.push_back(ReadLogRow(*rows, row));
  return log;
}

Result<std::optional<kernel::v1::LogRow>> PgStore::LogRowAt(const RecordKey& key, Timeline timeline,
                                                            Time time, std::stop_token stop) {
  auto rows = database_.Read(key.tenant, SelectLogRowAt(key, timeline, time), stop);
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return std::optional<kernel::v1::LogRow>();
  return std::optional(ReadLogRow(*rows, 0));
}

Status PgStore::ForEachLogRowAt(const RecordType& type, const Uuid& tenant, Timeline timeline,
                                Time time,
                                const std::function<bool(const kernel::v1::LogRow&)>& visit,
                                std::stop_token stop) {
  constexpr size_t kPage = 1000;
  Uuid after;
  while (true) {
    auto rows =
        database_.Read(tenant, SelectLogRowsAt(type, tenant, timeline, time, after, kPage), stop);
    if (!rows.ok()) return rows.status();
    for (size_t row = 0; row < rows->size(); ++row) {
      after = rows->GetUuid(row, 3);
      if (!visit(ReadLogRow(*rows, row))) return Status::Ok();
    }
    if (rows->size() < kPage) return Status::Ok();
  }
}

Result<std::pair<int64_t, Time>> PgStore::LogHead(std::stop_token stop) {
  auto rows = scan_.Read({"SELECT seq, recorded_at FROM log_head", {}}, stop);
  if (!rows.ok()) return rows.status();
  return std::pair(rows->GetInt(0, 0), rows->GetTime(0, 1));
}

std::vector<CommitResult> PgStore::Commit(std::span<const WriteSet* const> group,
                                          std::stop_token stop) {
  auto results = commit_->Commit(group, stop);
  bool searchable = std::ranges::any_of(group, [](const WriteSet* set) {
    return std::ranges::any_of(set->records,
                               [](const auto& record) { return !record.search_text.empty(); });
  });
  if (searchable) untidy_ = true;
  return results;
}

Result<int64_t> PgStore::TidySearch(std::stop_token stop) {
  if (!untidy_.exchange(false)) return 0;
  auto rows = database_.Read({"SELECT crm_tidy_search()", {}}, stop);
  if (rows.ok()) return rows->GetInt(0, 0);
  untidy_ = true;
  return rows.status();
}

Status PgStore::SettleLog(Time time) {
  // Waits for a group that is numbering its rows: after this none of them can be at or before
  // `time`.
  auto rows = database_.Read(
      {"UPDATE log_head SET recorded_at = $1::timestamptz "
       "WHERE recorded_at < $1::timestamptz AND clock_timestamp() >= $1::timestamptz",
       {pg::Value(time)}});
  if (!rows.ok()) return rows.status();
  auto head = LogHead({});
  if (!head.ok()) return head.status();
  return head->second >= time ? Status::Ok() : FutureAsOf(time);
}

Result<int64_t> PgStore::PruneExpired(Time now, size_t limit) {
  auto expired =
      scan_.Read({"SELECT tenant, id FROM idempotency WHERE expire_time <= $1::timestamptz "
                  "ORDER BY expire_time LIMIT $2::bigint",
                  {pg::Value(now), pg::Value(static_cast<int64_t>(limit))}});
  if (!expired.ok()) return expired.status();
  std::map<Uuid, std::vector<std::optional<Uuid>>> by_tenant;
  for (size_t row = 0; row < expired->size(); ++row) {
    by_tenant[expired->GetUuid(row, 0)].push_back(expired->GetUuid(row, 1));
  }
  int64_t pruned = 0;
  for (auto& [tenant, ids] : by_tenant) {
    auto deleted = database_.Read(
        tenant, {"DELETE FROM idempotency WHERE tenant = $1::uuid AND id = ANY($2::uuid[])",
                 {pg::Value(tenant), pg::Array(std::move(ids))}});
    if (!deleted.ok()) return deleted.status();
    pruned += deleted->affected();
  }
  return pruned;
}

}  // namespace crm
