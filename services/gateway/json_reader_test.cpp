#include "services/gateway/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crm/testing/v1/gateway_specimen_service.pb.h"
#include "google/protobuf/util/json_util.h"

namespace crm::gateway {
namespace {

using crm::testing::v1::CreateSpecimenRequest;
using crm::testing::v1::GatewaySpecimen;
using ::testing::HasSubstr;

struct Accepted {
  std::string json;
  std::string normal;  // as protobuf prints it back
};

class ReadJsonAccepts : public ::testing::TestWithParam<Accepted> {};

TEST_P(ReadJsonAccepts, TheForm) {
  GatewaySpecimen specimen;
  const auto status = ReadJson(GetParam().json, specimen);
  ASSERT_TRUE(status.ok()) << GetParam().json << ": " << status.ToString();
  std::string printed;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(specimen, &printed).ok());
  EXPECT_EQ(printed, GetParam().normal) << GetParam().json;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadJsonAccepts,
    ::testing::Values(
        Accepted{"{}", "{}"}, Accepted{R"({"displayName":"a"})", R"({"displayName":"a"})"},
        Accepted{R"({"display_name":"a"})", R"({"displayName":"a"})"},
        Accepted{R"({"weightMicrograms":"9223372036854775807"})",
                 R"({"weightMicrograms":"9223372036854775807"})"},
        Accepted{R"({"weightMicrograms":-9223372036854775808})",
                 R"({"weightMicrograms":"-9223372036854775808"})"},
        Accepted{R"({"catalogueNumber":18446744073709551615})",
                 R"({"catalogueNumber":"18446744073709551615"})"},
        Accepted{R"({"rank":1.0})", R"({"rank":1})"},
        Accepted{R"({"rank":1e2})", R"({"rank":100})"},
        Accepted{R"({"rank":"1e2"})", R"({"rank":100})"},
        Accepted{R"({"rank":"7"})", R"({"rank":7})"},
        Accepted{R"({"kind":"FROG"})", R"({"kind":"FROG"})"},
        Accepted{R"({"kind":2})", R"({"kind":"BEETLE"})"},
        Accepted{R"({"kind":99})", R"({"kind":99})"},
        Accepted{R"({"length":"NaN"})", R"({"length":"NaN"})"},
        Accepted{R"({"length":"-Infinity"})", R"({"length":"-Infinity"})"},
        Accepted{R"({"length":"1.5"})", R"({"length":1.5})"},
        Accepted{R"({"length":2})", R"({"length":2})"},
        Accepted{R"({"photo":"//79"})", R"({"photo":"//79"})"},
        Accepted{R"({"photo":"__79"})", R"({"photo":"//79"})"},
        Accepted{R"({"photo":"YQ"})", R"({"photo":"YQ=="})"},
        Accepted{R"({"photo":"YQ=="})", R"({"photo":"YQ=="})"},
        Accepted{R"({"tags":["a","b"]})", R"({"tags":["a","b"]})"},
        Accepted{R"({"tags":null})", "{}"}, Accepted{R"({"displayName":null,"origin":null})", "{}"},
        Accepted{R"({"person":null,"expedition":"b"})", R"({"expedition":"b"})"},
        Accepted{R"({"origin":{"near":{"country":"IL"}}})",
                 R"({"origin":{"near":{"country":"IL"}}})"},
        Accepted{R"({"sightings":[{},{"country":"IL"}]})",
                 R"({"sightings":[{},{"country":"IL"}]})"},
        Accepted{R"({"labels":{"a":"1"}})", R"({"labels":{"a":"1"}})"},
        Accepted{R"({"createTime":"2024-01-01T02:00:00+02:00"})",
                 R"({"createTime":"2024-01-01T00:00:00Z"})"},
        Accepted{R"({"legs":6})", R"({"legs":6})"}, Accepted{R"({"legs":"6"})", R"({"legs":6})"},
        Accepted{R"({"legs":null})", "{}"},
        Accepted{R"({"extra":{"a":[1,null,{"b":true}]}})",
                 R"({"extra":{"a":[1,null,{"b":true}]}})"},
        Accepted{R"({"displayName":"\u05e9"})", R"({"displayName":"ש"})"}));

struct Refused {
  std::string json;
  std::string field;
  std::string description;
};

class ReadJsonRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(ReadJsonRefuses, NamingTheField) {
  GatewaySpecimen specimen;
  const auto status = ReadJson(GetParam().json, specimen);
  ASSERT_EQ(status.code(), Code::kInvalidArgument) << GetParam().json;
  ASSERT_EQ(status.field_violations().size(), 1u) << status.ToString();
  EXPECT_EQ(status.field_violations()[0].field, GetParam().field) << GetParam().json;
  EXPECT_THAT(status.field_violations()[0].description, HasSubstr(GetParam().description));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadJsonRefuses,
    ::testing::Values(
        Refused{R"({"nope":1})", "nope", "unknown field; crm.testing.v1.GatewaySpecimen"},
        Refused{R"({"origin":{"near":{"nope":1}}})", "origin.near.nope", "unknown field"},
        Refused{R"({"sightings":[{},{"country":5}]})", "sightings[1].country",
                "expected a string in UTF-8, got 5"},
        Refused{R"({"displayName":"a","display_name":"b"})", "display_name", "given twice"},
        Refused{R"({"rank":1,"rank":1})", "rank", "given twice"},
        Refused{R"({"person":"a","expedition":"b"})", "expedition", "send only one"},
        Refused{R"({"rank":"x"})", "rank",
                "expected a whole number from -2147483648 to 2147483647, got \"x\""},
        Refused{R"({"rank":1.5})", "rank", "whole number"},
        Refused{R"({"rank":2147483648})", "rank", "whole number"},
        Refused{R"({"rank":true})", "rank", "whole number"},
        Refused{R"({"rank":""})", "rank", "whole number"},
        Refused{R"({"rank":{}})", "rank", "whole number"},
        Refused{R"({"rank":[1]})", "rank", "whole number"},
        Refused{R"({"weightMicrograms":9223372036854775808})", "weight_micrograms", "whole number"},
        Refused{R"({"weightMicrograms":1e19})", "weight_micrograms", "whole number"},
        Refused{R"({"catalogueNumber":-1})", "catalogue_number", "whole number"},
        Refused{R"({"preserved":"true"})", "preserved", "true or false"},
        Refused{R"({"preserved":1})", "preserved", "true or false"},
        Refused{R"({"kind":"TOAD"})", "kind",
                "one of KIND_UNSPECIFIED, FROG, BEETLE, got \"TOAD\""},
        Refused{R"({"kind":"frog"})", "kind", "one of"},
        Refused{R"({"kind":"1"})", "kind", "one of"},
        Refused{R"({"length":1e400})", "length", "a number"},
        Refused{R"({"length":"nan"})", "length", "a number"},
        Refused{R"({"photo":"***"})", "photo", "base64"},
        Refused{R"({"photo":"YQ="})", "photo", "base64"},
        Refused{R"({"displayName":5})", "display_name", "a string"},
        Refused{R"({"tags":"x"})", "tags", "expected an array"},
        Refused{R"({"tags":["a",null]})", "tags[1]", "null"},
        Refused{R"({"tags":[["a"]]})", "tags[0]", "a string"},
        Refused{R"({"origin":"x"})", "origin", "expected an object"},
        Refused{R"({"origin":[{}]})", "origin", "expected an object"},
        Refused{R"({"labels":[]})", "labels", "expected an object"},
        Refused{R"({"labels":{"a":"1","a":"2"}})", "labels[\"a\"]", "given twice"},
        Refused{R"({"labels":{"a":null}})", "labels[\"a\"]", "null"},
        Refused{R"({"labels":{"a":1}})", "labels[\"a\"]", "a string"},
        Refused{R"({"createTime":"yesterday"})", "create_time",
                "google.protobuf.Timestamp in its JSON form, got \"yesterday\""},
        Refused{R"({"legs":"six"})", "legs", "whole number"}));

TEST(ReadJson, RefusesABodyThatIsNoObject) {
  for (const char* body : {"[]", "5", "\"a\"", "null"}) {
    GatewaySpecimen specimen;
    EXPECT_EQ(ReadJson(body, specimen).message(), "The body must be an object.") << body;
  }
}

TEST(ReadJson, RefusesWhatFollowsTheObject) {
  GatewaySpecimen specimen;
  EXPECT_EQ(ReadJson("{} {}", specimen).reason(), "INVALID_JSON");
}

TEST(ReadJsonField, NamesFieldsFromTheRootOfTheRequest) {
  CreateSpecimenRequest request;
  const auto& field = *request.GetDescriptor()->FindFieldByName("specimen");
  EXPECT_TRUE(ReadJsonField(R"({"rank":5})", request, field).ok());
  EXPECT_EQ(request.specimen().rank(), 5);
  CreateSpecimenRequest other;
  EXPECT_EQ(ReadJsonField(R"({"rank":"x"})", other, field).field_violations().at(0).field,
            "specimen.rank");
  EXPECT_EQ(ReadJsonField(R"({}, "validateOnly": true)", other, field).reason(), "INVALID_JSON");
}

TEST(ReadJson, BoundsTheDepthOfMessages) {
  std::string json = R"({"origin":)";
  for (int i = 0; i < 70; ++i) json += R"({"near":)";
  GatewaySpecimen specimen;
  EXPECT_EQ(ReadJson(json, specimen).reason(), "JSON_TOO_DEEP");
}

}  // namespace
}  // namespace crm::gateway
