#include "libs/operations/operations.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/entity/page_tokens.h"
#include "libs/entity/standard_methods.h"
#include "libs/testing/call_harness.h"

namespace crm::operations {
namespace {

using namespace crm::testing::v1;  // NOLINT: messages only
using kernel::v1::UndoneRecord;
using kernel::v1::UndoRequest;
using kernel::v1::UndoResponse;
using kernel::v1::VerifyRequest;
using kernel::v1::VerifyResponse;

class OperationsTest : public ::testing::Test {
 protected:
  OperationsTest()
      : museum_({Exhibit::descriptor(), Room::descriptor()}),
        tokens_(*entity::PageTokens::Create(std::string(32, 'k'))),
        server_("museum", museum_.types(), {}) {
    museum_.Bind(entity::StandardMethods(entity::FindService("crm.testing.v1.ExhibitService"),
                                         museum_.type(Exhibit::descriptor()), {&tokens_}));
    museum_.Bind(server_.Methods());
  }

  Exhibit Create(const std::string& title, const std::string& code = "") {
    CreateExhibitRequest request;
    request.mutable_exhibit()->set_display_name(title);
    request.mutable_exhibit()->set_code(code);
    auto created = museum_.Call<Exhibit>("CreateExhibit", request, museum_.admin());
    EXPECT_TRUE(created.ok()) << created.status().ToString();
    return *created;
  }

  Exhibit Rename(const Exhibit& exhibit, const std::string& title, const Principal& as) {
    UpdateExhibitRequest request;
    request.mutable_exhibit()->set_name(exhibit.name());
    request.mutable_exhibit()->set_display_name(title);
    request.mutable_update_mask()->add_paths("display_name");
    auto updated = museum_.Call<Exhibit>("UpdateExhibit", request, as);
    EXPECT_TRUE(updated.ok()) << updated.status().ToString();
    return *updated;
  }

  Exhibit Get(const std::string& name) {
    GetExhibitRequest request;
    request.set_name(name);
    return *museum_.Call<Exhibit>("GetExhibit", request, museum_.admin());
  }

  UndoResponse Undo(UndoRequest request) {
    request.set_source("museum");
    auto undone = museum_.Call<UndoResponse>("Undo", request, museum_.admin());
    EXPECT_TRUE(undone.ok()) << undone.status().ToString();
    return undone.ok() ? *undone : UndoResponse();
  }

  // All that the given person does from now on.
  UndoRequest ByActor(const Principal& who) {
    UndoRequest request;
    request.set_actor(who.name);
    request.mutable_since_time()->set_seconds(0);
    return request;
  }

