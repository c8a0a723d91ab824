#include "libs/entity/update_mask.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit.pb.h"
#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/specimen.pb.h"

namespace crm::entity {
namespace {

using google::protobuf::FieldMask;
using testing::v1::Exhibit;

FieldMask MaskOf(std::initializer_list<const char*> paths) {
  FieldMask mask;
  for (const char* path : paths) mask.add_paths(path);
  return mask;
}

class UpdateMaskTest : public ::testing::Test {
 protected:
  UpdateMaskTest() {
    before_.set_name("exhibits/1");
    before_.set_display_name("Moses");
    before_.set_year(1515);
    before_.mutable_origin()->set_city("Rome");
    before_.mutable_origin()->set_street("Via Appia");
    before_.add_tags("marble");
    (*before_.mutable_custom_fields())["room.side"] = "left";
    (*before_.mutable_custom_fields())["guide"] = "yes";
  }

  // What comes of applying `body` to the record by the mask.
  Exhibit Applied(const Exhibit& body, std::initializer_list<const char*> paths) {
    auto resolved = mask_.Resolve(MaskOf(paths), body);
    EXPECT_TRUE(resolved.ok()) << resolved.status().ToString();
    Exhibit after = before_;
    for (const auto& path : *resolved) ApplyPath(path, body, after);
    return after;
  }
  Status Refused(std::initializer_list<const char*> paths) {
    return mask_.Resolve(MaskOf(paths), Exhibit()).status();
  }

  RecordType type_{Exhibit::descriptor()};
  UpdateMask mask_{type_, {"ShowExhibit", "LendExhibit"}};
  Exhibit before_;
};

TEST_F(UpdateMaskTest, SetsOneFieldAndClearsWhatTheBodyLacks) {
  Exhibit body;
  body.set_display_name("David");
  Exhibit expected = before_;
  expected.set_display_name("David");
  expected.clear_year();
  EXPECT_EQ(Applied(body, {"display_name", "year"}).DebugString(), expected.DebugString());
}

TEST_F(UpdateMaskTest, SetsAFieldOfAMessageAndLeavesTheOthers) {
  Exhibit body;
  body.mutable_origin()->set_city("Florence");
  Exhibit after = Applied(body, {"origin.city"});
  EXPECT_EQ(after.origin().city(), "Florence");
  EXPECT_EQ(after.origin().street(), "Via Appia");
  after = Applied(Exhibit(), {"origin.city"});
  EXPECT_EQ(after.origin().city(), "");
  EXPECT_EQ(after.origin().street(), "Via Appia");
}

TEST_F(UpdateMaskTest, ReplacesAMessageAsAWhole) {
  Exhibit body;
  body.mutable_origin()->set_city("Florence");
  EXPECT_EQ(Applied(body, {"origin"}).origin().street(), "");
  EXPECT_FALSE(Applied(Exhibit(), {"origin"}).has_origin());
}

TEST_F(UpdateMaskTest, DoesNotMakeAMessageOnlyToClearAFieldOfIt) {
  before_.clear_origin();
  EXPECT_FALSE(Applied(Exhibit(), {"origin.city"}).has_origin());
  EXPECT_FALSE(Applied(Exhibit(), {"phone.number"}).has_phone());
}

TEST_F(UpdateMaskTest, ReplacesAListAsAWhole) {
  Exhibit body;
  body.add_tags("bronze");
  body.add_tags("old");
  Exhibit after = Applied(body, {"tags"});
  ASSERT_EQ(after.tags_size(), 2);
  EXPECT_EQ(after.tags(0), "bronze");
  EXPECT_EQ(Applied(Exhibit(), {"tags"}).tags_size(), 0);
}

TEST_F(UpdateMaskTest, SetsAddsAndRemovesOneEntryOfAMap) {
  Exhibit body;
  (*body.mutable_custom_fields())["guide"] = "no";
  (*body.mutable_custom_fields())["city"] = "Rome";
  Exhibit after =
      Applied(body, {"custom_fields.guide", "custom_fields.city", "custom_fields.`room.side`"});
  ASSERT_EQ(after.custom_fields_size(), 2);
  EXPECT_EQ(after.custom_fields().at("guide"), "no");
  EXPECT_EQ(after.custom_fields().at("city"), "Rome");
  EXPECT_EQ(Applied(Exhibit(), {"custom_fields.unknown"}).custom_fields_size(), 2);
}

TEST_F(UpdateMaskTest, TakesWhatIsSetWithoutAMask) {
  Exhibit body;
  body.set_name("exhibits/2");
  body.set_etag("v1");
  body.set_display_name("David");
  body.set_state(Exhibit::SHOWN);
  Exhibit expected = before_;
  expected.set_display_name("David");
  EXPECT_EQ(Applied(body, {}).DebugString(), expected.DebugString());
}

TEST_F(UpdateMaskTest, TakesEveryFieldOfClientsByAStar) {
  before_.set_state(Exhibit::STORED);
  Exhibit body;
  body.set_display_name("David");
  Exhibit expected;
  expected.set_name("exhibits/1");
  expected.set_state(Exhibit::STORED);
  expected.set_display_name("David");
  EXPECT_EQ(Applied(body, {"*"}).DebugString(), expected.DebugString());
}

TEST_F(UpdateMaskTest, LeavesOutNameAndEtag) {
  Exhibit body;
  body.set_name("exhibits/2");
  EXPECT_EQ(Applied(body, {"name", "etag"}).DebugString(), before_.DebugString());
}

TEST_F(UpdateMaskTest, NamesEveryPathThatIsWrong) {
  Status status = Refused({"displayname", "year.x", "tags.0", "origin.town", "a..b", "`x", "*"});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), "UPDATE_MASK_INVALID");
  std::vector<std::string> said;
  for (const auto& violation : status.field_violations()) {
    EXPECT_EQ(violation.field, "update_mask");
    said.push_back(violation.description);
  }
  EXPECT_EQ(
      said,
      (std::vector<std::string>{
          "\"displayname\" names the unknown field \"displayname\"; did you mean \"display_name\"?",
          "\"year.x\" goes on behind a plain value",
          "\"tags.0\" goes into a list; lists are set as a whole", said.size() > 3 ? said[3] : "",
          "\"a..b\" is no path of fields", "\"`x\" is no path of fields",
          "\"*\" must stand alone"}));
  EXPECT_NE(said[3].find("\"origin.town\" names the unknown field \"town\""), std::string::npos);
}

