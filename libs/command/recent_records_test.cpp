#include "libs/command/recent_records.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"

namespace crm {
namespace {

class RecentRecordsTest : public ::testing::Test {
 protected:
  RecordKey Key(int record) const {
    return {&type_, NamedUuid("tenant", "1"), NamedUuid("record", std::to_string(record))};
  }
  StoredRecord Record(int64_t version, size_t bytes) const {
    return {Uuid(), version, std::string(bytes, 'x'), Time()};
  }

  RecordType type_{testing::v1::Exhibit::descriptor()};
  RecentRecords recent_{10'000};
};

TEST_F(RecentRecordsTest, KnowsWhatItWasLastGivenUntilItIsToForget) {
  EXPECT_FALSE(recent_.Find(Key(1)));
  recent_.Put(Key(1), Record(1, 10));
  recent_.Put(Key(1), Record(2, 20));
  ASSERT_TRUE(recent_.Find(Key(1)));
  EXPECT_EQ(recent_.Find(Key(1))->version, 2);
  EXPECT_EQ(recent_.Find(Key(1))->body.size(), 20u);
  recent_.Forget(Key(1));
  recent_.Forget(Key(1));
  EXPECT_FALSE(recent_.Find(Key(1)));
}

TEST_F(RecentRecordsTest, DropsWhatWasLongestUnusedWhereItsMemoryEnds) {
  for (int record : {1, 2, 3}) recent_.Put(Key(record), Record(1, 2000));
  EXPECT_TRUE(recent_.Find(Key(1)));
  for (int record : {4, 5}) recent_.Put(Key(record), Record(1, 2000));
  EXPECT_TRUE(recent_.Find(Key(1))) << "it was used since";
  EXPECT_FALSE(recent_.Find(Key(2)));
  EXPECT_TRUE(recent_.Find(Key(5)));
  recent_.Put(Key(6), Record(1, 20'000));
  EXPECT_FALSE(recent_.Find(Key(6))) << "larger than all there is";
  EXPECT_TRUE(recent_.Find(Key(5)));
}

TEST_F(RecentRecordsTest, KnowsACollectionAsItWasAtItsStamp) {
  auto collection = std::make_shared<Collection>();
  collection->stamp = 7;
  recent_.PutCollection(Key(1), collection);
  EXPECT_EQ(recent_.FindCollection(Key(1), 7), collection);
  EXPECT_EQ(recent_.FindCollection(Key(1), 8), nullptr);
  EXPECT_EQ(recent_.FindCollection(Key(2), 7), nullptr);
}

}  // namespace
}  // namespace crm
