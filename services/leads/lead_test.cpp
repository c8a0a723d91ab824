#include "services/leads/lead.h"

#include <gtest/gtest.h>

#include <map>

#include "services/leads/distribution.h"
#include "services/leads/intake.h"

namespace crm::leads {
namespace {

using v1::Distribution;
using v1::Lead;

constexpr Lead::State kRefused = Lead::STATE_UNSPECIFIED;

TEST(Lead, MovesByEachVerbFromEachState) {
  const std::map<Verb, std::vector<Lead::State>> after = {
      // from NEW, WORKING, CONVERTED, DISQUALIFIED
      {Verb::kAssign, {Lead::NEW, Lead::WORKING, kRefused, kRefused}},
      {Verb::kRecordContact, {Lead::WORKING, Lead::WORKING, kRefused, kRefused}},
      {Verb::kSetCallBack, {Lead::NEW, Lead::WORKING, kRefused, kRefused}},
      {Verb::kConvert, {Lead::CONVERTED, Lead::CONVERTED, kRefused, kRefused}},
      {Verb::kUndoConversion, {kRefused, kRefused, Lead::WORKING, kRefused}},
      {Verb::kDisqualify, {Lead::DISQUALIFIED, Lead::DISQUALIFIED, kRefused, kRefused}},
      {Verb::kReopen, {kRefused, kRefused, kRefused, Lead::WORKING}},
  };
  ASSERT_EQ(Lead::State_MAX, Lead::DISQUALIFIED) << "a new state: say what each verb does to it";
  for (const auto& [verb, states] : after) {
    for (size_t i = 0; i < states.size(); ++i) {
      Lead lead;
      lead.set_state(static_cast<Lead::State>(i + 1));
      auto next = NextState(lead, verb);
      std::string pair =
          std::to_string(static_cast<int>(verb)) + " " + Lead::State_Name(lead.state());
      if (states[i] == kRefused) {
        EXPECT_EQ(next.status().reason(), "LEAD_STATE") << pair;
      } else {
        ASSERT_TRUE(next.ok()) << pair;
        EXPECT_EQ(*next, states[i]) << pair;
      }
    }
  }
}

const std::vector<Candidate> kThree = {
    {"users/a", "departments/x", ""},
    {"users/b", "departments/x", "absent until further notice"},
    {"users/c", "departments/y", ""},
};

TEST(Choose, RoundRobinGoesOnBehindTheLastAndNamesThosePassedOver) {
  Choice choice = Choose(Distribution::ROUND_ROBIN, kThree, {"users/a", {}});
  EXPECT_EQ(choice.user, "users/c");
  EXPECT_EQ(choice.department, "departments/y");
  EXPECT_EQ(choice.reason,
            "users/c is next after users/a; users/b was passed over: absent until further notice");
  EXPECT_EQ(Choose(Distribution::ROUND_ROBIN, kThree, {"users/c", {}}).user, "users/a");
  EXPECT_EQ(Choose(Distribution::ROUND_ROBIN, kThree, {"users/gone", {}}).user, "users/a");
}

TEST(Choose, LeastBusyTakesWhoHasTheFewestAndIsThere) {
  Load load{"", {{"users/a", 4}, {"users/c", 2}}};
  EXPECT_EQ(Choose(Distribution::LEAST_BUSY, kThree, load).user, "users/c");
  load.open_leads["users/c"] = 4;
  EXPECT_EQ(Choose(Distribution::LEAST_BUSY, kThree, load).user, "users/a")
      << "in the list's order";
  EXPECT_EQ(Choose(Distribution::FIRST_AVAILABLE, kThree, load).user, "users/a");
}

TEST(Choose, NobodyIsChosenWhereNobodyIsThere) {
  Choice choice = Choose(Distribution::ROUND_ROBIN, {kThree[1]}, {});
  EXPECT_EQ(choice.user, "");
  EXPECT_EQ(choice.reason,
            "nobody can take it; users/b was passed over: absent until further notice");
}

TEST(MapFields, NothingThatWasTypedIsLostWhateverItLooksLike) {
  v1::Form form;
  (*form.mutable_field_mapping())["first"] = "display_name";
  (*form.mutable_field_mapping())["last"] = "display_name";
  (*form.mutable_field_mapping())["city"] = "custom_fields.place";
  FormFields fields;
  fields["first"] = "  דנה\x01 ";
  fields["last"] = "לוי";
  fields["email"] = "not an address";
  fields["phone"] = "call me";
  fields["city"] = "חיפה";
  fields["colour"] = "blue";
  MappedLead mapped = MapFields(form, fields);
  EXPECT_EQ(mapped.lead.display_name(), "דנה לוי");
  EXPECT_EQ(mapped.lead.phone().number(), "call me");
  EXPECT_EQ(mapped.lead.email(), "");
  EXPECT_EQ(mapped.lead.custom_fields().at("email"), "not an address");
  EXPECT_EQ(mapped.lead.custom_fields().at("place"), "חיפה");
  EXPECT_EQ(mapped.lead.custom_fields().at("colour"), "blue");
  ASSERT_EQ(mapped.warnings.size(), 1u);
  EXPECT_TRUE(mapped.warnings[0].starts_with("email must be an e-mail address"))
      << mapped.warnings[0];
}

TEST(MapFields, LongTextsAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 300; ++i) name += "ש";
  FormFields fields;
  fields["display_name"] = name;
  MappedLead mapped = MapFields({}, fields);
  EXPECT_EQ(mapped.lead.display_name(), name.substr(0, 400));
  EXPECT_EQ(mapped.warnings, std::vector<std::string>{"display_name was cut to 200 characters"});
}

}  // namespace
}  // namespace crm::leads
