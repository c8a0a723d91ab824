// Bad input to every RPC, found by reflection: each is refused with a typed error that says what to
// do, nothing is stored, nothing of it is logged, and the process lives.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include "crm/options/v1/options.pb.h"
#include "libs/entity/conformance_host.h"
#include "libs/pg/database.h"
#include "services/gateway/test_client.h"
#include "tests/contract/rpc_walk.h"
#include "tests/scenario/deployed_world.h"
#include "tests/scenario/running_deployment.h"

namespace crm::test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Stands in every text that is sent, so that it would be seen in a log.
constexpr const char* kCanary = "canary7f3a";

struct Probe {
  std::string what;
  std::string bytes;
  bool must_fail = false;  // with INVALID_ARGUMENT, whatever else is in the request
};

// A request as the suite of the entities would send it: what is wrong is one field of it.
std::unique_ptr<Message> Example(const MethodDescriptor& method) {
  auto request = NewRequest(method);
  entity::FillExample(*request, 3, entity::FillFor::kClient, [](const std::string& collection) {
    return collection + "/" + NamedUuid(collection, "example").ToString();
  });
  for (const char* preview : {"validate_only", "dry_run"})
    entity::SetField(*request, preview, true);
  return request;
}

std::string With(const MethodDescriptor& method, const Place& place, const std::string& text) {
  auto request = Example(method);
  PutText(*request, place, text);
  return request->SerializeAsString();
}

void AddTexts(const MethodDescriptor& method, const Place& place, std::vector<Probe>& probes) {
  auto add = [&](const char* what, const std::string& text, bool must_fail = false) {
    probes.push_back({place.path + " " + what, With(method, place, text), must_fail});
  };
  std::string canary = kCanary;
  bool text = place.field->type() == FieldDescriptor::TYPE_STRING;
  bool top = place.path.find('.') == std::string::npos;
  add("is no UTF-8", canary + "\xc3\x28", text);
  add("has a zero byte", canary + std::string(1, '\0') + "x");
  add("is huge", canary + std::string(300'000, 'x'));
  if (!top) return;
  const std::string& name = place.field->name();
  if (name == "page_token") add("is forged", canary + "c2VjcmV0", true);
  if (name == "filter") add("does not parse", canary + " = (", true);
  if (name == "order_by") add("names no field", canary + "_field desc", true);
  if (name == "name") {
    add("is no name", "../../" + canary);
    add("is of another collection", "canaries7f3a/" + NamedUuid("canary", "1").ToString());
  }
}

void AddNumbers(const MethodDescriptor& method, const Place& place, std::vector<Probe>& probes) {
  auto set = [&](const char* what,
                 const std::function<void(Message&, const google::protobuf::Reflection&)>& put,
                 bool must_fail = false) {
    if (place.field->is_repeated()) return;
    auto request = Example(method);
    Message& owner = place.owner(*request);
    put(owner, *owner.GetReflection());
    probes.push_back({place.path + " " + what, request->SerializeAsString(), must_fail});
  };
  const FieldDescriptor* field = place.field;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      set(
          "is the least", [&](Message& m, const auto& r) { r.SetInt32(&m, field, INT32_MIN); },
          place.path == "page_size");
      set("is the most", [&](Message& m, const auto& r) { r.SetInt32(&m, field, INT32_MAX); });
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      set("is the least", [&](Message& m, const auto& r) { r.SetInt64(&m, field, INT64_MIN); });
      set("is the most", [&](Message& m, const auto& r) { r.SetInt64(&m, field, INT64_MAX); });
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      set("is unknown", [&](Message& m, const auto& r) { r.SetEnumValue(&m, field, 999); });
      return;
    default:
      return;
  }
}

std::vector<Probe> ProbesOf(const MethodDescriptor& method) {
  std::vector<Probe> probes = {{"is no message", "\xff\xff\xff\xff", true},
                               {"ends early", std::string("\x0a\x7f", 2) + kCanary, true},
                               {"is empty", ""}};
  for (const auto& place : PlacesIn(method.input_type())) {
    if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      AddTexts(method, place, probes);
    } else {
      AddNumbers(method, place, probes);
    }
  }
  if (method.input_type()->FindFieldByName("update_mask") != nullptr) {
    auto request = Example(method);
    for (const auto& place : PlacesIn(method.input_type())) {
      if (place.path == "update_mask.paths") PutText(*request, place, "canary7f3a_field");
    }
    probes.push_back({"update_mask names no field", request->SerializeAsString(), true});
  }
  return probes;
}

