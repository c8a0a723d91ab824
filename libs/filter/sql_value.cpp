#include "libs/filter/sql_value.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

namespace crm::filter {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string Hex(uint64_t bits) {
  char text[17];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(bits));
  return text;
}

constexpr uint64_t kSign = uint64_t{1} << 63;

std::string IntText(int64_t value) {
  return Hex(static_cast<uint64_t>(value) ^ kSign);
}

// Negative numbers sort backwards as bits, so all their bits are turned; NaN becomes the greatest.
std::string DoubleText(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;
  auto bits = std::bit_cast<uint64_t>(value);
  return Hex(bits & kSign ? ~bits : bits | kSign);
}

struct ToColumn {
  SqlValue operator()(Duration value) const { return value.count(); }
  template <class T>
  SqlValue operator()(const T& value) const {
    return value;
  }
};

class RowWriter {
 public:
  std::vector<IndexRow> Take() {
    std::sort(rows_.begin(), rows_.end());
    rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
    return std::move(rows_);
  }

  void AddField(const std::string& name, const Message& message, const FieldDescriptor* field) {
    const auto& reflection = *message.GetReflection();
    if (!field->is_repeated()) {
      bool unset = field->has_presence() && !reflection.HasField(message, field);
      if (!unset) AddLeaf(name, {&message, field, -1});
      return;
    }
    for (int i = 0, size = reflection.FieldSize(message, field); i < size; ++i) {
      if (!field->is_map()) {
        AddLeaf(name, {&message, field, i});
        continue;
      }
      const Message& entry = reflection.GetRepeatedMessage(message, field, i);
      std::string key = KeyText({&entry, field->message_type()->map_key(), -1});
      rows_.push_back({name, key});
      AddLeaf(name + "." + FieldText(key), {&entry, field->message_type()->map_value(), -1});
    }
  }

 private:
  static std::string KeyText(const Leaf& leaf) {
    Value value = *LeafValue(TypeOf(leaf.field), leaf);
    if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
    return std::get<std::string>(value);
  }

  void AddLeaf(const std::string& name, const Leaf& leaf) {
    Type type = TypeOf(leaf.field);
    std::optional<Value> value = LeafValue(type, leaf);
    if (value) {
      rows_.push_back({name, IndexText(*value)});
      return;
    }
    if (type == Type::kBytes) {
      std::string scratch;
      rows_.push_back({name, LeafString(leaf, scratch).empty() ? "" : "1"});
      return;
    }
    rows_.push_back({name, ""});
    const auto& reflection = *leaf.message->GetReflection();
    const Message& inner =
        leaf.index < 0 ? reflection.GetMessage(*leaf.message, leaf.field)
                       : reflection.GetRepeatedMessage(*leaf.message, leaf.field, leaf.index);
    for (int i = 0; i < inner.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = inner.GetDescriptor()->field(i);
      AddField(name + "." + field->name(), inner, field);
    }
  }

  std::vector<IndexRow> rows_;
};

}  // namespace

std::string IndexText(const Value& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return IntText(v); }
    std::string operator()(double v) const { return DoubleText(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(Time v) const { return IntText(v.time_since_epoch().count()); }
    std::string operator()(Duration v) const { return IntText(v.count()); }
  };
  return std::visit(Visitor(), value);
}

std::vector<IndexRow> IndexRows(const FieldPath& path, const Message& message) {
  const Message* holder = &message;
  for (size_t i = 0; i + 1 < path.steps.size(); ++i) {
    const FieldDescriptor* field = path.steps[i].field;
    if (!holder->GetReflection()->HasField(*holder, field)) return {};
    holder = &holder->GetReflection()->GetMessage(*holder, field);
  }
  RowWriter writer;
  writer.AddField(path.text, *holder, path.steps.back().field);
  return writer.Take();
}

std::optional<SqlValue> ColumnValue(const FieldPath& path, SqlColumn::Kind kind,
                                    const std::string& prefix, const Message& message) {
  if (path.type == Type::kMessage || path.type == Type::kBytes) {
    bool present = AnyLeaf(path, message, [&](const Leaf& leaf) { return IsPresent(path, leaf); });
    return present ? std::optional<SqlValue>(true) : std::nullopt;
  }
  std::optional<Value> value = ReadValue(path, message);
  if (!value) return std::nullopt;
  if (kind != SqlColumn::Kind::kUuid) return std::visit(ToColumn(), *value);
  const auto& text = std::get<std::string>(*value);
  if (!text.starts_with(prefix)) return std::nullopt;
  std::optional<Uuid> id = Uuid::Parse(std::string_view(text).substr(prefix.size()));
  return id ? std::optional<SqlValue>(*id) : std::nullopt;
}

}  // namespace crm::filter
