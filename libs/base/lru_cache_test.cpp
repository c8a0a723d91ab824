#include "libs/base/lru_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace crm {
namespace {

TEST(LruCache, KnowsWhatItWasLastGivenUntilItIsToForget) {
  LruCache<int, std::string> cache(10);
  EXPECT_FALSE(cache.Find(1));
  cache.Put(1, "a", 1);
  cache.Put(1, "b", 2);
  EXPECT_EQ(cache.Find(1), "b");
  cache.Forget(1);
  cache.Forget(1);
  EXPECT_FALSE(cache.Find(1));
}

TEST(LruCache, DropsWhatWasLongestUnusedWhereItsLimitEnds) {
  LruCache<int, std::string> cache(10);
  for (int key : {1, 2, 3}) cache.Put(key, "a", 3);
  EXPECT_TRUE(cache.Find(1));
  for (int key : {4, 5}) cache.Put(key, "a", 3);
  EXPECT_TRUE(cache.Find(1)) << "it was used since";
  EXPECT_FALSE(cache.Find(2));
  EXPECT_TRUE(cache.Find(5));
  cache.Put(6, "a", 11);
  EXPECT_FALSE(cache.Find(6)) << "larger than all there is";
  EXPECT_TRUE(cache.Find(5));
}

TEST(LruCache, HasRoomAgainWhereALargeValueWasReplaced) {
  LruCache<int, std::string> cache(10);
  cache.Put(1, "a", 10);
  cache.Put(1, "b", 1);
  cache.Put(2, "c", 9);
  EXPECT_EQ(cache.Find(1), "b");
  EXPECT_EQ(cache.Find(2), "c");
}

}  // namespace
}  // namespace crm
