#include "libs/command/memory_store.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "libs/command/log_row.h"
#include "libs/command/record_codec.h"
#include "libs/filter/evaluate.h"
#include "libs/filter/required_texts.h"

namespace crm {

namespace {

Time FromProto(const google::protobuf::Timestamp& time) {
  return Time(Duration(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time)));
}

bool Matches(const LogQuery& query, const kernel::v1::LogRow& row) {
  if (row.seq() <= query.after_seq) return false;
  if (query.tenant && TenantOf(row) != *query.tenant) return false;
  auto differs = [](const std::string& wanted, const std::string& actual) {
    return !wanted.empty() && wanted != actual;
  };
  if (!query.collection.empty() && !row.subject().starts_with(query.collection + "/")) return false;
  if (differs(query.subject, row.subject()) || differs(query.event_id, row.event_id()) ||
      differs(query.correlation, row.correlation()) || differs(query.causation, row.causation()) ||
      differs(query.run, row.run()) || differs(query.actor, row.actor())) {
    return false;
  }
  return !query.recorded_until || FromProto(row.recorded_time()) <= *query.recorded_until;
}

}  // namespace

int ComparePositions(const ListQuery& query, const ListPosition& left, const ListPosition& right) {
  for (size_t i = 0; i < query.order.size(); ++i) {
    auto order = CompareColumns(left.values[i], right.values[i]);
    if (order == 0) continue;
    bool null = left.values[i].index() == 0 || right.values[i].index() == 0;  // last either way
    return (order < 0) != (query.order[i].descending && !null) ? -1 : 1;
  }
  auto order = left.id <=> right.id;
  if (order == 0) return 0;
  return (order < 0) != query.TiesDescend() ? -1 : 1;
}

std::strong_ordering CompareColumns(const ColumnValue& left, const ColumnValue& right) {
  bool left_null = left.index() == 0;
  bool right_null = right.index() == 0;
  if (left_null || right_null) return left_null <=> right_null;
  if (const auto* text = std::get_if<std::string>(&left)) {
    return text->compare(std::get<std::string>(right)) <=> 0;
  }
  if (const auto* number = std::get_if<int64_t>(&left)) return *number <=> std::get<int64_t>(right);
  if (const auto* flag = std::get_if<bool>(&left)) return *flag <=> std::get<bool>(right);
  return std::get<Time>(left) <=> std::get<Time>(right);
}

Result<std::vector<std::optional<StoredRecord>>> MemoryStore::GetEach(
    std::span<const RecordKey> keys, std::stop_token) {
  std::lock_guard lock(mutex_);
  std::vector<std::optional<StoredRecord>> records;
  for (const RecordKey& key : keys) {
    auto found = rows_.find(key);
    records.push_back(found == rows_.end() ? std::nullopt : std::optional(found->second.record));
  }
  return records;
}

Result<std::vector<std::pair<RecordKey, const MemoryStore::Row*>>> MemoryStore::Matching(
    const RecordType& type, const std::optional<Uuid>& tenant, const filter::CheckedFilter* filter,
    Time now, bool show_deleted) const {
  std::vector<std::pair<RecordKey, const Row*>> matching;
  auto message = type.NewMessage();
  // What an index is in PostgreSQL: rows that cannot match are not decoded.
  auto wanted = filter == nullptr ? std::nullopt : filter::RequiredTexts(*filter);
  const Column* column = wanted ? type.FindColumn(wanted->path) : nullptr;
  auto ruled_out = [&](const Row& row) {
    if (column == nullptr || column->kind != ColumnKind::kText) return false;
    auto at = static_cast<size_t>(column - type.columns().data());
    const auto* text = std::get_if<std::string>(&row.columns[at]);
    return text == nullptr || !wanted->texts.contains(*text);
  };
  for (auto at = rows_.lower_bound({&type, tenant.value_or(Uuid{}), Uuid{}});
       at != rows_.end() && at->first.type == &type && (!tenant || at->first.tenant == *tenant);
       ++at) {
    if ((at->second.deleted && !show_deleted) || ruled_out(at->second)) continue;
    if (filter != nullptr) {
      auto status = DecodeRecord(at->second.record.body, *message);
      if (!status.ok()) return status;
      filter::EvalContext context;
      context.now = now;
      if (!filter::Matches(*filter, *message, context)) continue;
    }
    matching.emplace_back(at->first, &at->second);
  }
  return matching;
}

