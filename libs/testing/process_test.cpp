#include "libs/testing/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "libs/testing/eventually.h"
#include "libs/testing/servers.h"

namespace crm::test {
namespace {

ProcessOptions Shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

// 'Z' of a process that ended and is not yet buried, '\0' of none.
char StateOf(const std::string& pid) {
  std::string text;
  std::getline(std::ifstream("/proc/" + pid + "/stat"), text);
  const size_t end = text.rfind(')');
  return end == std::string::npos ? '\0' : text[end + 2];
}

TEST(Process, ReportsTheExitCodeAndWhatWasWritten) {
  Process process(Shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(process.Wait(kPatience), 3);
  EXPECT_FALSE(process.running());
  EXPECT_EQ(process.Log(), "out\nerr\n");
}

TEST(Process, RunsWithTheGivenEnvironmentAndDirectory) {
  setenv("CRM_PROCESS_TEST", "old", 1);
  ProcessOptions options = Shell("echo $CRM_PROCESS_TEST $CRM_MORE $HOME; pwd");
  options.env = {{"CRM_PROCESS_TEST", "new"}, {"CRM_MORE", "more"}};
  options.directory = "/usr";
  Process process(options);
  EXPECT_EQ(process.Wait(kPatience), 0);
  const char* home = std::getenv("HOME");
  EXPECT_EQ(process.Log(),
            "new more" + (home == nullptr ? "" : " " + std::string(home)) + "\n/usr\n");
}

TEST(Process, AppendsToTheLogOfAnEarlierRun) {
  ProcessOptions options = Shell("echo run");
  options.log = std::filesystem::temp_directory_path() / UniqueName("log");
  Process(options).Wait(kPatience);
  {
    Process again(options);
    again.Wait(kPatience);
    EXPECT_EQ(again.Log(), "run\nrun\n");
  }
  EXPECT_TRUE(std::filesystem::remove(options.log));
}

TEST(Process, SaysThatAProgramCannotBeStarted) {
  EXPECT_THROW(Process({.argv = {"/no/such/program"}}), std::runtime_error);
  EXPECT_THROW(Process({.argv = {"true"}, .directory = "/no/such/folder"}), std::runtime_error);
}

TEST(Process, TerminatesInItsOwnWay) {
  Process process(Shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done"));
  ASSERT_TRUE(process.WaitForLog("ready", kPatience));
  EXPECT_EQ(process.Wait(std::chrono::milliseconds(0)), std::nullopt);
  process.Terminate();
  EXPECT_EQ(process.Wait(kPatience), 7);
  EXPECT_EQ(process.Log(), "ready\nbye\n");
}

TEST(Process, StandsStillWhilePausedAndCanBeKilledThen) {
  Process process({.argv = {"sleep", "1000"}});
  const std::string pid = std::to_string(process.pid());
  process.Pause();
  EXPECT_EQ(StateOf(pid), 'T');
  process.Continue();
  EXPECT_TRUE(Eventually([&] { return StateOf(pid) == 'S'; }));
  process.Pause();
  process.Kill();
  EXPECT_EQ(process.Wait(kPatience), 128 + SIGKILL);
  process.Signal(SIGTERM);
}

TEST(Process, TakesItsOwnChildrenAlong) {
  Process process(Shell("sleep 1000 & echo child $!.; wait"));
  ASSERT_TRUE(process.WaitForLog(".", kPatience));
  const std::string log = process.Log();
  const std::string child = log.substr(6, log.find('.') - 6);
  EXPECT_TRUE(StateOf(child) != '\0' && StateOf(child) != 'Z');
  process.Kill();
  EXPECT_TRUE(Eventually([&] { return StateOf(child) == '\0' || StateOf(child) == 'Z'; }));
}

TEST(Process, StopsWaitingForTextWhenTheChildHasEnded) {
  Process process(Shell("echo something else"));
  EXPECT_FALSE(process.WaitForLog("text", kPatience));
  EXPECT_TRUE(process.WaitForLog("else", kPatience));
}

TEST(Process, EndsWithTheThreadThatStartedIt) {
  std::unique_ptr<Process> process;
  std::thread([&] {
    process = std::make_unique<Process>(ProcessOptions{.argv = {"sleep", "1000"}});
  }).join();
  EXPECT_EQ(process->Wait(kPatience), 128 + SIGKILL);
}

}  // namespace
}  // namespace crm::test