class BadInput : public ::testing::Test {
 protected:
  // Empty: the answer is one that a client can work with.
  static std::string FaultOf(const Result<std::string>& answer, bool must_fail) {
    if (answer.ok()) return must_fail ? "was not refused" : "";
    const Status& status = answer.status();
    if (must_fail && status.code() != Code::kInvalidArgument) return "is " + status.ToString();
    if (status.code() == Code::kInternal || status.code() == Code::kUnknown ||
        status.code() == Code::kDataLoss || status.code() == Code::kDeadlineExceeded ||
        status.code() == Code::kUnavailable) {
      return "is " + status.ToString();
    }
    if (status.reason().empty()) return "has no reason: " + status.ToString();
    if (status.message().size() < 10) return "says nothing: " + status.ToString();
    return "";
  }

  // Log rows of all services.
  int64_t CountRows() {
    int64_t rows = 0;
    for (const auto& service : Deployment::Services()) {
      auto database = pg::Database::Open(
          {.dsn = system_.OwnerDsn(service), .schema = "crm_" + service, .pool_size = 1});
      auto count = (*database)->Read({"SELECT seq FROM log_head", {}}, {});
      EXPECT_TRUE(count.ok()) << count.status().ToString();
      if (count.ok()) rows += count->GetInt(0, 0);
    }
    return rows;
  }

  Deployment& system_ = RunningDeployment(Shape::kAll);
  const TenantKeys keys_ = system_.MakeTenant(NewTenantName());
  std::shared_ptr<rpc::RpcClient> client_ = rpc::RpcClient::Create(system_.rpc_address("leads"));
};

TEST_F(BadInput, OfEveryRpcIsRefusedWithATypedErrorAndLeavesNothing) {
  google::protobuf::SetLogHandler(nullptr);  // it speaks of every text that is no UTF-8
  const int64_t before = CountRows();
  size_t refused = 0;
  for (const auto* method : AllMethods()) {
    for (const auto& probe : ProbesOf(*method)) {
      if (!probe.must_fail) continue;
      auto answer = CallBytes(*client_, *method, probe.bytes, keys_.admin);
      std::string fault = FaultOf(answer, true);
      EXPECT_EQ(fault, "") << FullNameOf(*method) << ": " << probe.what;
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_EQ(CountRows(), before) << "something was stored";
}

TEST_F(BadInput, ThatMayBeTakenIsTakenOrRefusedButNeverOurFault) {
  size_t probes = 0;
  for (const auto* method : AllMethods()) {
    for (const auto& probe : ProbesOf(*method)) {
      if (probe.must_fail) continue;
      auto answer = CallBytes(*client_, *method, probe.bytes, keys_.admin);
      std::string fault = FaultOf(answer, false);
      EXPECT_EQ(fault, "") << FullNameOf(*method) << ": " << probe.what;
      ++probes;
    }
  }
  EXPECT_GT(probes, 3000u);
  EXPECT_TRUE(system_.process("leads").running());
  EXPECT_EQ(system_.process("leads").Log().find(kCanary), std::string::npos)
      << "what a client sent is in the log";
}

TEST_F(BadInput, WithoutCredentialsIsRefusedByEveryRpcThatIsNotPublic) {
  for (const auto* method : AllMethods()) {
    if (method->options().GetExtension(options::v1::method).public_()) continue;
    for (const char* key : {"", "crm_nosuchkey", "Bearer"}) {
      for (const auto& request : {std::string(), Example(*method)->SerializeAsString()}) {
        auto answer = CallBytes(*client_, *method, request, key);
        EXPECT_EQ(answer.status().code(), Code::kUnauthenticated) << FullNameOf(*method);
      }
    }
  }
}

struct Body {
  const char* what;
  std::string json;
};

TEST_F(BadInput, AsJsonIsRefusedByTheGatewayBeforeAnythingIsCalled) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  const std::vector<Body> bodies = {
      {"is no JSON", "{\"lead\": "},
      {"has an unknown field", "{\"canary7f3a\": 1}"},
      {"has a field of another type", "{\"display_name\": {\"canary7f3a\": 1}}"},
      {"is deep", "{\"display_name\": " + deep + "}"},
      {"is an array", "[]"},
      {"is no UTF-8", "{\"display_name\": \"\xc3\x28\"}"},
      {"has half a surrogate", "{\"display_name\": \"\\ud800\"}"},
      {"has a number for a text", "{\"display_name\": 5}"},
      {"is huge", "{\"display_name\": \"" + std::string(20 << 20, 'x') + "\"}"},
  };
  const int64_t before = CountRows();
  for (const auto& body : bodies) {
    gateway::TestClient connection(system_.http_port());
    auto answer =
        connection.Call("POST", "/v1/leads", body.json, "X-API-Key: " + keys_.admin + "\r\n");
    bool too_large = answer.status == 413;
    EXPECT_TRUE(answer.status == 400 || too_large) << body.what << ": " << answer.status;
    EXPECT_NE(answer.body.find("\"reason\""), std::string::npos)
        << body.what << ": " << answer.body;
  }
  EXPECT_EQ(CountRows(), before);
  EXPECT_EQ(system_.process("leads").Log().find(kCanary), std::string::npos);
}

}  // namespace
}  // namespace crm::test
