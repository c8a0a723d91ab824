#include "libs/entity/past.h"

#include <set>

#include "libs/command/event_builder.h"
#include "libs/command/memory_store.h"
#include "libs/command/record_codec.h"
#include "libs/entity/scope.h"

namespace crm::entity {

namespace {

// Records whose state today is read at once.
constexpr size_t kTodayBatch = 500;

// The record that an event left behind, with the etag of its version.
Result<MessagePtr> SnapshotOf(const RecordType& type, const kernel::v1::LogRow& row) {
  auto event = type.NewEvent();
  if (auto status = DecodeRecord(row.body(), *event); !status.ok()) return status;
  MessagePtr record(event->GetReflection()->ReleaseMessage(event.get(), type.snapshot_field()));
  if (record == nullptr) {
    return Status(Code::kDataLoss, "RECORD_UNREADABLE",
                  "An event of " + row.subject() + " has no snapshot.");
  }
  SetEtag(type, row.version(), *record);
  return record;
}

class PastList {
 public:
  PastList(Call& call, const ListQuery& query, std::optional<filter::CheckedFilter> scope)
      : call_(call), query_(query), scope_(std::move(scope)), page_(Before{query}) {}

  // False: stop, because of status().
  bool Visit(const kernel::v1::LogRow& row) {
    auto record = SnapshotOf(*query_.type, row);
    auto id = query_.type->ParseName(row.subject());
    if (!record.ok()) status_ = record.status();
    if (!id.ok()) status_ = id.status();
    if (!status_.ok()) return false;
    if (!Wanted(**record)) return true;
    ListPosition position{Values(**record), *id};
    if (query_.after && ComparePositions(query_, position, *query_.after) <= 0) return true;
    waiting_.push_back({std::move(position), std::move(*record)});
    if (waiting_.size() >= kTodayBatch) Flush();
    return status_.ok();
  }

  Result<std::vector<ListedMessage>> Take() {
    Flush();
    if (!status_.ok()) return status_;
    std::vector<ListedMessage> rows;
    while (!page_.empty()) rows.push_back(std::move(page_.extract(page_.begin()).value()));
    return rows;
  }

 private:
  struct Before {
    const ListQuery& query;
    bool operator()(const ListedMessage& left, const ListedMessage& right) const {
      return ComparePositions(query, left.position, right.position) < 0;
    }
  };

  bool Wanted(const google::protobuf::Message& record) const {
    if (!query_.show_deleted && query_.type->IsDeleted(record)) return false;
    filter::EvalContext then;
    then.now = query_.now;
    return Covers(scope_, record, query_.now) &&
           (query_.filter == nullptr || filter::Matches(*query_.filter, record, then));
  }

  std::vector<ColumnValue> Values(const google::protobuf::Message& record) const {
    if (query_.order.empty()) return {};
    auto columns = ColumnsOf(*query_.type, record);
    std::vector<ColumnValue> values;
    for (const auto& term : query_.order) {
      const Column* column = query_.type->FindColumn(term.field_path);
      values.push_back(columns[static_cast<size_t>(column - query_.type->columns().data())]);
    }
    return values;
  }

  void Flush() {
    auto visible = VisibleToday();
    for (auto& row : waiting_) {
      if (visible && !visible->contains(row.position.id)) continue;
      page_.insert(std::move(row));
      if (page_.size() > query_.limit) page_.erase(std::prev(page_.end()));
    }
    waiting_.clear();
  }

  // Of those that wait; nullopt: all, because no scope restricts the caller.
  std::optional<std::set<Uuid>> VisibleToday() {
    if (!scope_) return std::nullopt;
    std::vector<Uuid> ids;
    for (const auto& row : waiting_) ids.push_back(row.position.id);
    std::set<Uuid> visible;
    if (ids.empty()) return visible;
    auto stored = call_.store().GetMany(*query_.type, call_.tenant(), ids, call_.stop());
    if (!stored.ok()) {
      status_ = stored.status();
      return visible;
    }
    auto record = query_.type->NewMessage();
    for (const auto& row : *stored) {
      if (auto status = DecodeRecord(row.body, *record); !status.ok()) status_ = status;
      if (Covers(scope_, *record, call_.now())) visible.insert(row.id);
    }
    return visible;
  }

  Call& call_;
  const ListQuery& query_;
  const std::optional<filter::CheckedFilter> scope_;
  std::set<ListedMessage, Before> page_;
  std::vector<ListedMessage> waiting_;
  Status status_;
};

}  // namespace

Result<MessagePtr> GetPast(Call& call, const RecordType& type, std::string_view name) {
  auto today = call.LoadMessage(type, name, true);
  if (!today.ok()) return today.status();
  const auto& [timeline, time] = *call.context().past;
  auto row = call.store().LogRowAt({&type, call.tenant(), *type.ParseName(name)}, timeline, time,
                                   call.stop());
  if (!row.ok()) return row.status();
  if (!*row) return NotFound(name);
  auto record = SnapshotOf(type, **row);
  if (!record.ok()) return record;
  auto scope = ScopeOf(call, type);
  if (!scope.ok()) return scope.status();
  if (!Covers(*scope, **record, time)) return NotFound(name);
  return record;
}

Result<std::vector<ListedMessage>> ListPast(Call& call, const ListQuery& query) {
  auto scope = ScopeOf(call, *query.type);
  if (!scope.ok()) return scope.status();
  PastList list(call, query, std::move(*scope));
  const auto& [timeline, time] = *call.context().past;
  auto status = call.store().ForEachLogRowAt(
      *query.type, call.tenant(), timeline, time,
      [&list](const kernel::v1::LogRow& row) { return list.Visit(row); }, call.stop());
  if (!status.ok()) return status;
  return list.Take();
}

}  // namespace crm::entity
