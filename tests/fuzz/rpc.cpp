// The RPC surface: any calls of any methods with any requests, one after the other, on all services
// in memory. No answer is our fault, nothing stops, and afterwards the tables are the fold of the
// logs.
//
//   input   : call*
//   call    : method (2 bytes), caller (1), patches (1), patch*, length (2), request (length)
//   patch   : place (2), kind (1), and of a text: length (1), bytes
//   request : the message in wire format; what cannot be read is left out
//
// A patch puts something fitting into one field, most of all names of records that calls before it
// have made. Methods are found by a hash of their name, so that new ones do not shift the old.
#include <map>
#include <stdexcept>

#include "crm/kernel/v1/operations_service.pb.h"
#include "libs/auth/test_keys.h"
#include "libs/rpc/descriptors.h"
#include "libs/testing/simulation.h"
#include "tests/contract/rpc_walk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/scenario/every_service.h"

namespace crm::fuzz {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using test::Place;
using test::Simulation;

namespace {

const Uuid kTenant = NamedUuid("tenant", "window shop");
constexpr int kMostCalls = 60;

struct KnownMethod {
  const MethodDescriptor* method;
  std::vector<Place> places;
};

const std::map<uint16_t, KnownMethod>& Methods() {
  static const auto methods = [] {
    std::map<uint16_t, KnownMethod> found;
    for (const auto* method : test::AllMethods()) {
      if (method->server_streaming()) continue;  // they may wait for ever
      const Uuid hash = NamedUuid("fuzz", test::FullNameOf(*method));
      auto key = static_cast<uint16_t>(hash.bytes[0] << 8 | hash.bytes[1]);
      while (found.contains(key)) ++key;
      found[key] = {method, test::PlacesIn(method->input_type())};
    }
    return found;
  }();
  return methods;
}

const KnownMethod& MethodOf(uint16_t key) {
  auto found = Methods().lower_bound(key);
  return found == Methods().end() ? Methods().begin()->second : found->second;
}

std::shared_ptr<const identity::Secrets> Secrets() {
  static const auth::TestKeys keys;
  static const auto secrets = std::make_shared<identity::Secrets>(identity::Secrets{
      keys.signer(), *auth::ApiKeyHasher::Create(std::string(32, 'p')), std::chrono::minutes(5)});
  return secrets;
}

class Session {
 public:
  void Call(Bytes& bytes) {
    const auto& [method, places] = MethodOf(static_cast<uint16_t>(bytes.Number(2)));
    const Principal caller = CallerOf(bytes.Byte());
    const size_t patches = bytes.Byte() % 8;
    auto request = test::NewRequest(*method);
    for (size_t i = 0; i < patches; ++i) Patch(*request, places, bytes);
    const std::string_view wire = bytes.Take(bytes.Number(2));
    auto sent = test::NewRequest(*method);
    sent->ParsePartialFromArray(wire.data(), static_cast<int>(wire.size()));
    sent->MergeFrom(*request);
    Judge(*method, *sent, simulation_.CallMessage(test::FullNameOf(*method), *sent, caller));
  }

  void End() {
    simulation_.AdvanceTo(simulation_.clock().Now() + std::chrono::minutes(20));
    if (!wrote_) return;
    for (const char* service : {"identity", "leads", "contacts", "deals", "activities", "inventory",
                                "notification", "workflow"}) {
      kernel::v1::VerifyRequest request;
      request.set_source(service);
      auto verified = simulation_.Call<kernel::v1::VerifyResponse>(
          "crm.kernel.v1.OperationsService/Verify", request, Simulation::Admin(kTenant));
      Expect(verified.ok(), "what was stored can be verified", verified.status().ToString());
      Expect(verified->differences().empty(), "the tables are the fold of the log",
             verified->ShortDebugString());
    }
  }

 private:
  static Principal CallerOf(uint8_t choice) {
    Principal caller = Simulation::Admin(kTenant);
    if (choice % 8 == 1) caller.tenant = NamedUuid("tenant", "another");
    if (choice % 8 == 2) caller.grants = {{"*", "*", Scope::kOwn, ""}};
    if (choice % 8 == 3) {
      caller = {
          kTenant, "apiKeys/" + Uuid{{8}}.ToString(), {}, {{"lead", "submit", Scope::kAll, ""}}};
    }
    return caller;
  }

  std::string Text(Bytes& bytes) {
    static const char* const kWords[] = {"*",
                                         "",
                                         "-",
                                         "EUR",
                                         "+972541234567",
                                         "a@example.com",
                                         "name",
                                         "create_time desc",
                                         "state = NEW",
                                         "leads",
                                         "deals"};
    const uint8_t kind = bytes.Byte();
    if (kind % 4 == 0 && !names_.empty()) return names_[bytes.Below(names_.size())];
    if (kind % 4 == 1) return kWords[bytes.Below(std::size(kWords))];
    return std::string(bytes.Take(bytes.Byte()));
  }

  void Patch(Message& request, const std::vector<Place>& places, Bytes& bytes) {
    if (places.empty()) return;
    const Place& place = places[bytes.Below(places.size())];
    if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return test::PutText(request, place, Text(bytes));
    }
    Message& owner = place.owner(request);
    const auto* reflection = owner.GetReflection();
    if (place.field->is_repeated()) return;
    const uint64_t number = bytes.Number(bytes.Byte() % 2 == 0 ? 1 : 8);
    switch (place.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->SetInt32(&owner, place.field, static_cast<int32_t>(number));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection->SetInt64(&owner, place.field, static_cast<int64_t>(number));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection->SetBool(&owner, place.field, number % 2 == 1);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection->SetEnumValue(&owner, place.field, static_cast<int>(number % 16));
      default:
        return;
    }
  }

  void Judge(const MethodDescriptor& method, const Message& request,
             const Simulation::Answer& answer) {
    if (answer.ok()) {
      wrote_ = wrote_ || !rpc::OnlyReads(method);
      return Remember(**answer);
    }
    const Code code = answer.status().code();
    Expect(code != Code::kInternal && code != Code::kUnknown && code != Code::kDataLoss,
           "no answer is our fault",
           test::FullNameOf(method) + "\n" + request.DebugString() + answer.status().ToString());
    Expect(!answer.status().reason().empty() && !answer.status().message().empty(),
           "a refusal says why", test::FullNameOf(method));
  }

  // Names in an answer, for calls that follow.
  void Remember(const Message& message) {
    constexpr size_t kMostNames = 200;
    const auto* name = message.GetDescriptor()->FindFieldByName("name");
    if (name != nullptr && name->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        !name->is_repeated() && names_.size() < kMostNames) {
      names_.push_back(message.GetReflection()->GetString(message, name));
    }
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const auto* field : fields) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
      if (!field->is_repeated()) Remember(message.GetReflection()->GetMessage(message, field));
    }
  }

  Simulation simulation_{test::EveryService(Secrets()), 1};
  std::vector<std::string> names_;
  bool wrote_ = false;
};

}  // namespace

void TakeInput(std::string_view input) {
  Bytes bytes(input);
  Session session;
  for (int calls = 0; !bytes.empty() && calls < kMostCalls; ++calls) session.Call(bytes);
  session.End();
}

}  // namespace crm::fuzz
