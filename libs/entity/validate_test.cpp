#include "libs/entity/validate.h"

#include <gtest/gtest.h>

#include "libs/entity/normalize.h"
#include "libs/entity/test_museum.h"

namespace crm::entity {
namespace {

using testing::v1::Exhibit;
using testing::v1::Room;
using testing::v1::RoomCreated;

class ValidateTest : public ::testing::Test {
 protected:
  ValidateTest() { valid_.set_display_name("Moses"); }

  // Decided in a call of `as`.
  Status Checked(const Exhibit* before, const Exhibit& after, const Principal& as) {
    CallContext context;
    context.principal = as;
    Call call(museum_.services(), context);
    return Validate(call, museum_.type(Exhibit::descriptor()), before, after, "exhibit");
  }
  Status Checked(const Exhibit& after) { return Checked(nullptr, after, museum_.admin()); }
  std::string NewRoom() {
    std::string name = museum_.type(Room::descriptor()).Name(NamedUuid("room", "1"));
    EXPECT_TRUE(museum_
                    .Run([&](Call& call) {
                      Room room;
                      room.set_name(name);
                      return call.Store(room, RoomCreated());
                    })
                    .ok());
    return name;
  }

  test::CallHarness museum_{{Exhibit::descriptor(), Room::descriptor()}};
  Exhibit valid_;
};

TEST_F(ValidateTest, AcceptsWhatIsInOrder) {
  valid_.set_kind(Exhibit::STATUE);
  valid_.set_year(-5000);
  valid_.set_email("dana@example.com");
  valid_.mutable_phone()->set_number("what people type");
  valid_.set_room(NewRoom());
  valid_.add_tags("marble");
  EXPECT_EQ(Checked(valid_), Status::Ok());
}

TEST_F(ValidateTest, NamesEveryFaultWithItsWholePath) {
  Exhibit bad;
  bad.set_year(3001);
  bad.set_code(std::string(41, 'x'));
  bad.add_other_phones()->set_number("1");
  bad.add_other_phones()->set_number(std::string(41, '1'));
  (*bad.mutable_custom_fields())["side"] = "\x01";
  bad.add_tags("fine");
  bad.add_tags("not\x02");
  bad.add_seen_as(Exhibit::STATUE);
  bad.add_seen_as(static_cast<Exhibit::Kind>(9));
  bad.add_related("exhibits/1");
  EXPECT_EQ(Checked(bad),
            InvalidFields({{"exhibit.display_name", "is required"},
                           {"exhibit.code", "must have at most 40 characters"},
                           {"exhibit.year", "must be from -5000 to 3000"},
                           {"exhibit.other_phones[1].number", "must have at most 40 characters"},
                           {"exhibit.tags[1]", "must not have control characters"},
                           {"exhibit.custom_fields.side", "must not have control characters"},
                           {"exhibit.seen_as[1]", "9 is no Kind"},
                           {"exhibit.related[0]", "must have the form exhibits/{uuid}"}}));
}

TEST_F(ValidateTest, CountsElementsOfLists) {
  for (int i = 0; i < 11; ++i) valid_.add_tags("x");
  EXPECT_EQ(Checked(valid_), InvalidField("exhibit.tags", "has 11 elements; there can be 10"));
}

TEST_F(ValidateTest, ChecksOnlyWhatAnUpdateChanges) {
  Exhibit old = valid_;
  old.set_year(9999);        // from before the rule
  old.set_display_name("");  // likewise
  Exhibit changed = old;
  changed.set_nickname("Horned");
  EXPECT_EQ(Checked(&old, changed, museum_.admin()), Status::Ok());
  changed.set_year(9998);
  EXPECT_EQ(Checked(&old, changed, museum_.admin()),
            InvalidField("exhibit.year", "must be from -5000 to 3000"));
}

TEST_F(ValidateTest, NeedsAReferencedRecordThatTheCallerMaySee) {
  valid_.set_room("rooms/0190163d-8694-739b-aea5-966c26f8ad91");
  Status missing =
      InvalidField("exhibit.room", "there is no " + valid_.room() + ", or you may not see it");
  EXPECT_EQ(Checked(valid_), missing);
  valid_.set_room(NewRoom());
  EXPECT_EQ(Checked(valid_), Status::Ok());
  // A caller who may get no rooms, or only their own, learns nothing.
  EXPECT_EQ(Checked(nullptr, valid_, museum_.User("exhibit.create")).reason(), "INVALID_FIELD");
  EXPECT_EQ(Checked(nullptr, valid_, museum_.User("room.get", Scope::kOwn)).reason(),
            "INVALID_FIELD");
  EXPECT_EQ(Checked(nullptr, valid_, museum_.User("room.get")), Status::Ok());
}

TEST_F(ValidateTest, LetsAReferenceDangleThatTheRecordHadBefore) {
  Exhibit old = valid_;
  old.set_room("rooms/0190163d-8694-739b-aea5-966c26f8ad91");
  Exhibit changed = old;
  changed.set_year(1);
  EXPECT_EQ(Checked(&old, changed, museum_.admin()), Status::Ok());
  changed.set_room("rooms/0190163d-8694-739b-aea5-966c26f8ad92");
  EXPECT_EQ(Checked(&old, changed, museum_.admin()).reason(), "INVALID_FIELD");
}

TEST_F(ValidateTest, RunsAWriteAgainWhoseReferenceWasMadeMeanwhile) {
  museum_.Bind(MuseumMethods(museum_.types()));
  testing::v1::CreateExhibitRequest request;
  *request.mutable_exhibit() = valid_;
  request.mutable_exhibit()->set_room(
      museum_.type(Room::descriptor()).Name(NamedUuid("room", "1")));
  auto create = museum_.Begin("CreateExhibit", request, museum_.admin());
  museum_.Step();  // decided: there is no such room
  auto set = [&] {
    CallContext context;
    context.principal = museum_.admin();
    Call call(museum_.services(), context);
    Room room;
    room.set_name(request.exhibit().room());
    EXPECT_TRUE(call.Store(room, RoomCreated()).ok());
    return call.TakeWriteSet();
  }();
  const WriteSet* group[] = {set.get()};
  ASSERT_EQ(museum_.store().Commit(group, {})[0].outcome, CommitResult::Outcome::kCommitted);
  museum_.Drain();
  EXPECT_TRUE(create->Wait().ok()) << create->Wait().status().ToString();
}

TEST(Normalize, FillsPhonesAndLowersAddressesEverywhere) {
  Exhibit exhibit;
  exhibit.set_email(" Dana@Example.com");
  exhibit.mutable_phone()->set_number("050-123-4567");
  exhibit.mutable_phone()->set_e164("+1");  // the server's business
  exhibit.add_other_phones()->set_number("no number");
  exhibit.mutable_other_phones(0)->set_e164("+2");
  exhibit.set_hotline("03-612-3456");
  Normalize("IL", exhibit);
  EXPECT_EQ(exhibit.email(), "dana@example.com");
  EXPECT_EQ(exhibit.phone().number(), "050-123-4567");
  EXPECT_EQ(exhibit.phone().e164(), "+972501234567");
  EXPECT_EQ(exhibit.other_phones(0).e164(), "");
  EXPECT_EQ(exhibit.hotline(), "+97236123456");
  exhibit.set_hotline("ask at the desk");
  Normalize("IL", exhibit);
  EXPECT_EQ(exhibit.hotline(), "ask at the desk");
}

}  // namespace
}  // namespace crm::entity
