#include "libs/base/gatherer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

namespace crm {
namespace {

using Groups = std::vector<std::vector<int>>;

TEST(Gatherer, ServesAloneWhatComesAlone) {
  Groups groups;
  Gatherer<int> gatherer(1, 3, [&](std::vector<int> group) { groups.push_back(std::move(group)); });
  for (int i : {1, 2}) {
    ASSERT_TRUE(gatherer.Add(i)) << "the lane is free";
    gatherer.Work();
  }
  EXPECT_EQ(groups, (Groups{{1}, {2}}));
}

TEST(Gatherer, ServesTogetherWhatArrivedMeanwhileInItsOrder) {
  Groups groups;
  Gatherer<int>* self = nullptr;
  Gatherer<int> gatherer(1, 3, [&](std::vector<int> group) {
    bool first = groups.empty();
    groups.push_back(std::move(group));
    for (int i : {2, 3, 4, 5}) {
      if (first) EXPECT_FALSE(self->Add(i));
    }
  });
  self = &gatherer;
  ASSERT_TRUE(gatherer.Add(1));
  gatherer.Work();
  EXPECT_EQ(groups, (Groups{{1}, {2, 3, 4}, {5}})) << "three at a time";
  EXPECT_TRUE(gatherer.Add(6)) << "the lane is free again";
  gatherer.Work();
  EXPECT_EQ(groups.back(), std::vector{6});
}

TEST(Gatherer, ServesInAsManyThreadsAsItHasLanes) {
  std::mutex mutex;
  std::condition_variable changed;
  Groups groups;
  bool open = false;
  Gatherer<int> gatherer(2, 3, [&](std::vector<int> group) {
    std::unique_lock lock(mutex);
    groups.push_back(std::move(group));
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  });
  auto await_groups = [&](size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return groups.size() == count; });
  };
  auto serve = [&](int item) {
    if (gatherer.Add(item)) gatherer.Work();
  };
  std::jthread first(serve, 1);
  await_groups(1);  // or it might take the second item too
  std::jthread second(serve, 2);
  await_groups(2);
  EXPECT_FALSE(gatherer.Add(3)) << "both are busy";
  std::lock_guard lock(mutex);
  EXPECT_EQ(groups.size(), 2u);
  open = true;
  changed.notify_all();
}

TEST(Gatherer, LeavesWhatWaitsToTheOtherLanesOrToWhoGivesUpTheLast) {
  Gatherer<int> gatherer(2, 3, [](const std::vector<int>&) {});
  ASSERT_TRUE(gatherer.Add(1));
  ASSERT_TRUE(gatherer.Add(2));
  EXPECT_TRUE(gatherer.Leave().empty()) << "there is another lane";
  EXPECT_EQ(gatherer.Leave(), (std::deque{1, 2}));
  EXPECT_TRUE(gatherer.Add(3)) << "both are free again";
  EXPECT_EQ(gatherer.Leave(), std::deque{3});
}

}  // namespace
}  // namespace crm
