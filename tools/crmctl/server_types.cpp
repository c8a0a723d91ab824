#include "tools/crmctl/server_types.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <set>

#include "grpc/reflection/v1/reflection.pb.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using google::protobuf::FileDescriptorProto;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

// One question a call: a client that sends one message of a two-way stream looks like any other to
// the server.
Result<ServerReflectionResponse> Ask(rpc::RpcClient& client, const ServerReflectionRequest& request,
                                     const rpc::ClientCallOptions& options) {
  ServerReflectionResponse response;
  Status status = client.StreamBytes(
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", request.SerializeAsString(),
      options, [&](const std::string& bytes) { return response.ParseFromString(bytes); });
  if (!status.ok()) return status;
  if (response.has_error_response()) {
    return Status(static_cast<Code>(response.error_response().error_code()), "REFLECTION_FAILED",
                  response.error_response().error_message());
  }
  return response;
}

}  // namespace

// Asks the servers in turn for what it does not know yet, and keeps what they say.
class ServerTypes::Database final : public google::protobuf::DescriptorDatabase {
 public:
  explicit Database(const ServerTypes& owner) : owner_(owner) {}

  bool FindFileByName(const std::string& name, FileDescriptorProto* file) override {
    if (known_.FindFileByName(name, file)) return true;
    ServerReflectionRequest request;
    request.set_file_by_filename(name);
    return Fetch(request) && known_.FindFileByName(name, file);
  }
  bool FindFileContainingSymbol(const std::string& symbol, FileDescriptorProto* file) override {
    if (known_.FindFileContainingSymbol(symbol, file)) return true;
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    return Fetch(request) && known_.FindFileContainingSymbol(symbol, file);
  }
  bool FindFileContainingExtension(const std::string& type, int number,
                                   FileDescriptorProto* file) override {
    return known_.FindFileContainingExtension(type, number, file);
  }

 private:
  bool Fetch(const ServerReflectionRequest& request) {
    if (!asked_.insert(request.SerializeAsString()).second) return false;
    for (const auto& client : owner_.clients_) {
      auto response = Ask(*client, request, owner_.options_);
      if (!response) continue;
      for (const auto& bytes : response->file_descriptor_response().file_descriptor_proto()) {
        FileDescriptorProto file;
        if (file.ParseFromString(bytes) && files_.insert(file.name()).second) known_.Add(file);
      }
      return true;
    }
    return false;
  }

  const ServerTypes& owner_;
  google::protobuf::SimpleDescriptorDatabase known_;
  std::set<std::string> files_;
  std::set<std::string> asked_;
};

ServerTypes::ServerTypes(std::vector<std::shared_ptr<rpc::RpcClient>> clients,
                         rpc::ClientCallOptions options)
    : clients_(std::move(clients)),
      options_(std::move(options)),
      database_(std::make_unique<Database>(*this)),
      pool_(database_.get()) {}

ServerTypes::~ServerTypes() = default;

Status ServerTypes::List() {
  if (!services_.empty()) return Status::Ok();
  if (clients_.empty()) {
    return Usage("Where is the server? Give --address HOST:PORT or set CRM_GRPC.");
  }
  for (const auto& client : clients_) {
    ServerReflectionRequest request;
    request.set_list_services("*");
    auto response = Ask(*client, request, options_);
    if (!response) return response.status();
    for (const auto& service : response->list_services_response().service()) {
      if (!service.name().starts_with("grpc.")) services_.emplace(service.name(), client.get());
    }
  }
  return Status::Ok();
}

Result<std::vector<const google::protobuf::ServiceDescriptor*>> ServerTypes::Services() {
  if (Status listed = List(); !listed.ok()) return listed;
  std::vector<const google::protobuf::ServiceDescriptor*> found;
  for (const auto& [name, client] : services_) {
    const auto* service = pool_.FindServiceByName(name);
    if (service == nullptr) {
      return Internal("The server lists " + name + " but does not describe it.");
    }
    found.push_back(service);
  }
  return found;
}

Result<rpc::RpcClient*> ServerTypes::ClientOf(const std::string& service) {
  if (Status listed = List(); !listed.ok()) return listed;
  auto found = services_.find(service);
  if (found == services_.end()) {
    return Status(Code::kNotFound, "SERVICE_UNKNOWN", "No server at hand has " + service + ".");
  }
  return found->second;
}

const google::protobuf::Descriptor* ServerTypes::FindMessage(const std::string& full_name) {
  return pool_.FindMessageTypeByName(full_name);
}

const google::protobuf::Message* ServerTypes::Prototype(const google::protobuf::Descriptor& type) {
  return factory_.GetPrototype(&type);
}

std::unique_ptr<google::protobuf::Message> ServerTypes::NewMessage(
    const google::protobuf::Descriptor& type) {
  return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(&type)->New());
}

}  // namespace crm::ctl
