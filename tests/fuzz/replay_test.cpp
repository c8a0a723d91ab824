// Every input of the target's corpus, among them all that ever broke it, and each of them cut
// short.
#include <gtest/gtest.h>

#include <google/protobuf/stubs/logging.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.h"

namespace crm::fuzz {
namespace {

TEST(Corpus, IsTakenWithoutABrokenPromise) {
  google::protobuf::SetLogHandler(nullptr);
  TakeInput("");
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/" CRM_TARGET)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    SCOPED_TRACE(entry.path().string());
    TakeInput(input);
    TakeInput(std::string_view(input).substr(0, input.size() / 2));
    ++inputs;
  }
  EXPECT_GE(inputs, 5) << "the corpus is missing";
}

TEST(CorpusDeathTest, EndsTheProcessWhereAPromiseIsBroken) {
  EXPECT_DEATH(Expect(false, "it is so"), "BROKEN PROMISE: it is so");
}

}  // namespace
}  // namespace crm::fuzz
