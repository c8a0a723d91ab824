#include "libs/command/write_set.h"

#include <cstring>

#include "libs/command/record_codec.h"
#include "libs/filter/search_text.h"

namespace crm {

using google::protobuf::Message;

namespace {

filter::SqlColumn::Kind SqlKind(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return filter::SqlColumn::Kind::kBool;
    case ColumnKind::kInt:
      return filter::SqlColumn::Kind::kInt;
    case ColumnKind::kText:
      return filter::SqlColumn::Kind::kText;
    case ColumnKind::kTime:
      return filter::SqlColumn::Kind::kTime;
  }
  return filter::SqlColumn::Kind::kText;
}

ColumnValue ValueOf(const Column& column, const Message& message) {
  auto value = filter::ColumnValue(column.path, SqlKind(column.kind), "", message);
  if (!value) return {};
  if (auto* text = std::get_if<std::string>(&*value)) return std::move(*text);
  if (auto* number = std::get_if<int64_t>(&*value)) return *number;
  if (auto* flag = std::get_if<bool>(&*value)) return *flag;
  if (auto* time = std::get_if<Time>(&*value)) return *time;
  return {};
}

}  // namespace

std::strong_ordering RecordKey::operator<=>(const RecordKey& other) const {
  if (type != other.type) {
    if (auto order = type->table().compare(other.type->table()); order != 0) {
      return order < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
    }
  }
  if (auto order = tenant <=> other.tenant; order != 0) return order;
  return id <=> other.id;
}

// The second half of an id is random, or of a digest; that of a record of which a tenant has one is
// nil, and so are a few ids that everybody shares.
size_t RecordKeyHash::operator()(const RecordKey& key) const {
  uint64_t id = 0, tenant = 0;
  std::memcpy(&id, key.id.bytes.data() + 8, sizeof id);
  std::memcpy(&tenant, key.tenant.bytes.data() + 8, sizeof tenant);
  return std::hash<const void*>()(key.type) ^ id ^ (tenant << 1);
}

size_t WriteSet::bytes() const {
  size_t total = 64 * checks.size();
  for (const auto& record : records) total += 128 + record.body.size() + record.search_text.size();
  for (const auto& row : log) total += 256 + row.body().size();
  return total;
}

const Check* FindBasedOn(const WriteSet& set, const std::set<uint64_t>& dropped) {
  for (const auto& check : set.checks) {
    if (check.based_on != 0 && dropped.contains(check.based_on)) return &check;
  }
  return nullptr;
}

std::vector<ColumnValue> ColumnsOf(const RecordType& type, const Message& message) {
  std::vector<ColumnValue> values;
  values.reserve(type.columns().size());
  for (const auto& column : type.columns()) values.push_back(ValueOf(column, message));
  return values;
}

RecordWrite MakeRecordWrite(const RecordKey& key, int64_t version, const Message& message) {
  RecordWrite write;
  write.key = key;
  write.version = version;
  write.body = EncodeRecord(message);
  write.columns = ColumnsOf(*key.type, message);
  for (const auto& indexed : key.type->indexed()) {
    auto rows = filter::IndexRows(indexed.path, message);
    write.index.insert(write.index.end(), rows.begin(), rows.end());
  }
  if (!key.type->searchable().empty()) {
    write.search_text = filter::SearchText(message, key.type->filter_schema().searchable());
  }
  write.deleted = key.type->IsDeleted(message);
  return write;
}

}  // namespace crm
