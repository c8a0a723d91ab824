// The example generator of the conformance suite.
#include <algorithm>

#include "libs/entity/conformance_host.h"
#include "libs/entity/options.h"
#include "libs/entity/text.h"
#include "libs/testing/clock.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

using Reference = std::function<std::string(const std::string&)>;

class Filler {
 public:
  Filler(int salt, FillFor side, const Reference& reference)
      : salt_(salt), side_(side), reference_(reference) {}

  void Fill(Message& message, int depth) {
    const auto* descriptor = message.GetDescriptor();
    if (descriptor->full_name() == "google.protobuf.Timestamp") {
      Time time = test::kMonday + std::chrono::hours(salt_) + std::chrono::microseconds(salt_);
      message.GetReflection()->SetInt64(
          &message, descriptor->field(0),
          std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
      message.GetReflection()->SetInt32(&message, descriptor->field(1), salt_ * 1000);
      return;
    }
    if (descriptor->full_name() == "crm.type.v1.Money") {
      SetField(message, "currency_code", std::string("ILS"));
      message.GetReflection()->SetInt64(&message, descriptor->FindFieldByName("amount_minor"),
                                        1250 + salt_);
      return;
    }
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor* field = descriptor->field(i);
      bool own = depth == 0 && (field->name() == "name" || field->name() == "etag" ||
                                field->name() == "delete_time");
      bool server = own || (OutputOnly(field) && side_ == FillFor::kClient);
      bool second = field->real_containing_oneof() != nullptr && field->index_in_oneof() > 0;
      bool deep = depth >= 3 && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      if (!server && !second && !deep && !LeftOut(field)) FillField(message, field, depth);
    }
  }

 private:
  // Different fields are unset in different examples.
  bool LeftOut(const FieldDescriptor* field) const {
    bool required = Behaves(field, google::api::REQUIRED) || OptionsOf(field).unique();
    return !required && (salt_ + field->number()) % 4 == 0;
  }

  void FillField(Message& message, const FieldDescriptor* field, int depth) {
    const auto* reflection = message.GetReflection();
    if (field->is_map()) {
      Message* entry = reflection->AddMessage(&message, field);
      const auto* key = entry->GetDescriptor()->map_key();
      if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        entry->GetReflection()->SetString(entry, key, salt_ % 2 == 0 ? "city" : "עיר");
      }
      FillField(*entry, entry->GetDescriptor()->map_value(), depth + 1);
      return;
    }
    int count = field->is_repeated() ? 1 + salt_ % 2 : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        FillScalar(message, field, i);
      } else {
        Fill(field->is_repeated() ? *reflection->AddMessage(&message, field)
                                  : *reflection->MutableMessage(&message, field),
             depth + 1);
      }
    }
  }

  void FillScalar(Message& message, const FieldDescriptor* field, int index) {
    const auto* reflection = message.GetReflection();
    bool many = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text = Text(field, index);
        if (text.empty()) return;
        return many ? reflection->AddString(&message, field, text)
                    : reflection->SetString(&message, field, text);
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        return many ? reflection->AddBool(&message, field, true)
                    : reflection->SetBool(&message, field, salt_ % 2 == 0);
      case FieldDescriptor::CPPTYPE_ENUM: {
        int value = field->enum_type()
                        ->value(1 + salt_ % (field->enum_type()->value_count() - 1))
                        ->number();
        return many ? reflection->AddEnumValue(&message, field, value)
                    : reflection->SetEnumValue(&message, field, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return many ? reflection->AddDouble(&message, field, 1.5 * salt_)
                    : reflection->SetDouble(&message, field, 1.5 * salt_);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return many ? reflection->AddFloat(&message, field, 1.5F)
                    : reflection->SetFloat(&message, field, 1.5F);
      case FieldDescriptor::CPPTYPE_INT32:
        return many ? reflection->AddInt32(&message, field, static_cast<int32_t>(Integer(field)))
                    : reflection->SetInt32(&message, field, static_cast<int32_t>(Integer(field)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return many ? reflection->AddUInt32(&message, field, static_cast<uint32_t>(Integer(field)))
                    : reflection->SetUInt32(&message, field, static_cast<uint32_t>(Integer(field)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return many ? reflection->AddUInt64(&message, field, static_cast<uint64_t>(Integer(field)))
                    : reflection->SetUInt64(&message, field, static_cast<uint64_t>(Integer(field)));
      default:
        return many ? reflection->AddInt64(&message, field, Integer(field))
                    : reflection->SetInt64(&message, field, Integer(field));
    }
  }

  // Not in the order of salts, and within the bounds.
  int64_t Integer(const FieldDescriptor* field) const {
    const auto& options = OptionsOf(field);
    int64_t value = salt_ * 7919 % 101;
    if (options.max_value() <= options.min_value()) return value;
    return options.min_value() + value % (options.max_value() - options.min_value() + 1);
  }

  std::string Text(const FieldDescriptor* field, int index) const {
    const auto& options = OptionsOf(field);
    std::string number = std::to_string(salt_) + (index == 0 ? "" : "." + std::to_string(index));
    if (options.must_exist()) return reference_(options.reference());
    if (!options.reference().empty()) {
      return options.reference() + "/" + NamedUuid(options.reference(), number).ToString();
    }
    if (options.email()) return "Person." + number + "@Example.com ";
    if (options.phone() || field->full_name() == "crm.type.v1.Phone.number") {
      return "050-123-" + std::to_string(1000 + salt_ * 10 + index);
    }
    if (field->full_name() == "crm.type.v1.Phone.e164" ||
        field->type() == FieldDescriptor::TYPE_BYTES)
      return "";
    // Upper and lower case, Hebrew, and what means something in filters and in SQL.
    static constexpr const char* kBeginnings[] = {"b", "Beta 100% \"quoted\"", "שלום", "a_b*c\\d",
                                                  "Ä"};
    std::string text = kBeginnings[static_cast<size_t>(salt_) % 5] + (" " + number);
    size_t most = options.max_length() > 0 && !field->is_repeated()
                      ? static_cast<size_t>(options.max_length())
                      : 1000;
    return CountCharacters(text) > most ? number : text;
  }

  const int salt_;
  const FillFor side_;
  const Reference& reference_;
};

}  // namespace

void FillExample(Message& message, int salt, FillFor side, const Reference& reference) {
  Filler(salt, side, reference).Fill(message, 0);
}

}  // namespace crm::entity
