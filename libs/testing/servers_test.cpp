#include "libs/testing/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <thread>

#include "libs/testing/eventually.h"

namespace crm::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::ThrowsMessage;

// Sets a variable of the environment and puts the old value back.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value, 1);
  }
  ~ScopedVariable() { setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

TEST(Servers, AddressesComeFromTheEnvironment) {
  ScopedVariable pg("CRM_TEST_PG", "postgres://crm@127.0.0.1:1/postgres");
  ScopedVariable redis("CRM_TEST_REDIS", "127.0.0.1:2");
  ScopedVariable kafka("CRM_TEST_KAFKA", "127.0.0.1:3");
  EXPECT_EQ(PostgresDsn(), "postgres://crm@127.0.0.1:1/postgres");
  EXPECT_EQ(RedisAddress(), "127.0.0.1:2");
  EXPECT_EQ(KafkaAddress(), "127.0.0.1:3");
}

TEST(Servers, MissingAddressFailsTheTestAndSaysHowToRunIt) {
  ScopedVariable pg("CRM_TEST_PG", "");
  EXPECT_THAT([] { PostgresDsn(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("run the tests through tools/dev test")));
}

TEST(Servers, UniqueNamesDifferAndAreIdentifiers) {
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) names.insert(UniqueName("leads"));
  EXPECT_EQ(names.size(), 1000u);
  EXPECT_THAT(*names.begin(), MatchesRegex("leads_[0-9a-f]{16}"));
  EXPECT_THAT(KafkaTopicPrefix(), MatchesRegex("t[0-9a-f]{16}\\."));
}

TEST(Eventually, SucceedsAsSoonAsAnotherThreadMakesTheConditionTrue) {
  std::atomic<bool> done = false;
  std::atomic<int> asked = 0;
  std::jthread other([&] {
    while (asked < 3) std::this_thread::yield();
    done = true;
  });
  EXPECT_TRUE(Eventually([&] {
    ++asked;
    return done.load();
  }));
  EXPECT_GE(asked, 3);
}

TEST(Eventually, FailsWithTheTimeItWaited) {
  const auto result = Eventually([] { return false; }, std::chrono::milliseconds{5});
  EXPECT_FALSE(result);
  EXPECT_STREQ(result.message(), "the condition was still false after 5 ms");
}

}  // namespace
}  // namespace crm::test
