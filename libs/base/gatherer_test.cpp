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
  gatherer.Add(1);
  gatherer.Add(2);
  EXPECT_EQ(groups, (Groups{{1}, {2}}));
}

TEST(Gatherer, ServesTogetherWhatArrivedMeanwhileInItsOrder) {
  Groups groups;
  Gatherer<int>* self = nullptr;
  Gatherer<int> gatherer(1, 3, [&](std::vector<int> group) {
    bool first = groups.empty();
    groups.push_back(std::move(group));
    for (int i : {2, 3, 4, 5}) {
      if (first) self->Add(i);
    }
  });
  self = &gatherer;
  gatherer.Add(1);
  EXPECT_EQ(groups, (Groups{{1}, {2, 3, 4}, {5}})) << "three at a time";
  gatherer.Add(6);
  EXPECT_EQ(groups.back(), std::vector{6}) << "the lane was free again";
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
  std::jthread first([&] { gatherer.Add(1); });
  await_groups(1);  // or it might take the second item too
  std::jthread second([&] { gatherer.Add(2); });
  await_groups(2);
  gatherer.Add(3);  // both are busy: returns at once
  std::lock_guard lock(mutex);
  EXPECT_EQ(groups.size(), 2u);
  open = true;
  changed.notify_all();
}

}  // namespace
}  // namespace crm
