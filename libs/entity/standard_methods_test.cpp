#include "libs/entity/standard_methods.h"

#include <gtest/gtest.h>

#include "libs/entity/test_museum.h"

namespace crm::entity {
namespace {

using namespace testing::v1;  // NOLINT: messages only
using test::CallHarness;

class StandardMethodsTest : public ::testing::Test {
 protected:
  StandardMethodsTest() { museum_.Bind(MuseumMethods(museum_.types())); }

  template <class Response>
  Result<Response> Call(const char* method, const google::protobuf::Message& request) {
    return museum_.Call<Response>(method, request);
  }
  CreateExhibitRequest ToCreate(const std::string& display_name) {
    CreateExhibitRequest request;
    request.mutable_exhibit()->set_display_name(display_name);
    return request;
  }
  Exhibit Created(const std::string& display_name) {
    auto created = Call<Exhibit>("CreateExhibit", ToCreate(display_name));
    EXPECT_TRUE(created.ok()) << created.status().ToString();
    return created.ok() ? *created : Exhibit();
  }
  std::string CreatedRoom() {
    CreateRoomRequest request;
    request.mutable_room()->set_display_name("Hall 1");
    return Call<Room>("CreateRoom", request)->name();
  }
  Result<Exhibit> Update(const Exhibit& exhibit, std::initializer_list<const char*> mask) {
    UpdateExhibitRequest request;
    *request.mutable_exhibit() = exhibit;
    for (const char* path : mask) request.mutable_update_mask()->add_paths(path);
    return Call<Exhibit>("UpdateExhibit", request);
  }
  Result<Exhibit> Get(const std::string& name) {
    GetExhibitRequest request;
    request.set_name(name);
    return Call<Exhibit>("GetExhibit", request);
  }
  Exhibit Shown(const std::string& name) {
    ShowExhibitRequest request;
    request.set_name(name);
    return *Call<Exhibit>("ShowExhibit", request);
  }