Result<std::vector<ListedRecord>> MemoryStore::List(const ListQuery& query, std::stop_token) {
  std::lock_guard lock(mutex_);
  auto rows = Matching(*query.type, query.tenant, query.filter, query.now, query.show_deleted);
  if (!rows.ok()) return rows.status();
  std::vector<ListedRecord> listed;
  for (const auto& [key, row] : *rows) {
    ListPosition position{{}, key.id};
    for (const auto& term : query.order) {
      const Column* column = query.type->FindColumn(term.field_path);
      if (column == nullptr) return Internal("no column for " + term.field_path);
      position.values.push_back(
          row->columns[static_cast<size_t>(column - query.type->columns().data())]);
    }
    if (query.after && ComparePositions(query, position, *query.after) <= 0) continue;
    listed.push_back({row->record, key.tenant, std::move(position)});
  }
  std::sort(listed.begin(), listed.end(), [&](const ListedRecord& a, const ListedRecord& b) {
    int order = ComparePositions(query, a.position, b.position);
    return order != 0 ? order < 0 : a.tenant < b.tenant;
  });
  if (listed.size() > query.limit) listed.resize(query.limit);
  return listed;
}

Result<std::vector<AggregateRow>> MemoryStore::Aggregate(const AggregateQuery& query,
                                                         std::stop_token) {
  std::lock_guard lock(mutex_);
  auto rows = Matching(*query.type, query.tenant, query.filter, query.now, false);
  if (!rows.ok()) return rows.status();
  auto position = [&](const std::string& path) {
    return static_cast<size_t>(query.type->FindColumn(path) - query.type->columns().data());
  };
  auto before = [](const std::vector<ColumnValue>& a, const std::vector<ColumnValue>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      auto order = CompareColumns(a[i], b[i]);
      if (order != 0) return order < 0;
    }
    return false;
  };
  std::map<std::vector<ColumnValue>, AggregateRow, decltype(before)> groups(before);
  for (const auto& [key, row] : *rows) {
    std::vector<ColumnValue> group;
    for (const auto& path : query.group_by) group.push_back(row->columns[position(path)]);
    AggregateRow& total = groups[group];
    total.group = group;
    ++total.count;
    if (query.sum.empty()) continue;
    const auto* value = std::get_if<int64_t>(&row->columns[position(query.sum)]);
    if (value != nullptr) total.sum += *value;
  }
  std::vector<AggregateRow> result;
  for (auto& [group, row] : groups) result.push_back(std::move(row));
  return result;
}

Result<std::vector<kernel::v1::LogRow>> MemoryStore::ReadLog(const LogQuery& query,
                                                             std::stop_token) {
  std::lock_guard lock(mutex_);
  std::vector<kernel::v1::LogRow> rows;
  auto take = [&](const kernel::v1::LogRow& row) {
    if (rows.size() == query.limit) return false;
    if (Matches(query, row)) rows.push_back(row);
    return true;
  };
  if (query.tenant && !query.subject.empty()) {
    auto found = by_subject_.find({*query.tenant, query.subject});
    if (found == by_subject_.end()) return rows;
    for (size_t at : found->second) {
      if (!take(log_[at])) break;
    }
    return rows;
  }
  for (size_t i = static_cast<size_t>(std::max<int64_t>(query.after_seq, 0)); i < log_.size();
       ++i) {
    if (!take(log_[i])) break;
  }
  return rows;
}

Result<std::optional<kernel::v1::LogRow>> MemoryStore::LogRowAt(const RecordKey& key,
                                                                Timeline timeline, Time time,
                                                                std::stop_token) {
  std::lock_guard lock(mutex_);
  auto found = by_subject_.find({key.tenant, key.name()});
  if (found == by_subject_.end()) return std::optional<kernel::v1::LogRow>();
  for (auto at = found->second.rbegin(); at != found->second.rend(); ++at) {
    const auto& row = log_[*at];
    Time moment =
        FromProto(timeline == Timeline::kRecorded ? row.recorded_time() : row.occurred_time());
    if (moment <= time) return std::optional(row);
  }
  return std::optional<kernel::v1::LogRow>();
}

