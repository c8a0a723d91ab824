#include "libs/entity/validate.h"

#include <cmath>
#include <set>

#include "crm/type/v1/money.pb.h"
#include "libs/base/money.h"
#include "libs/command/access.h"
#include "libs/command/event_builder.h"
#include "libs/command/timestamps.h"
#include "libs/entity/options.h"
#include "libs/entity/text.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr int kMaxCharacters = 1000;
constexpr int kMaxElements = 100;
constexpr size_t kMaxBytes = 64 << 10;
constexpr size_t kMaxViolations = 100;

// One value of a field: the field itself, or an element of a list.
struct Value {
  const Message& message;
  const FieldDescriptor* field;
  int index = -1;

  std::string Text() const {
    const auto* reflection = message.GetReflection();
    return index < 0 ? reflection->GetString(message, field)
                     : reflection->GetRepeatedString(message, field, index);
  }
  const Message& Child() const {
    const auto* reflection = message.GetReflection();
    return index < 0 ? reflection->GetMessage(message, field)
                     : reflection->GetRepeatedMessage(message, field, index);
  }
  int EnumNumber() const {
    const auto* reflection = message.GetReflection();
    return index < 0 ? reflection->GetEnumValue(message, field)
                     : reflection->GetRepeatedEnumValue(message, field, index);
  }
  double Number() const;
};

double Value::Number() const {
  const auto* reflection = message.GetReflection();
  bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_FLOAT:
      return one ? reflection->GetFloat(message, field)
                 : reflection->GetRepeatedFloat(message, field, index);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return one ? reflection->GetDouble(message, field)
                 : reflection->GetRepeatedDouble(message, field, index);
    default:
      return 0;
  }
}

// nullopt for unsigned numbers above all bounds that options can name.
std::optional<int64_t> Integer(const Value& value) {
  const auto* reflection = value.message.GetReflection();
  bool one = value.index < 0;
  uint64_t wide = 0;
  switch (value.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? reflection->GetInt32(value.message, value.field)
                 : reflection->GetRepeatedInt32(value.message, value.field, value.index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return one ? reflection->GetUInt32(value.message, value.field)
                 : reflection->GetRepeatedUInt32(value.message, value.field, value.index);
    case FieldDescriptor::CPPTYPE_INT64:
      return one ? reflection->GetInt64(value.message, value.field)
                 : reflection->GetRepeatedInt64(value.message, value.field, value.index);
    default:
      wide = one ? reflection->GetUInt64(value.message, value.field)
                 : reflection->GetRepeatedUInt64(value.message, value.field, value.index);
      return wide > INT64_MAX ? std::nullopt : std::optional(static_cast<int64_t>(wide));
  }
}

// References that a message has at one field, whatever its place in lists.
void CollectTexts(const Message& message, const FieldDescriptor* wanted,
                  std::set<std::string>& texts) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      Value value{message, field, field->is_repeated() ? i : -1};
      if (field == wanted) texts.insert(value.Text());
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        CollectTexts(value.Child(), wanted, texts);
    }
  }
}

class Checker {
 public:
  Checker(Call& call, const Message* before) : call_(call), before_(before) {}

  void CheckField(const Message& message, const FieldDescriptor* field, const std::string& path) {
    if (violations_.size() >= kMaxViolations) return;
    const auto* reflection = message.GetReflection();
    int size = field->is_repeated() ? reflection->FieldSize(message, field) : 0;
    bool set = field->is_repeated() ? size > 0 : reflection->HasField(message, field);
    if (!set) {
      if (Behaves(field, google::api::REQUIRED)) Add(path, "is required");
      return;
    }
    if (!field->is_repeated()) return CheckValue({message, field}, OptionsOf(field), path);
    int most = OptionsOf(field).max_length() > 0 ? OptionsOf(field).max_length() : kMaxElements;
    if (size > most) {
      return Add(path,
                 "has " + std::to_string(size) + " elements; there can be " + std::to_string(most));
    }
    for (int i = 0; i < size; ++i) {
      if (field->is_map()) {
        CheckEntry(reflection->GetRepeatedMessage(message, field, i), path);
      } else {
        // The field's own bound is that of the list.
        options::v1::FieldOptions options = OptionsOf(field);
        options.clear_max_length();
        CheckValue({message, field, i}, options, path + "[" + std::to_string(i) + "]");
      }
    }
  }

  std::vector<FieldViolation> TakeViolations() { return std::move(violations_); }
  // Of a look-up that could not be made.
  const Status& failure() const { return failure_; }

 private:
  void Add(const std::string& path, std::string description) {
    violations_.push_back({path, std::move(description)});
  }

