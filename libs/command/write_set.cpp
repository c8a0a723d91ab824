#include "libs/command/write_set.h"

#include <google/protobuf/map_field.h>

#include <algorithm>

#include "libs/command/record_codec.h"
#include "libs/filter/search_text.h"

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

ColumnValue ScalarValue(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_INT32:
      return int64_t{reflection->GetInt32(message, field)};
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetInt64(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return int64_t{reflection->GetUInt32(message, field)};
    case FieldDescriptor::CPPTYPE_ENUM:
      return int64_t{reflection->GetEnumValue(message, field)};
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(message, field);
    default:
      return GetTimestamp(message, field);
  }
}

// NULL where a message on the way, or a field with presence, is not set.
ColumnValue ValueOf(const Message& root, const std::vector<const FieldDescriptor*>& path) {
  const Message* message = &root;
  for (const auto* field : path) {
    if (field->has_presence() && !message->GetReflection()->HasField(*message, field)) return {};
    if (field == path.back()) return ScalarValue(*message, field);
    message = &message->GetReflection()->GetMessage(*message, field);
  }
  return {};
}

std::string AsText(const ColumnValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* time = std::get_if<Time>(&value)) return FormatTime(*time);
  return {};
}

void AddRow(const std::string& field, std::string value, std::vector<IndexRow>& rows) {
  if (!value.empty()) rows.push_back({field, std::move(value)});
}

void AddIndexRows(const Message& message, const IndexedField& indexed, size_t step,
                  std::vector<IndexRow>& rows) {
  const auto* field = indexed.path[step];
  const auto* reflection = message.GetReflection();
  bool last = step + 1 == indexed.path.size();
  if (field->is_map()) {
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      const Message& entry = reflection->GetRepeatedMessage(message, field, i);
      AddRow(indexed.field_path + "." +
                 entry.GetReflection()->GetString(entry, field->message_type()->map_key()),
             AsText(ScalarValue(entry, field->message_type()->map_value())), rows);
    }
    return;
  }
  if (!field->is_repeated()) {
    if (last) return AddRow(indexed.field_path, AsText(ScalarValue(message, field)), rows);
    if (reflection->HasField(message, field)) {
      AddIndexRows(reflection->GetMessage(message, field), indexed, step + 1, rows);
    }
    return;
  }
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    if (!last) {
      AddIndexRows(reflection->GetRepeatedMessage(message, field, i), indexed, step + 1, rows);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      AddRow(indexed.field_path, reflection->GetRepeatedString(message, field, i), rows);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      AddRow(indexed.field_path, std::to_string(reflection->GetRepeatedEnumValue(message, field, i)),
             rows);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      AddRow(indexed.field_path, std::to_string(reflection->GetRepeatedInt64(message, field, i)),
             rows);
    }
  }
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

size_t WriteSet::bytes() const {
  size_t total = 64 * checks.size();
  for (const auto& record : records) total += 128 + record.body.size() + record.search_text.size();
  for (const auto& row : log) total += 256 + row.body().size();
  return total;
}

std::vector<ColumnValue> ColumnsOf(const RecordType& type, const Message& message) {
  std::vector<ColumnValue> values;
  values.reserve(type.columns().size());
  for (const auto& column : type.columns()) values.push_back(ValueOf(message, column.path));
  return values;
}

RecordWrite MakeRecordWrite(const RecordKey& key, int64_t version, const Message& message) {
  RecordWrite write;
  write.key = key;
  write.version = version;
  write.body = EncodeRecord(message);
  write.columns = ColumnsOf(*key.type, message);
  for (const auto& indexed : key.type->indexed()) AddIndexRows(message, indexed, 0, write.index);
  std::sort(write.index.begin(), write.index.end());
  write.index.erase(std::unique(write.index.begin(), write.index.end()), write.index.end());
  if (!key.type->searchable().empty()) {
    write.search_text = filter::SearchText(message, key.type->filter_schema().searchable());
  }
  write.deleted = key.type->IsDeleted(message);
  return write;
}

}  // namespace crm
