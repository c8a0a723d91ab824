#include "libs/runtime/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crm::runtime {
namespace {

using ::testing::ElementsAre;

TEST(ParseArguments, UnderstandsEveryOptionInBothForms) {
  auto arguments = ParseArguments({"migrate", "--config", "crm.yaml", "--set=a.b=c=d", "--target",
                                   "leads,deals", "--set", "e=", "--print-config"});
  ASSERT_TRUE(arguments.ok()) << arguments.status().ToString();
  EXPECT_EQ(arguments->command, "migrate");
  EXPECT_EQ(arguments->config_file, "crm.yaml");
  EXPECT_THAT(arguments->sets, ElementsAre("a.b=c=d", "target=leads,deals", "e="));
  EXPECT_TRUE(arguments->print_config);
  EXPECT_FALSE(arguments->version || arguments->help);
  EXPECT_TRUE(ParseArguments({"--version"})->version);
  EXPECT_TRUE(ParseArguments({"-h"})->help);
  EXPECT_EQ(ParseArguments({"--config=x.yaml"})->config_file, "x.yaml");
  EXPECT_EQ(ParseArguments({})->command, "");
}

TEST(ParseArguments, NamesWhatIsWrong) {
  struct Row {
    std::vector<std::string> words;
    std::string message;
  };
  const Row rows[] = {
      {{"--confg", "x"}, "--confg is not an option; see --help."},
      {{"-x"}, "-x is not an option; see --help."},
      {{"--config"}, "--config needs a value; see --help."},
      {{"--version=1"}, "--version takes no value; see --help."},
      {{"migrate", "run"}, "run is a second command; see --help."},
  };
  for (const auto& row : rows) {
    auto arguments = ParseArguments(row.words);
    EXPECT_EQ(arguments.status().reason(), "ARGUMENT_INVALID");
    EXPECT_EQ(arguments.status().message(), row.message);
  }
}

}  // namespace
}  // namespace crm::runtime