  void CheckEntry(const Message& entry, const std::string& path) {
    const auto* key = entry.GetDescriptor()->map_key();
    std::string name;
    if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      name = entry.GetReflection()->GetString(entry, key);
      if (name.empty()) return Add(path, "has an empty key");
      if (CountCharacters(name) > 100 || HasControlCharacters(name)) {
        return Add(path, "has a key of more than 100 characters or with control characters");
      }
    }
    const auto* value = entry.GetDescriptor()->map_value();
    CheckValue({entry, value}, OptionsOf(value), name.empty() ? path : path + "." + name);
  }

  void CheckValue(const Value& value, const options::v1::FieldOptions& options,
                  const std::string& path) {
    switch (value.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return CheckText(value, options, path);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return CheckMessage(value.Child(), path);
      case FieldDescriptor::CPPTYPE_ENUM:
        if (value.field->enum_type()->FindValueByNumber(value.EnumNumber()) == nullptr) {
          Add(path,
              std::to_string(value.EnumNumber()) + " is no " + value.field->enum_type()->name());
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        return;
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (!std::isfinite(value.Number())) return Add(path, "must be a finite number");
        return CheckBounds(options, value.Number(), path);
      default:
        auto number = Integer(value);
        return number ? CheckBounds(options, *number, path) : CheckBounds(options, INT64_MAX, path);
    }
  }

  template <class Number>
  void CheckBounds(const options::v1::FieldOptions& options, Number number,
                   const std::string& path) {
    if (options.max_value() <= options.min_value()) return;
    if (number >= static_cast<Number>(options.min_value()) &&
        number <= static_cast<Number>(options.max_value())) {
      return;
    }
    Add(path, "must be from " + std::to_string(options.min_value()) + " to " +
                  std::to_string(options.max_value()));
  }

  void CheckText(const Value& value, const options::v1::FieldOptions& options,
                 const std::string& path) {
    std::string text = value.Text();
    if (value.field->type() == FieldDescriptor::TYPE_BYTES) {
      size_t most =
          options.max_length() > 0 ? static_cast<size_t>(options.max_length()) : kMaxBytes;
      if (text.size() > most) Add(path, "must have at most " + std::to_string(most) + " bytes");
      return;
    }
    size_t most =
        static_cast<size_t>(options.max_length() > 0 ? options.max_length() : kMaxCharacters);
    if (CountCharacters(text) > most) {
      Add(path, "must have at most " + std::to_string(most) + " characters");
    }
    if (HasControlCharacters(text)) return Add(path, "must not have control characters");
    if (text.empty()) return;
    if (options.email()) {
      if (auto fault = EmailFault(text)) Add(path, *fault);
    }
    if (!options.reference().empty()) CheckReference(value.field, options, text, path);
  }

  void CheckReference(const FieldDescriptor* field, const options::v1::FieldOptions& options,
                      const std::string& name, const std::string& path) {
    const std::string& collection = options.reference();
    bool form = name.starts_with(collection + "/") &&
                Uuid::Parse(std::string_view(name).substr(collection.size() + 1));
    if (!form) return Add(path, "must have the form " + collection + "/{uuid}");
    if (!options.must_exist() || !failure_.ok()) return;
    if (before_ != nullptr) {
      std::set<std::string> known;
      CollectTexts(*before_, field, known);
      if (known.contains(name)) return;
    }
    const RecordType* type = call_.types().FindCollection(collection);
    if (type == nullptr) {
      failure_ = Internal(field->full_name() + " must exist, but is no record of this service");
      return;
    }
    auto found = call_.FindMessage(*type, name);
    if (!found.ok()) {
      failure_ = found.status();
      return;
    }
    bool usable =
        *found != nullptr && !type->IsDeleted(**found) &&
        (type->object().empty() || MaySee(*type, call_.principal(), "get", **found, call_.now()));
    if (!usable) Add(path, "there is no " + name + ", or you may not see it");
  }

  void CheckMessage(const Message& message, const std::string& path) {
    const std::string& type = message.GetDescriptor()->full_name();
    if (type == "google.protobuf.Timestamp") {
      const auto* descriptor = message.GetDescriptor();
      int64_t seconds =
          message.GetReflection()->GetInt64(message, descriptor->FindFieldByNumber(1));
      int32_t nanos = message.GetReflection()->GetInt32(message, descriptor->FindFieldByNumber(2));
      bool valid =
          seconds >= kFirstSecond && seconds <= kLastSecond && nanos >= 0 && nanos < 1'000'000'000;
      if (!valid) Add(path, "must be a time from year 1 to 9999");
      return;
    }
    if (type == "crm.type.v1.Money") {
      const auto& money = static_cast<const type::v1::Money&>(message);
      if (!Currency::Parse(money.currency_code()).ok()) {
        Add(path + ".currency_code", "must be a currency of ISO 4217, like ILS");
      }
      return;
    }
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      CheckField(message, field, path + "." + field->name());
    }
  }

  Call& call_;
  const Message* before_;
  std::vector<FieldViolation> violations_;
  Status failure_;
};

}  // namespace

Status Validate(Call& call, const RecordType& type, const Message* before, const Message& after,
                std::string_view path) {
  Checker checker(call, before);
  std::vector<const FieldDescriptor*> fields;
  if (before != nullptr) {
    fields = ChangedFields(type, before, after);
  } else {
    for (int i = 0; i < type.message()->field_count(); ++i)
      fields.push_back(type.message()->field(i));
  }
  for (const auto* field : fields) {
    // What the server sets itself is its own business, and may point at what the caller cannot see.
    if (OutputOnly(field)) continue;
    checker.CheckField(after, field, std::string(path) + "." + field->name());
  }
  if (!checker.failure().ok()) return checker.failure();
  auto violations = checker.TakeViolations();
  return violations.empty() ? Status::Ok() : InvalidFields(std::move(violations));
}

Status InvalidFields(std::vector<FieldViolation> violations) {
  const FieldViolation& first = violations.front();
  std::string message = first.field + ": " + first.description;
  if (violations.size() > 1) message += " (and " + std::to_string(violations.size() - 1) + " more)";
  Status status(Code::kInvalidArgument, "INVALID_FIELD", message);
  status.With("field", first.field);
  for (auto& violation : violations) status.Violates(violation.field, violation.description);
  return status;
}

}  // namespace crm::entity