TEST_F(UpdateMaskTest, SaysWhoSetsWhatClientsCannot) {
  Status state = Refused({"state"});
  EXPECT_EQ(state.reason(), "FIELD_OUTPUT_ONLY");
  EXPECT_EQ(state.field_violations()[0].description,
            "\"state\" changes only by its methods: ShowExhibit, LendExhibit");
  EXPECT_EQ(Refused({"shown_time"}).field_violations()[0].description,
            "\"shown_time\" is set by the server, as a result of other methods: ShowExhibit, "
            "LendExhibit");
  UpdateMask without_verbs(type_, {});
  EXPECT_EQ(without_verbs.Resolve(MaskOf({"create_time"}), Exhibit())
                .status()
                .field_violations()[0]
                .description,
            "\"create_time\" is set by the server alone");
}

TEST(ApplyPath, GoesThroughMapsOfMessages) {
  using testing::v1::Specimen;
  const auto* balances = Specimen::descriptor()->FindFieldByName("balances");
  const auto* amount =
      balances->message_type()->map_value()->message_type()->FindFieldByName("amount_minor");
  MaskPath path{{{balances, true, "cash"}, {amount}}};
  Specimen from, to;
  (*from.mutable_balances())["cash"].set_amount_minor(5);
  (*from.mutable_balances())["cash"].set_currency_code("EUR");
  ApplyPath(path, from, to);
  EXPECT_EQ(to.balances().at("cash").amount_minor(), 5);
  EXPECT_EQ(to.balances().at("cash").currency_code(), "");
  (*to.mutable_balances())["cash"].set_currency_code("ILS");
  ApplyPath(path, Specimen(), to);
  EXPECT_EQ(to.balances().at("cash").amount_minor(), 0);
  EXPECT_EQ(to.balances().at("cash").currency_code(), "ILS");
  const auto* shelves = Specimen::descriptor()->FindFieldByName("shelves");
  (*from.mutable_shelves())[7] = "top";
  ApplyPath({{{shelves, true, "7"}}}, from, to);
  EXPECT_EQ(to.shelves().at(7), "top");
}

}  // namespace
}  // namespace crm::entity