  test::CallHarness museum_;
  entity::PageTokens tokens_;
  OperationsServer server_;
};

TEST_F(OperationsTest, UndoDeletesWhatTheGroupCreated) {
  Exhibit vase = Create("Vase", "A-1");
  auto undone = Undo(ByActor(museum_.admin()));
  ASSERT_EQ(undone.records_size(), 1);
  EXPECT_EQ(undone.records(0).outcome(), UndoneRecord::DELETED);
  EXPECT_TRUE(Get(vase.name()).has_delete_time());
  // The unique value is free again.
  EXPECT_EQ(Create("Another vase", "A-1").code(), "A-1");
}

TEST_F(OperationsTest, UndoRestoresTheOldValuesOfWhatTheGroupChanged) {
  Exhibit vase = Create("Vase");
  Principal clerk = museum_.User("exhibit.*");
  Rename(vase, "Vaze", clerk);
  auto undone = Undo(ByActor(clerk));
  ASSERT_EQ(undone.records_size(), 1);
  EXPECT_EQ(undone.records(0).outcome(), UndoneRecord::RESTORED);
  EXPECT_EQ(Get(vase.name()).display_name(), "Vase");
}

TEST_F(OperationsTest, UndoListsAsConflictWhatSomebodyChangedSince) {
  Exhibit vase = Create("Vase");
  Principal clerk = museum_.User("exhibit.*");
  Rename(vase, "Vaze", clerk);
  Rename(vase, "Amphora", museum_.admin());
  auto undone = Undo(ByActor(clerk));
  ASSERT_EQ(undone.records_size(), 1);
  EXPECT_EQ(undone.records(0).outcome(), UndoneRecord::CONFLICT);
  ASSERT_EQ(undone.records(0).conflicts_size(), 1);
  EXPECT_EQ(undone.records(0).conflicts(0), "display_name");
  EXPECT_EQ(Get(vase.name()).display_name(), "Amphora");
}

TEST_F(OperationsTest, UndoLeavesACreatedRecordThatSomebodyChangedSince) {
  Principal clerk = museum_.User("exhibit.*");
  CreateExhibitRequest request;
  request.mutable_exhibit()->set_display_name("Vase");
  auto vase = museum_.Call<Exhibit>("CreateExhibit", request, clerk);
  ASSERT_TRUE(vase.ok());
  Rename(*vase, "Amphora", museum_.admin());
  auto undone = Undo(ByActor(clerk));
  ASSERT_EQ(undone.records_size(), 1);
  EXPECT_EQ(undone.records(0).outcome(), UndoneRecord::CONFLICT);
  EXPECT_FALSE(Get(vase->name()).has_delete_time());
}

TEST_F(OperationsTest, AnUndoCanBeUndone) {
  Exhibit vase = Create("Vase");
  Principal clerk = museum_.User("exhibit.*");
  Rename(vase, "Vaze", clerk);
  Undo(ByActor(clerk));
  UndoRequest again;
  again.set_run(museum_.Log().back().run());
  ASSERT_TRUE(again.run().starts_with("undo/"));
  EXPECT_EQ(Undo(again).records(0).outcome(), UndoneRecord::RESTORED);
  EXPECT_EQ(Get(vase.name()).display_name(), "Vaze");
}

TEST_F(OperationsTest, ValidateOnlyShowsWhatAnUndoWouldDoAndStoresNothing) {
  Exhibit vase = Create("Vase");
  size_t rows = museum_.Log().size();
  UndoRequest request = ByActor(museum_.admin());
  request.set_validate_only(true);
  EXPECT_EQ(Undo(request).records(0).outcome(), UndoneRecord::DELETED);
  EXPECT_EQ(museum_.Log().size(), rows);
  EXPECT_FALSE(Get(vase.name()).has_delete_time());
}

TEST_F(OperationsTest, UndoGoesThroughManyRecordsInPages) {
  for (int i = 0; i < 5; ++i) Create("Vase " + std::to_string(i));
  UndoRequest request = ByActor(museum_.User("exhibit.*"));
  request.set_actor(museum_.admin().name);
  request.set_page_size(2);
  int deleted = 0;
  int pages = 0;
  int64_t last = museum_.Log().back().seq();
  while (pages < 10) {
    auto page = Undo(request);
    ++pages;
    for (const auto& record : page.records()) deleted += record.outcome() == UndoneRecord::DELETED;
    if (page.next_page_token().empty() || std::stoll(page.next_page_token()) >= last) break;
    request.set_page_token(page.next_page_token());
  }
  EXPECT_EQ(deleted, 5);
  EXPECT_GE(pages, 3);
}

TEST_F(OperationsTest, UndoNeedsExactlyOneGroup) {
  UndoRequest request;
  request.set_source("museum");
  auto refused = museum_.Call<UndoResponse>("Undo", request, museum_.admin());
  EXPECT_EQ(refused.status().reason(), "ONE_GROUP_NEEDED");
}

TEST_F(OperationsTest, UndoNeedsItsPermission) {
  UndoRequest request = ByActor(museum_.admin());
  request.set_source("museum");
  auto refused = museum_.Call<UndoResponse>("Undo", request, museum_.User("exhibit.*"));
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
}

TEST_F(OperationsTest, VerifyFindsTablesThatAreTheFoldOfTheLog) {
  Rename(Create("Vase"), "Amphora", museum_.admin());
  Create("Coin");
  VerifyRequest request;
  request.set_source("museum");
  auto verified = museum_.Call<VerifyResponse>("Verify", request, museum_.admin());
  ASSERT_TRUE(verified.ok()) << verified.status().ToString();
  EXPECT_EQ(verified->records_checked(), 2);
  EXPECT_EQ(verified->events_checked(), 3);
  EXPECT_EQ(verified->differences_size(), 0);
}

// The control: a table row that no event explains.
TEST_F(OperationsTest, VerifyNamesARecordThatWasChangedBehindTheLog) {
  Exhibit vase = Create("Vase");
  const RecordType& type = museum_.type(Exhibit::descriptor());
  RecordKey key{&type, museum_.tenant(), *type.ParseName(vase.name())};
  vase.set_display_name("Forged");
  vase.clear_etag();
  WriteSet forged;
  forged.tenant = museum_.tenant();
  forged.checks.push_back({key, 1});
  forged.records.push_back(MakeRecordWrite(key, 1, vase));
  const WriteSet* group = &forged;
  ASSERT_EQ(museum_.store().Commit(std::span(&group, 1), {}).front().outcome,
            CommitResult::Outcome::kCommitted);
  VerifyRequest request;
  request.set_source("museum");
  auto verified = museum_.Call<VerifyResponse>("Verify", request, museum_.admin());
  ASSERT_TRUE(verified.ok());
  ASSERT_EQ(verified->differences_size(), 1);
  EXPECT_EQ(verified->differences(0), vase.name() + ": differs from its last event");
}

}  // namespace
}  // namespace crm::operations
