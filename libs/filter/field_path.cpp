#include "libs/filter/field_path.h"

#include <algorithm>
#include <limits>

namespace crm::filter {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <class Value>
int Order(Value left, Value right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

int64_t LeafInt(const Leaf& leaf) {
  const Reflection& r = *leaf.message->GetReflection();
  const Message& m = *leaf.message;
  const FieldDescriptor* f = leaf.field;
  bool one = leaf.index < 0;
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? r.GetInt32(m, f) : r.GetRepeatedInt32(m, f, leaf.index);
    case FieldDescriptor::CPPTYPE_INT64:
      return one ? r.GetInt64(m, f) : r.GetRepeatedInt64(m, f, leaf.index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return one ? r.GetUInt32(m, f) : r.GetRepeatedUInt32(m, f, leaf.index);
    case FieldDescriptor::CPPTYPE_ENUM:
      return one ? r.GetEnumValue(m, f) : r.GetRepeatedEnumValue(m, f, leaf.index);
    default: {
      uint64_t value = one ? r.GetUInt64(m, f) : r.GetRepeatedUInt64(m, f, leaf.index);
      constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(std::min(value, kMax));
    }
  }
}

bool LeafBool(const Leaf& leaf) {
  const Reflection& r = *leaf.message->GetReflection();
  return leaf.index < 0 ? r.GetBool(*leaf.message, leaf.field)
                        : r.GetRepeatedBool(*leaf.message, leaf.field, leaf.index);
}

double LeafDouble(const Leaf& leaf) {
  const Reflection& r = *leaf.message->GetReflection();
  const Message& m = *leaf.message;
  bool one = leaf.index < 0;
  if (leaf.field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    return one ? r.GetFloat(m, leaf.field) : r.GetRepeatedFloat(m, leaf.field, leaf.index);
  }
  return one ? r.GetDouble(m, leaf.field) : r.GetRepeatedDouble(m, leaf.field, leaf.index);
}

// Of a Timestamp or a Duration: seconds are field 1 and nanos field 2 of both. Clamped to what
// fits.
int64_t LeafMicros(const Leaf& leaf) {
  const Reflection& r = *leaf.message->GetReflection();
  const Message& time = leaf.index < 0
                            ? r.GetMessage(*leaf.message, leaf.field)
                            : r.GetRepeatedMessage(*leaf.message, leaf.field, leaf.index);
  const Reflection& inner = *time.GetReflection();
  int64_t seconds = inner.GetInt64(time, time.GetDescriptor()->field(0));
  int64_t nanos = inner.GetInt32(time, time.GetDescriptor()->field(1));
  constexpr int64_t kMaxSeconds = 315'576'000'000;
  seconds = std::clamp(seconds, -kMaxSeconds, kMaxSeconds);
  int64_t micros = nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0);
  return seconds * 1'000'000 + micros;
}

}  // namespace

Type TypeOf(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Type::kBool;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Type::kDouble;
    case FieldDescriptor::CPPTYPE_ENUM:
      return Type::kEnum;
    case FieldDescriptor::CPPTYPE_STRING:
      return field->type() == FieldDescriptor::TYPE_BYTES ? Type::kBytes : Type::kString;
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const std::string& name = field->message_type()->full_name();
      if (name == "google.protobuf.Timestamp") return Type::kTime;
      if (name == "google.protobuf.Duration") return Type::kDuration;
      return Type::kMessage;
    }
    default:
      return Type::kInt;
  }
}

const std::string& LeafString(const Leaf& leaf, std::string& scratch) {
  const Reflection& r = *leaf.message->GetReflection();
  if (leaf.index < 0) return r.GetStringReference(*leaf.message, leaf.field, &scratch);
  return r.GetRepeatedStringReference(*leaf.message, leaf.field, leaf.index, &scratch);
}

bool IsPresent(const FieldPath& path, const Leaf& leaf) {
  // AnyLeaf reaches an unset leaf only where "unset" is its default value.
  if (path.has_presence || leaf.index >= 0) return true;
  switch (path.type) {
    case Type::kBool:
      return LeafBool(leaf);
    case Type::kInt:
    case Type::kEnum:
      return LeafInt(leaf) != 0;
    case Type::kDouble:
      return LeafDouble(leaf) != 0;
    case Type::kString:
    case Type::kBytes: {
      std::string scratch;
      return !LeafString(leaf, scratch).empty();
    }
    default:
      return true;
  }
}

int CompareLeaf(Type type, const Leaf& leaf, const Value& value) {
  switch (type) {
    case Type::kBool:
      return Order(LeafBool(leaf), std::get<bool>(value));
    case Type::kDouble:
      return CompareDoubles(LeafDouble(leaf), std::get<double>(value));
    case Type::kString: {
      std::string scratch;
      return LeafString(leaf, scratch).compare(std::get<std::string>(value));
    }
    case Type::kTime:
      return Order(LeafMicros(leaf), std::get<Time>(value).time_since_epoch().count());
    case Type::kDuration:
      return Order(LeafMicros(leaf), std::get<Duration>(value).count());
    default:
      return Order(LeafInt(leaf), std::get<int64_t>(value));
  }
}

std::optional<Value> LeafValue(Type type, const Leaf& leaf) {
  switch (type) {
    case Type::kBool:
      return LeafBool(leaf);
    case Type::kInt:
    case Type::kEnum:
      return LeafInt(leaf);
    case Type::kDouble:
      return LeafDouble(leaf);
    case Type::kString: {
      std::string scratch;
      return LeafString(leaf, scratch);
    }
    case Type::kTime:
      return Time(Duration(LeafMicros(leaf)));
    case Type::kDuration:
      return Duration(LeafMicros(leaf));
    default:
      return std::nullopt;
  }
}

const Message* FindEntry(const Message& message, const FieldPath::Step& step) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* key = step.field->message_type()->map_key();
  std::string scratch;
  for (int i = 0, size = reflection.FieldSize(message, step.field); i < size; ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, step.field, i);
    Leaf leaf{&entry, key, -1};
    bool same = key->cpp_type() == FieldDescriptor::CPPTYPE_STRING
                    ? LeafString(leaf, scratch) == step.key
                : key->cpp_type() == FieldDescriptor::CPPTYPE_BOOL
                    ? LeafBool(leaf) == (step.key_number != 0)
                    : LeafInt(leaf) == step.key_number;
    if (same) return &entry;
  }
  return nullptr;
}

std::optional<Value> ReadValue(const FieldPath& path, const Message& message) {
  std::optional<Value> value;
  AnyLeaf(path, message, [&](const Leaf& leaf) {
    value = LeafValue(path.type, leaf);
    return true;
  });
  return value;
}

}  // namespace crm::filter
