#include "services/gateway/backends.h"

#include <algorithm>

#include "crm/options/v1/options.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "services/gateway/field_path.h"

namespace crm::gateway {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Bound by every service.
constexpr std::string_view kShared[] = {"crm.events.v1.EventService",
                                        "crm.kernel.v1.OperationsService"};

// "crm.leads.v1" to "leads"; empty where the package has another form.
std::string SourceOf(const std::string& package) {
  if (!package.starts_with("crm.") || !package.ends_with(".v1") || package.size() <= 7) return "";
  return package.substr(4, package.size() - 7);
}

std::string StringField(const Message& message, const std::string& name) {
  const auto* field = FindStringField(*message.GetDescriptor(), name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

}  // namespace

Backends::Backends(rpc::ChannelFactory& channels) : channels_(channels) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  for (const auto& name : files) {
    const auto* file = pool->FindFileByName(name);
    const std::string source = file == nullptr ? "" : SourceOf(file->package());
    if (source.empty()) continue;
    for (int i = 0; i < file->message_type_count(); ++i) {
      const auto& options = file->message_type(i)->options();
      if (!options.HasExtension(options::v1::entity)) continue;
      package_of_source_[source] = file->package();
      package_of_collection_[options.GetExtension(options::v1::entity).collection()] =
          file->package();
    }
  }
}

Result<std::string> Backends::OwnerOf(const MethodDescriptor& method,
                                      const Message& request) const {
  const std::string& service = method.service()->full_name();
  if (std::find(std::begin(kShared), std::end(kShared), service) == std::end(kShared)) {
    return service;
  }
  const std::string shared = "." + method.service()->name();
  const std::string subject = StringField(request, "subject");
  const std::string source = StringField(request, "source");
  if (!source.empty() || subject.empty()) {
    const auto found = package_of_source_.find(source);
    if (found != package_of_source_.end()) return found->second + shared;
    return InvalidField("source", "\"" + source + "\" is not a service with events");
  }
  const auto found = package_of_collection_.find(subject.substr(0, subject.find('/')));
  if (found == package_of_collection_.end()) return NotFound(subject);
  return found->second + shared;
}

Result<std::shared_ptr<rpc::RpcClient>> Backends::ForCall(const MethodDescriptor& method,
                                                          const Message& request) const {
  auto owner = OwnerOf(method, request);
  if (!owner) return owner.status();
  return channels_.ForService(*owner);
}

}  // namespace crm::gateway
