#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>

#include "grpc/reflection/v1/reflection.pb.h"
#include "libs/rpc/echo_server.h"
#include "libs/rpc/raw_client.h"

namespace crm::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

constexpr char kV1[] = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr char kAlpha[] = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

class Reflection : public ::testing::TestWithParam<const char*> {
 protected:
  ServerReflectionResponse Ask(const ServerReflectionRequest& request) {
    stream_.Write(request.SerializeAsString());
    ServerReflectionResponse response;
    auto bytes = stream_.Read();
    EXPECT_TRUE(bytes && response.ParseFromString(*bytes));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }

  static std::set<std::string> Files(const ServerReflectionResponse& response) {
    std::set<std::string> names;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      EXPECT_TRUE(names.insert(file.name()).second) << file.name() << " was sent twice";
    }
    return names;
  }

  EchoServer echo_;
  RawStream stream_{echo_.server().address(), GetParam()};
};

INSTANTIATE_TEST_SUITE_P(BothVersions, Reflection, ::testing::Values(kV1, kAlpha),
                         [](const auto& version) {
                           return std::string(version.param) == kV1 ? "V1" : "V1Alpha";
                         });

TEST_P(Reflection, ListsBoundServicesHealthAndItself) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  std::vector<std::string> names;
  auto response = Ask(request);
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ElementsAre("crm.testing.v1.EchoService", "grpc.health.v1.Health",
                                 "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection"));
  // Each name listed can be looked up, so that a generic tool can call it.
  for (const auto& name : names) {
    request.set_file_containing_symbol(name);
    EXPECT_FALSE(Files(Ask(request)).empty()) << name;
  }
}

TEST_P(Reflection, SendsAFileWithAllItImports) {
  ServerReflectionRequest request;
  request.set_file_by_filename("google/api/annotations.proto");
  EXPECT_EQ(Files(Ask(request)),
            (std::set<std::string>{"google/api/annotations.proto", "google/api/http.proto",
                                   "google/protobuf/descriptor.proto"}));
  request.set_file_containing_symbol("crm.testing.v1.EchoService.Repeat");
  EXPECT_EQ(Files(Ask(request)), (std::set<std::string>{"crm/testing/v1/echo.proto"}));
}

TEST_P(Reflection, FindsExtensions) {
  ServerReflectionRequest request;
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  auto response = Ask(request);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(),
            "google.protobuf.MethodOptions");
  EXPECT_THAT(response.all_extension_numbers_response().extension_number(),
              IsSupersetOf({72295728}));
  auto& asked = *request.mutable_file_containing_extension();
  asked.set_containing_type("google.protobuf.MethodOptions");
  asked.set_extension_number(72295728);
  EXPECT_EQ(Files(Ask(request)).count("google/api/annotations.proto"), 1u);
}

TEST_P(Reflection, SaysWhatItDoesNotKnowAndGoesOn) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("crm.Nothing");
  EXPECT_EQ(Ask(request).error_response().error_code(), static_cast<int>(Code::kNotFound));
  request.set_file_by_filename("crm/nothing.proto");
  EXPECT_EQ(Ask(request).error_response().error_code(), static_cast<int>(Code::kNotFound));
  request.set_all_extension_numbers_of_type("crm.Nothing");
  EXPECT_EQ(Ask(request).error_response().error_code(), static_cast<int>(Code::kNotFound));
  request.mutable_file_containing_extension()->set_containing_type("crm.Nothing");
  EXPECT_EQ(Ask(request).error_response().error_code(), static_cast<int>(Code::kNotFound));
  request.clear_message_request();
  EXPECT_EQ(Ask(request).error_response().error_code(), static_cast<int>(Code::kInvalidArgument));
  stream_.WritesDone();
  EXPECT_FALSE(stream_.Read());
  EXPECT_TRUE(stream_.Finish().ok());
}

TEST_P(Reflection, DoesNotHoldUpADrain) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  Ask(request);
  echo_.server().Drain(std::chrono::hours(1));
  EXPECT_FALSE(stream_.Read());
  EXPECT_TRUE(stream_.Finish().ok());
}

}  // namespace
}  // namespace crm::rpc
