// Waiting for what another thread or process does, without sleeps in tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace crm::test {

// Generous, because it is only used up by a test that fails.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(30);

// Asks `condition` again and again, with pauses that grow from 1 to 25 ms, until it is true or
// `patience` is over:
//   EXPECT_TRUE(Eventually([&] { return inbox.size() == 3; }));
// The condition runs in the caller's thread; what it reads must be safe to read.
::testing::AssertionResult Eventually(const std::function<bool()>& condition,
                                      std::chrono::milliseconds patience = kPatience);

}  // namespace crm::test
