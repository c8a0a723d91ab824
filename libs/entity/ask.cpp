#include "libs/entity/ask.h"

#include "libs/rpc/descriptors.h"

namespace crm::entity {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

namespace {

constexpr int kMostListed = 1000;

const FieldDescriptor* RecordsField(const Descriptor* response, const Descriptor* record) {
  for (int i = 0; i < response->field_count(); ++i) {
    const FieldDescriptor* field = response->field(i);
    if (field->is_repeated() && field->message_type() == record) return field;
  }
  return nullptr;
}

// By the first word of its name, what its request has and what it answers: a service may have other
// methods with that first word.
Result<const MethodDescriptor*> FindMethod(std::string_view service, std::string_view verb,
                                           const char* request_field, const Descriptor* record) {
  const auto* found = DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  for (int i = 0; found != nullptr && i < found->method_count(); ++i) {
    const MethodDescriptor* method = found->method(i);
    bool answers =
        method->output_type() == record || RecordsField(method->output_type(), record) != nullptr;
    if (method->name().starts_with(verb) && answers &&
        method->input_type()->FindFieldByName(request_field) != nullptr) {
      return method;
    }
  }
  return Status(Code::kUnimplemented, "METHOD_UNKNOWN",
                "This program knows no " + std::string(verb) + " of " + record->name() + " in " +
                    std::string(service) + ".");
}

Result<std::unique_ptr<Message>> Ask(Call& call, const MethodDescriptor& method,
                                     const Message& request, As as) {
  auto response = rpc::NewMessage(method.output_type());
  std::string path = method.service()->full_name() + "/" + method.name();
  Status status = as == As::kCaller ? call.Ask(path, request, *response)
                                    : call.AskAsSystem(path, request, *response);
  if (!status.ok()) return status;
  return response;
}

std::vector<std::unique_ptr<Message>> RecordsOf(const Message& response, const Descriptor* record) {
  std::vector<std::unique_ptr<Message>> records;
  const auto* field = RecordsField(response.GetDescriptor(), record);
  for (int i = 0; i < response.GetReflection()->FieldSize(response, field); ++i) {
    records.push_back(rpc::NewMessage(record));
    records.back()->CopyFrom(response.GetReflection()->GetRepeatedMessage(response, field, i));
  }
  return records;
}

}  // namespace

Result<std::unique_ptr<Message>> AskGetMessage(Call& call, std::string_view service,
                                               const Descriptor* record, std::string_view name,
                                               As as) {
  auto method = FindMethod(service, "Get", "name", record);
  if (!method.ok()) return method.status();
  auto request = rpc::NewMessage((*method)->input_type());
  request->GetReflection()->SetString(
      request.get(), request->GetDescriptor()->FindFieldByName("name"), std::string(name));
  return Ask(call, **method, *request, as);
}

Result<std::vector<std::unique_ptr<Message>>> AskListMessages(Call& call, std::string_view service,
                                                              const Descriptor* record,
                                                              std::string_view filter, As as) {
  auto method = FindMethod(service, "List", "filter", record);
  if (!method.ok()) return method.status();
  auto request = rpc::NewMessage((*method)->input_type());
  const auto* reflection = request->GetReflection();
  reflection->SetString(request.get(), request->GetDescriptor()->FindFieldByName("filter"),
                        std::string(filter));
  if (const auto* size = request->GetDescriptor()->FindFieldByName("page_size")) {
    reflection->SetInt32(request.get(), size, kMostListed);
  }
  auto response = Ask(call, **method, *request, as);
  if (!response.ok()) return response.status();
  return RecordsOf(**response, record);
}

Result<std::vector<std::unique_ptr<Message>>> AskBatchGetMessages(
    Call& call, std::string_view service, const Descriptor* record,
    const std::vector<std::string>& names, As as) {
  auto method = FindMethod(service, "BatchGet", "names", record);
  if (!method.ok()) return method.status();
  auto request = rpc::NewMessage((*method)->input_type());
  const auto* field = request->GetDescriptor()->FindFieldByName("names");
  for (const auto& name : names) request->GetReflection()->AddString(request.get(), field, name);
  auto response = Ask(call, **method, *request, as);
  if (!response.ok()) return response.status();
  return RecordsOf(**response, record);
}

}  // namespace crm::entity
