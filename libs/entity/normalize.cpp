#include "libs/entity/normalize.h"

#include <vector>

#include "crm/type/v1/contact_point.pb.h"
#include "libs/entity/options.h"
#include "libs/entity/phone.h"
#include "libs/entity/text.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

void NormalizeText(std::string_view region, const FieldDescriptor* field, std::string& text) {
  if (OptionsOf(field).email()) text = NormalizeEmail(text);
  if (!OptionsOf(field).phone() || text.empty()) return;
  if (auto e164 = NormalizePhone(text, region)) text = *e164;
}

}  // namespace

void Normalize(std::string_view phone_region, Message& record) {
  if (record.GetDescriptor() == type::v1::Phone::descriptor()) {
    auto& phone = static_cast<type::v1::Phone&>(record);
    phone.set_e164(NormalizePhone(phone.number(), phone_region).value_or(""));
    return;
  }
  const auto* reflection = record.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(record, &fields);
  for (const auto* field : fields) {
    int count = field->is_repeated() ? reflection->FieldSize(record, field) : 1;
    for (int i = 0; i < count; ++i) {
      bool one = !field->is_repeated();
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Normalize(phone_region, one ? *reflection->MutableMessage(&record, field)
                                    : *reflection->MutableRepeatedMessage(&record, field, i));
      } else if (field->type() == FieldDescriptor::TYPE_STRING &&
                 (OptionsOf(field).email() || OptionsOf(field).phone())) {
        std::string text = one ? reflection->GetString(record, field)
                               : reflection->GetRepeatedString(record, field, i);
        NormalizeText(phone_region, field, text);
        if (one) {
          reflection->SetString(&record, field, text);
        } else {
          reflection->SetRepeatedString(&record, field, i, text);
        }
      }
    }
  }
}

}  // namespace crm::entity
