#include "tests/contract/rpc_walk.h"

#include <set>
#include <stdexcept>

#include "libs/rpc/descriptors.h"
#include "tests/scenario/every_service.h"

namespace crm::test {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

constexpr int kDepth = 3;
constexpr size_t kMostOfAStream = 100;

using Owner = std::function<Message&(Message&)>;

Owner Below(const Owner& owner, const FieldDescriptor* field) {
  return [owner, field](Message& request) -> Message& {
    Message& message = owner(request);
    const auto* reflection = message.GetReflection();
    if (!field->is_repeated()) return *reflection->MutableMessage(&message, field);
    if (reflection->FieldSize(message, field) == 0) reflection->AddMessage(&message, field);
    return *reflection->MutableRepeatedMessage(&message, field, 0);
  };
}

void Collect(const Descriptor* message, const std::string& prefix, const Owner& owner, int depth,
             std::vector<Place>& places) {
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    std::string path = prefix + field->name();
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      places.push_back({path, field, owner});
    } else if (depth < kDepth) {
      Collect(field->message_type(), path + ".", Below(owner, field), depth + 1, places);
    }
  }
}

}  // namespace

std::vector<const MethodDescriptor*> AllMethods() {
  std::set<const ServiceDescriptor*> services;
  for (const auto& definition : EveryService()) {
    for (const auto* service : definition.services()) services.insert(service);
  }
  const auto* pool = DescriptorPool::generated_pool();
  for (const char* shared : {"crm.events.v1.EventService", "crm.kernel.v1.OperationsService"}) {
    const auto* service = pool->FindServiceByName(shared);
    if (service == nullptr) throw std::runtime_error(std::string("there is no ") + shared);
    services.insert(service);
  }
  std::vector<const MethodDescriptor*> methods;
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

std::string FullNameOf(const MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

Result<std::string> CallBytes(rpc::RpcClient& client, const MethodDescriptor& method,
                              const std::string& request, const std::string& key) {
  rpc::ClientCallOptions options;
  if (!key.empty()) options.metadata.emplace("x-api-key", key);
  if (!method.server_streaming()) return client.CallBytes(FullNameOf(method), request, options);
  std::string all;
  size_t count = 0;
  options.timeout = std::chrono::seconds(1);
  auto status =
      client.StreamBytes(FullNameOf(method), request, options, [&](const std::string& message) {
        all += message;
        return ++count < kMostOfAStream;
      });
  // A stream that waits for more has told what there is.
  if (status.ok() || status.code() == Code::kDeadlineExceeded) return all;
  return status;
}

std::unique_ptr<Message> NewRequest(const MethodDescriptor& method) {
  return rpc::NewMessage(method.input_type());
}

std::vector<Place> PlacesIn(const Descriptor* request) {
  std::vector<Place> places;
  Collect(
      request, "", [](Message& message) -> Message& { return message; }, 1, places);
  return places;
}

void PutText(Message& request, const Place& place, const std::string& text) {
  Message& owner = place.owner(request);
  if (place.field->is_repeated()) {
    owner.GetReflection()->AddString(&owner, place.field, text);
  } else {
    owner.GetReflection()->SetString(&owner, place.field, text);
  }
}

}  // namespace crm::test
