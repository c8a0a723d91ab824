// Whatever protobuf prints, the reader reads back as the same message.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <random>

#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "services/gateway/json_reader.h"

namespace crm::gateway {
namespace {

using crm::testing::v1::GatewaySpecimen;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class RandomMessage {
 public:
  explicit RandomMessage(uint32_t seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const auto& field = *type.field(i);
      if (Below(3) > 0 || (field.message_type() != nullptr && depth == 0)) continue;
      if (field.containing_oneof() != nullptr &&
          message.GetReflection()->HasOneof(message, field.containing_oneof())) {
        continue;
      }
      const uint32_t count = field.is_repeated() ? 1 + Below(3) : 1;
      for (uint32_t k = 0; k < count; ++k) Add(message, field, depth);
    }
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  std::string Text() {
    static const std::vector<std::string> kPieces = {"a",    "\"", "\\",   "\n", "\t",     "<",
                                                     "שלום", "😀",  "\x01", "/",  "\u2028", " "};
    std::string text;
    for (uint32_t i = Below(6); i > 0; --i)
      text += kPieces[Below(static_cast<uint32_t>(kPieces.size()))];
    return text;
  }

  int64_t Integer() {
    static constexpr int64_t kEdges[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    return Below(2) == 0 ? kEdges[Below(7)] : static_cast<int64_t>(random_());
  }

  double Real() {
    static constexpr double kEdges[] = {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, 123456789012345680.0};
    if (Below(8) == 0) return std::numeric_limits<double>::infinity();
    return kEdges[Below(6)];
  }

  // Well-known types have forms of their own; these are values that every one of them allows.
  void FillInner(Message& inner, int depth) {
    switch (inner.GetDescriptor()->well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      case Descriptor::WELLKNOWNTYPE_INT32VALUE:
        return Fill(inner, depth - 1);
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
        static_cast<google::protobuf::Timestamp&>(inner).set_seconds(Below(2000000000));
        static_cast<google::protobuf::Timestamp&>(inner).set_nanos(
            static_cast<int>(Below(1000000000)));
        return;
      case Descriptor::WELLKNOWNTYPE_STRUCT:
        (*static_cast<google::protobuf::Struct&>(inner).mutable_fields())["k" + Text()]
            .set_string_value(Text());
        return;
      default:
        FAIL() << inner.GetDescriptor()->full_name();
    }
  }

  void Add(Message& message, const FieldDescriptor& field, int depth) {
    const auto* access = message.GetReflection();
    const bool many = field.is_repeated();
    const auto store = [&](auto set, auto add, auto value) {
      many ? (access->*add)(&message, &field, value) : (access->*set)(&message, &field, value);
    };
    using R = google::protobuf::Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return store(&R::SetInt32, &R::AddInt32, static_cast<int32_t>(Integer()));
      case FieldDescriptor::CPPTYPE_INT64:
        return store(&R::SetInt64, &R::AddInt64, Integer());
      case FieldDescriptor::CPPTYPE_UINT64:
        return store(&R::SetUInt64, &R::AddUInt64, static_cast<uint64_t>(Integer()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return store(&R::SetDouble, &R::AddDouble, Real());
      case FieldDescriptor::CPPTYPE_BOOL:
        return store(&R::SetBool, &R::AddBool, true);
      case FieldDescriptor::CPPTYPE_ENUM:
        return store(&R::SetEnumValue, &R::AddEnumValue, static_cast<int>(Below(5)));
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.is_map()) return;
        return store(&R::SetString, &R::AddString,
                     field.type() == FieldDescriptor::TYPE_BYTES
                         ? std::string("\xff\x00\xfe\x80", 1 + Below(4))
                         : Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.is_map()) {
          (*static_cast<GatewaySpecimen&>(message).mutable_labels())[Text()] = Text();
          return;
        }
        return FillInner(many ? *access->AddMessage(&message, &field)
                              : *access->MutableMessage(&message, &field),
                         depth);
      default:
        FAIL() << field.full_name();
    }
  }

  std::mt19937_64 random_;
};

TEST(ReadJson, ReadsBackWhateverProtobufPrints) {
  size_t longest = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    GatewaySpecimen written;
    RandomMessage(seed).Fill(written, 4);
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = seed % 2 == 0;
    options.preserve_proto_field_names = seed % 3 == 0;
    options.always_print_enums_as_ints = seed % 5 == 0;
    std::string json;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(written, &json, options).ok());
    longest = std::max(longest, json.size());
    GatewaySpecimen read;
    const auto status = ReadJson(json, read);
    ASSERT_TRUE(status.ok()) << "seed " << seed << ": " << status.ToString() << "\n" << json;
    ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(written, read))
        << "seed " << seed << "\n"
        << json << "\n"
        << read.ShortDebugString();
  }
  EXPECT_GT(longest, 500u) << "the messages are too small to show anything";
}

// Whatever bytes come, the reader ends and says why; sanitizers watch.
TEST(ReadJson, SurvivesTornAndTwistedText) {
  std::mt19937 random(7);
  int refused = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    GatewaySpecimen written;
    RandomMessage(seed).Fill(written, 3);
    std::string json;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(written, &json).ok());
    for (int i = 0; i < 3; ++i) json[random() % json.size()] = static_cast<char>(random());
    json.resize(random() % (json.size() + 1));
    GatewaySpecimen read;
    const auto status = ReadJson(json, read);
    if (!status.ok()) ++refused;
    EXPECT_TRUE(status.ok() || status.code() == Code::kInvalidArgument) << json;
  }
  EXPECT_GT(refused, 1500);
}

}  // namespace
}  // namespace crm::gateway
