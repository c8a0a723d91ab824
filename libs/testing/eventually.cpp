#include "libs/testing/eventually.h"

#include <algorithm>
#include <thread>

namespace crm::test {

::testing::AssertionResult Eventually(const std::function<bool()>& condition,
                                      std::chrono::milliseconds patience) {
  using Steady = std::chrono::steady_clock;
  const auto end = Steady::now() + patience;
  for (std::chrono::milliseconds pause{1};;
       pause = std::min(pause * 2, std::chrono::milliseconds{25})) {
    if (condition()) return ::testing::AssertionSuccess();
    if (Steady::now() >= end) {
      return ::testing::AssertionFailure()
             << "the condition was still false after " << patience.count() << " ms";
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace crm::test
