#include "libs/base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <set>

namespace crm {
namespace {

// A task that says when it has begun and then waits to be let go.
struct Gate {
  std::promise<void> begun;
  std::promise<void> open;
  Task Hold() {
    return [this] {
      begun.set_value();
      open.get_future().wait();
    };
  }
};

TEST(ThreadPool, RunsEveryTaskItTook) {
  std::atomic<int> runs = 0;
  {
    ThreadPool pool(3, 1000);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.Post([&] { ++runs; }));
  }
  EXPECT_EQ(runs, 500);
}

TEST(ThreadPool, RefusesAboveItsBoundAndTakesAgainBelowIt) {
  Gate gate;
  std::promise<void> done;
  ThreadPool pool(1, 2);  // behind what its tasks use
  ASSERT_TRUE(pool.Post(gate.Hold()));
  gate.begun.get_future().wait();
  EXPECT_TRUE(pool.Post([] {}));
  EXPECT_TRUE(pool.Post([&] { done.set_value(); }));
  EXPECT_FALSE(pool.Post([] { ADD_FAILURE() << "a refused task ran"; }));
  gate.open.set_value();
  done.get_future().wait();
  EXPECT_TRUE(pool.Post([] {}));
}

TEST(ThreadPool, RunsWhatWaitsForItsTimeInTheOrderOfTheTimes) {
  std::promise<void> done;
  std::vector<int> order;
  ThreadPool pool(1, 10);
  auto started = std::chrono::steady_clock::now();
  ASSERT_TRUE(pool.PostAfter(std::chrono::milliseconds(20), [&] {
    order.push_back(2);
    done.set_value();
  }));
  ASSERT_TRUE(pool.PostAfter(std::chrono::milliseconds(1), [&] { order.push_back(1); }));
  ASSERT_TRUE(pool.Post([&] { order.push_back(0); }));
  done.get_future().wait();
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(20));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(ThreadPool, WatchesTheTimeWhileTheThreadsThatItHasAreBusy) {
  Gate gate;
  std::promise<void> done;
  ThreadPool pool(2, 10);
  ASSERT_TRUE(pool.Post(gate.Hold()));
  gate.begun.get_future().wait();
  ASSERT_TRUE(pool.PostAfter(std::chrono::milliseconds(1), [&] { done.set_value(); }));
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  gate.open.set_value();
}

// A time that one thread waits for may be taken by another that is awake when it comes. Under the
// address sanitizer the first must not look at it any more.
TEST(ThreadPool, LetsAThreadThatIsAwakeTakeWhatIsDue) {
  ThreadPool pool(2, 10);
  for (int round = 0; round < 50; ++round) {
    std::promise<void> done;
    ASSERT_TRUE(pool.PostAfter(std::chrono::milliseconds(1), [&] { done.set_value(); }));
    const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    ASSERT_TRUE(pool.Post([due] {
      while (std::chrono::steady_clock::now() < due) {
      }
    }));
    done.get_future().wait();
  }
}

TEST(ThreadPool, StopDoesNotWaitForLateTimes) {
  int runs = 0;
  ThreadPool pool(1, 10);
  ASSERT_TRUE(pool.PostAfter(std::chrono::hours(1), [&] { ++runs; }));
  pool.Stop();
  EXPECT_EQ(runs, 1);
}

TEST(ThreadPool, StopDrainsTheQueueAndTakesNoMore) {
  Gate gate;
  int runs = 0;
  ThreadPool pool(1, 100);
  ASSERT_TRUE(pool.Post(gate.Hold()));
  gate.begun.get_future().wait();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.Post([&] { ++runs; }));
  gate.open.set_value();
  pool.Stop();
  EXPECT_EQ(runs, 10);
  EXPECT_FALSE(pool.Post([] {}));
  pool.Stop();
}

TEST(ThreadPool, RunsOneThreadsTasksInOrder) {
  std::vector<int> order;
  ThreadPool pool(1, 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Post([&order, i] { order.push_back(i); }));
  pool.Stop();
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPool, NeverRunsATaskInsideTheCallThatPostsIt) {
  std::promise<std::thread::id> ran_on;
  ThreadPool pool(2, 10);
  ASSERT_TRUE(pool.Post([&] { ran_on.set_value(std::this_thread::get_id()); }));
  EXPECT_NE(ran_on.get_future().get(), std::this_thread::get_id());
}

TEST(ThreadPool, MakesAThreadOnlyWhenThereIsSomethingToDo) {
  auto threads = [] {
    std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
  };
  const auto before = threads();
  ThreadPool pool(50, 10);
  EXPECT_EQ(threads(), before);
  for (int i = 0; i < 20; ++i) {
    std::promise<void> done;
    ASSERT_TRUE(pool.Post([&] { done.set_value(); }));
    done.get_future().wait();
  }
  EXPECT_GT(threads(), before);
  EXPECT_LE(threads(), before + 20);
}

TEST(ThreadPool, TakesATaskForEachFreeThreadBeforeAnyHasBegun) {
  std::vector<Gate> gates(3);
  ThreadPool pool(3, 0);
  for (auto& gate : gates) EXPECT_TRUE(pool.Post(gate.Hold()));
  EXPECT_FALSE(pool.Post([] { ADD_FAILURE() << "a refused task ran"; }));
  for (auto& gate : gates) gate.begun.get_future().wait();
  EXPECT_FALSE(pool.Post([] { ADD_FAILURE() << "a refused task ran"; }));
  for (auto& gate : gates) gate.open.set_value();
}

TEST(ThreadPool, UsesAllItsThreads) {
  Gate first;
  Gate second;
  ThreadPool pool(2, 10);
  ASSERT_TRUE(pool.Post(first.Hold()));
  ASSERT_TRUE(pool.Post(second.Hold()));
  first.begun.get_future().wait();
  second.begun.get_future().wait();  // both are held at once
  first.open.set_value();
  second.open.set_value();
}

}  // namespace
}  // namespace crm
