#include "libs/rpc/status_proto.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace crm::rpc {
namespace {

TEST(StatusProto, MapsOkToOk) {
  EXPECT_EQ(ToProto(Status::Ok()).code(), 0);
  EXPECT_EQ(ToProto(Status::Ok()).details_size(), 0);
  EXPECT_TRUE(FromProto(google::rpc::Status()).ok());
}

TEST(StatusProto, HasExactlyOneErrorInfoAlways) {
  for (const Status& status :
       {NotFound("leads/1"), Status(Code::kAborted, "", "no reason given"),
        InvalidField("lead.name", "is empty").RetryAfter(std::chrono::milliseconds(1))}) {
    int found = 0;
    google::rpc::Status proto = ToProto(status);
    for (const auto& detail : proto.details()) {
      google::rpc::ErrorInfo info;
      if (!detail.UnpackTo(&info)) continue;
      ++found;
      EXPECT_EQ(info.domain(), "crm");
      EXPECT_EQ(info.reason(), status.reason().empty() ? "ABORTED" : status.reason());
    }
    EXPECT_EQ(found, 1) << status.ToString();
  }
}

TEST(StatusProto, RoundTripsEveryCodeAndDetail) {
  for (int code = 1; code <= 16; ++code) {
    Status status = Status(static_cast<Code>(code), "REASON", "message")
                        .With("a", "1")
                        .With("b", "")
                        .Violates("f", "d")
                        .Requires("T", "s", "d")
                        .RetryAfter(std::chrono::milliseconds(61'007));
    EXPECT_EQ(FromProto(ToProto(status)), status);
  }
}

TEST(StatusProto, DropsDetailsItDoesNotKnow) {
  google::rpc::Status proto = ToProto(NotFound("leads/1"));
  google::rpc::Help help;
  help.add_links()->set_url("about:blank");
  proto.add_details()->PackFrom(help);
  EXPECT_EQ(FromProto(proto), NotFound("leads/1"));
  proto.set_code(99);
  EXPECT_EQ(FromProto(proto).code(), Code::kUnknown);
}

}  // namespace
}  // namespace crm::rpc
