#include "libs/testing/servers.h"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace crm::test {
namespace {

std::string Setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error(std::string(name) +
                             " is not set: run the tests through tools/dev test");
  }
  return value;
}

std::string RandomHex() {
  thread_local std::random_device device;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int word = 0; word < 2; ++word) {
    uint32_t bits = device();
    for (int i = 0; i < 8; ++i, bits >>= 4) text += kDigits[bits & 15];
  }
  return text;
}

}  // namespace

std::string PostgresDsn() {
  return Setting("CRM_TEST_PG");
}
std::string RedisAddress() {
  return Setting("CRM_TEST_REDIS");
}
std::string KafkaAddress() {
  return Setting("CRM_TEST_KAFKA");
}

std::string UniqueName(std::string_view stem) {
  return std::string(stem) + "_" + RandomHex();
}
std::string KafkaTopicPrefix() {
  return "t" + RandomHex() + ".";
}

}  // namespace crm::test
