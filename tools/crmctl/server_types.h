// ServerTypes: the services, methods and messages of the servers at hand, read from them by
// reflection, so that crmctl knows each method of a server that was built after it.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/client.h"

namespace crm::ctl {

// Not thread-safe.
class ServerTypes {
 public:
  ServerTypes(std::vector<std::shared_ptr<rpc::RpcClient>> clients, rpc::ClientCallOptions options);
  ~ServerTypes();

  // All services but gRPC's own, sorted by name. Asks each server once.
  Result<std::vector<const google::protobuf::ServiceDescriptor*>> Services();
  // The server that has `service`; NOT_FOUND where none has. Several may have it: the first.
  Result<rpc::RpcClient*> ClientOf(const std::string& service);
  // A message by its full name; null where no server knows it.
  const google::protobuf::Descriptor* FindMessage(const std::string& full_name);
  rpc::RpcClient* first_client() const { return clients_.front().get(); }
  // A message of the type to make others from; lives as long as this object. Its New() may be
  // called from any thread.
  const google::protobuf::Message* Prototype(const google::protobuf::Descriptor& type);
  std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

 private:
  class Database;

  Status List();

  const std::vector<std::shared_ptr<rpc::RpcClient>> clients_;
  const rpc::ClientCallOptions options_;
  const std::unique_ptr<Database> database_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  std::map<std::string, rpc::RpcClient*> services_;
};

}  // namespace crm::ctl
