#include "libs/rpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <optional>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace crm::rpc {

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

void Fail(Code code, const std::string& message, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(code));
  response.mutable_error_response()->set_error_message(message);
}

// The file and all it imports, each once, imports after importers.
void AddFiles(const FileDescriptor* file, std::set<const FileDescriptor*>& added,
              ServerReflectionResponse& response) {
  if (!added.insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddFiles(file->dependency(i), added, response);
  }
}

void AnswerFile(const FileDescriptor* file, const std::string& asked,
                ServerReflectionResponse& response) {
  if (file == nullptr) return Fail(Code::kNotFound, asked + " is not known here.", response);
  std::set<const FileDescriptor*> added;
  AddFiles(file, added, response);
}

const FileDescriptor* FileOfExtension(const grpc::reflection::v1::ExtensionRequest& asked) {
  const auto* pool = DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName(asked.containing_type());
  const auto* extension =
      type == nullptr ? nullptr : pool->FindExtensionByNumber(type, asked.extension_number());
  return extension == nullptr ? nullptr : extension->file();
}

void AnswerExtensions(const std::string& type_name, ServerReflectionResponse& response) {
  const auto* pool = DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName(type_name);
  if (type == nullptr) return Fail(Code::kNotFound, type_name + " is not known here.", response);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool->FindAllExtensions(type, &extensions);
  auto& answer = *response.mutable_all_extension_numbers_response();
  answer.set_base_type_name(type_name);
  for (const auto* extension : extensions) answer.add_extension_number(extension->number());
}

std::string Answer(const std::vector<std::string>& services, const std::string& bytes) {
  ServerReflectionRequest request;
  ServerReflectionResponse response;
  bool parsed = request.ParseFromString(bytes);
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const auto* pool = DescriptorPool::generated_pool();
  if (!parsed) {
    Fail(Code::kInvalidArgument, "The request is not a ServerReflectionRequest.", response);
  } else if (request.has_list_services()) {
    for (const auto& name : services) {
      response.mutable_list_services_response()->add_service()->set_name(name);
    }
  } else if (request.has_file_by_filename()) {
    const auto& name = request.file_by_filename();
    AnswerFile(pool->FindFileByName(name), name, response);
  } else if (request.has_file_containing_symbol()) {
    const auto& name = request.file_containing_symbol();
    AnswerFile(pool->FindFileContainingSymbol(name), name, response);
  } else if (request.has_file_containing_extension()) {
    const auto& asked = request.file_containing_extension();
    AnswerFile(
        FileOfExtension(asked),
        "Extension " + std::to_string(asked.extension_number()) + " of " + asked.containing_type(),
        response);
  } else if (request.has_all_extension_numbers_of_type()) {
    AnswerExtensions(request.all_extension_numbers_of_type(), response);
  } else {
    Fail(Code::kInvalidArgument, "The request asks nothing.", response);
  }
  return response.SerializeAsString();
}

std::vector<std::string> WithSystemServices(std::vector<std::string> services) {
  // Naming a type of each file links the file, so that its descriptors are there to be asked for.
  services.push_back(
      grpc::health::v1::HealthCheckRequest::descriptor()->file()->service(0)->full_name());
  services.push_back(ServerReflectionRequest::descriptor()->file()->service(0)->full_name());
  services.push_back(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()
                         ->file()
                         ->service(0)
                         ->full_name());
  std::ranges::sort(services);
  return services;
}

}  // namespace

ReflectionService::ReflectionService(std::vector<std::string> services)
    : services_(WithSystemServices(std::move(services))) {}

void ReflectionService::Serve(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot) {
  stream->OnDone([this, key = stream] {
    std::lock_guard lock(mutex_);
    open_.erase(key);
  });
  {
    std::lock_guard lock(mutex_);
    if (closed_) return stream->Finish(std::nullopt, Status::Ok());
    open_.insert(stream);
  }
  ReadNext(std::move(stream), std::move(slot));
}

void ReflectionService::ReadNext(std::shared_ptr<Stream> stream, std::shared_ptr<void> slot) {
  stream->Read([this, stream, slot](const std::optional<std::string>& question) {
    if (!question) return stream->Finish(std::nullopt, Status::Ok());
    stream->Write(Answer(services_, *question), [this, stream, slot] { ReadNext(stream, slot); });
  });
}

void ReflectionService::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& stream : open_) stream->Finish(std::nullopt, Status::Ok());
}

}  // namespace crm::rpc