  CallHarness museum_{{Exhibit::descriptor(), Room::descriptor()}};
};

TEST_F(StandardMethodsTest, BindsEveryStandardMethodThatTheServiceDeclares) {
  auto all = StandardMethods(FindService("crm.testing.v1.ExhibitService"),
                             museum_.type(Exhibit::descriptor()), {&TestPageTokens(), "IL"});
  EXPECT_EQ(all.size(), 9u);
  auto rooms = StandardMethods(FindService("crm.testing.v1.RoomService"),
                               museum_.type(Room::descriptor()), {&TestPageTokens(), "IL"});
  EXPECT_EQ(rooms.size(), 5u);
}

TEST_F(StandardMethodsTest, EndsAtStartWhereTheServiceIsNoneOfTheRecords) {
  const auto* service = FindService("crm.testing.v1.ExhibitService");
  const RecordType& rooms = museum_.type(Room::descriptor());
  EXPECT_DEATH(StandardMethods(service, rooms, {&TestPageTokens(), "IL"}),
               "has no standard method of Room");
  EXPECT_DEATH(FindService("crm.testing.v1.NoService"), "no such service is linked");
}

TEST_F(StandardMethodsTest, CreatesWithTheHooksDefaultsAndIgnoresWhatOnlyTheServerSets) {
  auto request = ToCreate("Moses");
  request.mutable_exhibit()->set_name("exhibits/mine");
  request.mutable_exhibit()->set_etag("v9");
  request.mutable_exhibit()->set_state(Exhibit::SHOWN);
  request.mutable_exhibit()->mutable_shown_time()->set_seconds(1);
  auto created = Call<Exhibit>("CreateExhibit", request);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  EXPECT_EQ(created->state(), Exhibit::STORED);
  EXPECT_FALSE(created->has_shown_time());
  EXPECT_EQ(created->etag(), "v1");
  EXPECT_TRUE(museum_.type(Exhibit::descriptor()).ParseName(created->name()).ok());
}

TEST_F(StandardMethodsTest, CreatesUnderTheIdThatTheClientChose) {
  auto request = ToCreate("Moses");
  request.set_exhibit_id("0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(Call<Exhibit>("CreateExhibit", request)->name(),
            "exhibits/0190163d-8694-739b-aea5-966c26f8ad91");
  auto again = Call<Exhibit>("CreateExhibit", request);
  EXPECT_EQ(again.status().code(), Code::kAlreadyExists);
  EXPECT_EQ(again.status().reason(), "RESOURCE_EXISTS");
  request.set_exhibit_id("moses");
  EXPECT_EQ(Call<Exhibit>("CreateExhibit", request).status(),
            InvalidField("exhibit_id", "must be a UUID"));
}

TEST_F(StandardMethodsTest, NeedsTheRecordInCreateAndUpdate) {
  EXPECT_EQ(Call<Exhibit>("CreateExhibit", CreateExhibitRequest()).status(),
            InvalidField("exhibit", "is required"));
  EXPECT_EQ(Call<Exhibit>("UpdateExhibit", UpdateExhibitRequest()).status(),
            InvalidField("exhibit", "is required"));
}

TEST_F(StandardMethodsTest, AsksTheHooksOnEveryWrite) {
  auto request = ToCreate("David");
  request.mutable_exhibit()->set_kind(Exhibit::STATUE);
  request.mutable_exhibit()->set_fragile(true);
  EXPECT_EQ(Call<Exhibit>("CreateExhibit", request).status().message(),
            "exhibit.fragile: statues are not fragile");
  request.mutable_exhibit()->set_fragile(false);
  Exhibit david = *Call<Exhibit>("CreateExhibit", request);
  david.set_fragile(true);
  EXPECT_EQ(Update(david, {"fragile"}).status().reason(), "INVALID_FIELD");

  Shown(david.name());
  DeleteExhibitRequest remove;
  remove.set_name(david.name());
  EXPECT_EQ(Call<Exhibit>("DeleteExhibit", remove).status().reason(), "SHOWN");
  Exhibit moved = *Get(david.name());
  moved.set_room(CreatedRoom());
  EXPECT_EQ(Update(moved, {"room"}).status().reason(), "SHOWN");
}

TEST_F(StandardMethodsTest, SaysByWhichMethodsAStateChanges) {
  Exhibit moses = Created("Moses");
  auto refused = Update(moses, {"display_name", "state"});
  EXPECT_EQ(refused.status().reason(), "FIELD_OUTPUT_ONLY");
  ASSERT_EQ(refused.status().field_violations().size(), 1u);
  EXPECT_EQ(refused.status().field_violations()[0].description,
            "\"state\" changes only by its methods: ShowExhibit");
}

TEST_F(StandardMethodsTest, RefusesToChangeWhatIsImmutable) {
  auto request = ToCreate("Moses");
  request.mutable_exhibit()->set_donor("Julius");
  Exhibit moses = *Call<Exhibit>("CreateExhibit", request);
  moses.set_donor("Paul");
  EXPECT_EQ(Update(moses, {"donor"}).status().reason(), "FIELD_IMMUTABLE");
  EXPECT_EQ(Update(moses, {}).status().reason(), "FIELD_IMMUTABLE");
  moses.set_donor("Julius");
  moses.set_year(1515);
  EXPECT_TRUE(Update(moses, {}).ok());  // sent back unchanged
}

TEST_F(StandardMethodsTest, CreatesWhatIsMissingWhereAnUpdateAllowsIt) {
  UpdateExhibitRequest request;
  request.mutable_exhibit()->set_name("exhibits/0190163d-8694-739b-aea5-966c26f8ad91");
  request.mutable_exhibit()->set_display_name("Moses");
  EXPECT_EQ(Call<Exhibit>("UpdateExhibit", request).status().code(), Code::kNotFound);
  request.set_allow_missing(true);
  EXPECT_EQ(museum_.Call<Exhibit>("UpdateExhibit", request, museum_.User("exhibit.update"))
                .status()
                .code(),
            Code::kPermissionDenied);
  auto made = Call<Exhibit>("UpdateExhibit", request);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_EQ(made->name(), request.exhibit().name());
  EXPECT_EQ(museum_.Log().back().type(), "crm.testing.v1.ExhibitCreated");
  // A record that the caller may not see is not made again.
  auto stranger = museum_.User("exhibit.update", Scope::kOwn);
  stranger.grants.push_back({"exhibit", "create", Scope::kAll, ""});
  EXPECT_EQ(museum_.Call<Exhibit>("UpdateExhibit", request, stranger).status().code(),
            Code::kNotFound);
}

TEST_F(StandardMethodsTest, ForgivesADeleteOfWhatIsGoneWhereItIsAllowed) {
  DeleteExhibitRequest request;
  request.set_name(Created("Moses").name());
  ASSERT_TRUE(Call<Exhibit>("DeleteExhibit", request).ok());
  EXPECT_EQ(Call<Exhibit>("DeleteExhibit", request).status().code(), Code::kNotFound);
  request.set_allow_missing(true);
  EXPECT_TRUE(Call<Exhibit>("DeleteExhibit", request)->has_delete_time());
  request.set_name("exhibits/0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(Call<Exhibit>("DeleteExhibit", request)->name(), "");
  EXPECT_EQ(museum_.Log().size(), 2u);
}

TEST_F(StandardMethodsTest, CreatesABatchWholeOrNotAtAll) {
  BatchCreateExhibitsRequest request;
  *request.add_requests() = ToCreate("Moses");
  *request.add_requests() = ToCreate("");
  auto refused = Call<BatchCreateExhibitsResponse>("BatchCreateExhibits", request);
  EXPECT_EQ(refused.status(), InvalidField("requests[1].exhibit.display_name", "is required"));
  EXPECT_TRUE(museum_.Log().empty());

  *request.mutable_requests(1) = ToCreate("David");
  auto created = Call<BatchCreateExhibitsResponse>("BatchCreateExhibits", request);
  ASSERT_EQ(created->exhibits_size(), 2);
  EXPECT_EQ(created->exhibits(1).display_name(), "David");
  EXPECT_EQ(created->exhibits(1).etag(), "v1");
  EXPECT_TRUE(created->exhibits(1).has_create_time());
}

TEST_F(StandardMethodsTest, UpdatesABatchWholeOrNotAtAll) {
  Exhibit moses = Created("Moses");
  Exhibit david = Created("David");
  BatchUpdateExhibitsRequest request;
  for (Exhibit* exhibit : {&moses, &david}) {
    exhibit->set_year(1515);
    *request.add_requests()->mutable_exhibit() = *exhibit;
  }
  request.mutable_requests(1)->mutable_exhibit()->set_etag("v7");
  EXPECT_EQ(Call<BatchUpdateExhibitsResponse>("BatchUpdateExhibits", request).status().reason(),
            "ETAG_MISMATCH");
  EXPECT_EQ(Get(moses.name())->year(), 0);
  request.mutable_requests(1)->mutable_exhibit()->set_etag("v1");
  EXPECT_EQ(Call<BatchUpdateExhibitsResponse>("BatchUpdateExhibits", request)->exhibits(1).etag(),
            "v2");
  EXPECT_EQ(Call<BatchUpdateExhibitsResponse>("BatchUpdateExhibits", BatchUpdateExhibitsRequest())
                .status(),
            InvalidField("requests", "must not be empty"));
}

TEST_F(StandardMethodsTest, GetsABatchInItsOrderAndNamesWhatCannotBeRead) {
  std::string moses = Created("Moses").name();
  std::string david = Created("David").name();
  std::string nobody = "exhibits/0190163d-8694-739b-aea5-966c26f8ad91";
  BatchGetExhibitsRequest request;
  for (const auto& name : {david, nobody, moses, david}) request.add_names(name);
  auto got = Call<BatchGetExhibitsResponse>("BatchGetExhibits", request);
  ASSERT_EQ(got->exhibits_size(), 3);
  EXPECT_EQ(got->exhibits(0).name(), david);
  EXPECT_EQ(got->exhibits(1).name(), moses);
  EXPECT_EQ(got->exhibits(2).etag(), "v1");
  ASSERT_EQ(got->unreachable_size(), 1);
  EXPECT_EQ(got->unreachable(0), nobody);

  auto stranger = museum_.User("exhibit.get", Scope::kOwn);
  auto hidden = museum_.Call<BatchGetExhibitsResponse>("BatchGetExhibits", request, stranger);
  EXPECT_EQ(hidden->exhibits_size(), 0);
  EXPECT_EQ(hidden->unreachable_size(), 4);
}

TEST_F(StandardMethodsTest, FailsABatchGetWhoseResponseCannotNameWhatIsMissing) {
  BatchGetRoomsRequest request;
  request.add_names(CreatedRoom());
  EXPECT_EQ(Call<BatchGetRoomsResponse>("BatchGetRooms", request)->rooms_size(), 1);
  request.add_names("rooms/0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(Call<BatchGetRoomsResponse>("BatchGetRooms", request).status(),
            NotFound(request.names(1)));
  request.set_names(1, "halls/1");
  EXPECT_EQ(Call<BatchGetRoomsResponse>("BatchGetRooms", request).status(),
            InvalidField("names[1]", "must have the form rooms/{uuid}"));
}

}  // namespace
}  // namespace crm::entity