Status MemoryStore::ForEachLogRowAt(const RecordType& type, const Uuid& tenant, Timeline timeline,
                                    Time time,
                                    const std::function<bool(const kernel::v1::LogRow&)>& visit,
                                    std::stop_token stop) {
  std::vector<Uuid> ids;
  {
    std::lock_guard lock(mutex_);
    for (auto at = by_subject_.lower_bound({tenant, type.collection() + "/"});
         at != by_subject_.end() && at->first.first == tenant; ++at) {
      auto id = type.ParseName(at->first.second);
      if (!id.ok()) break;
      ids.push_back(*id);
    }
  }
  for (const Uuid& id : ids) {
    auto row = LogRowAt({&type, tenant, id}, timeline, time, stop);
    if (!row.ok()) return row.status();
    if (*row && !visit(**row)) break;
  }
  return Status::Ok();
}

Result<std::pair<int64_t, Time>> MemoryStore::LogHead(std::stop_token) {
  std::lock_guard lock(mutex_);
  return std::pair(static_cast<int64_t>(log_.size()), head_time_);
}

std::vector<CommitResult> MemoryStore::Commit(std::span<const WriteSet* const> group,
                                              std::stop_token) {
  std::lock_guard lock(mutex_);
  std::vector<CommitResult> results;
  std::set<uint64_t> dropped;
  for (const WriteSet* set : group) {
    if (const Check* check = FindBasedOn(*set, dropped)) {
      results.emplace_back();
      results.back().outcome = CommitResult::Outcome::kStale;
      results.back().stale = check->key;
    } else {
      results.push_back(CommitOne(*set));
    }
    if (results.back().outcome != CommitResult::Outcome::kCommitted) dropped.insert(set->id);
  }
  return results;
}

CommitResult MemoryStore::CommitOne(const WriteSet& set) {
  CommitResult result;
  for (const auto& check : set.checks) {
    auto found = rows_.find(check.key);
    int64_t version = found == rows_.end() ? 0 : found->second.record.version;
    if (version == check.version) continue;
    result.outcome = CommitResult::Outcome::kStale;
    result.stale = check.key;
    return result;
  }
  for (const auto& write : set.records) {
    if (write.version == 0) {
      rows_.erase(write.key);
      continue;
    }
    rows_[write.key] = {
        {write.key.id, write.version, write.body, write.occurred}, write.columns, write.deleted};
  }
  for (const auto& row : set.log) {
    head_time_ = std::max(clock_.Now(), head_time_ + Duration(1));
    log_.push_back(row);
    result.log.push_back({static_cast<int64_t>(log_.size()), head_time_});
    Number(log_.back(), result.log.back());
    by_subject_[{TenantOf(row), row.subject()}].push_back(log_.size() - 1);
  }
  result.outcome = CommitResult::Outcome::kCommitted;
  return result;
}

Status MemoryStore::SettleLog(Time time) {
  std::lock_guard lock(mutex_);
  // The head may be a little ahead of the clock, where several rows were logged at one moment.
  if (time > std::max(clock_.Now(), head_time_)) return FutureAsOf(time);
  head_time_ = std::max(head_time_, time);
  return Status::Ok();
}

Result<int64_t> MemoryStore::PruneExpired(Time now, size_t limit) {
  std::lock_guard lock(mutex_);
  const RecordType* keys = &types_.Of(kernel::v1::IdempotencyKey::descriptor());
  size_t expire = static_cast<size_t>(keys->FindColumn("expire_time") - keys->columns().data());
  int64_t pruned = 0;
  for (auto at = rows_.lower_bound({keys, Uuid{}, Uuid{}});
       at != rows_.end() && at->first.type == keys && pruned < static_cast<int64_t>(limit);) {
    const auto* time = std::get_if<Time>(&at->second.columns[expire]);
    bool expired = time != nullptr && *time <= now;
    at = expired ? rows_.erase(at) : std::next(at);
    pruned += expired;
  }
  return pruned;
}

}  // namespace crm
