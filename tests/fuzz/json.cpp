// HTTP to proto: any query and body for any route of the system is refused with a typed error or
// becomes a message that is the same after a way through JSON.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "services/gateway/transcoder.h"
#include "tests/fuzz/fuzz.h"

namespace crm::fuzz {

namespace {

const gateway::RouteTable& Table() {
  static const auto table = gateway::RouteTable::Build(gateway::LinkedServices("crm."));
  return *table;
}

void CheckRefusal(const Status& status) {
  Expect(status.code() == Code::kInvalidArgument, "a refusal is typed", status.ToString());
  Expect(!status.reason().empty() && !status.message().empty(), "a refusal says why");
}

}  // namespace

// A line "POST /v1/leads", a line with the query, then the body.
void TakeInput(std::string_view input) {
  Bytes bytes(input);
  Bytes line(bytes.Line());
  const std::string_view verb = line.Word();
  auto match = Table().Find(verb, line.Rest());
  if (!match.ok()) return;
  const gateway::Route& route = *match->route;
  const std::string_view query = bytes.Line();
  auto read = gateway::ReadRequest(*match, {query, bytes.Rest()});
  if (!read.ok()) return CheckRefusal(read.status());

  const google::protobuf::Message& message = *read->message;
  std::string wire;
  Expect(message.SerializeToString(&wire), "it can be sent");
  std::unique_ptr<google::protobuf::Message> received(message.New());
  Expect(received->ParseFromString(wire), "it can be received", message.ShortDebugString());
  if (!route.whole_body) return;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) return;
  auto again = gateway::ReadRequest(*match, {"", json});
  Expect(again.ok(), "what is printed is read", json);
  Expect(
      google::protobuf::util::MessageDifferencer::ApproximatelyEquivalent(message, *again->message),
      "what is printed is the same", json);
}

}  // namespace crm::fuzz
