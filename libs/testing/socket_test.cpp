#include "libs/testing/socket.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>

namespace crm::test {
namespace {

// Of ten thousand: by chance alone some would be the same.
constexpr size_t kMany = 300;

using Ports = std::array<int, kMany>;

Ports Take() {
  Ports ports;
  for (int& port : ports) port = FreePort();
  return ports;
}

TEST(FreePort, GivesNoPortTwice) {
  const Ports ports = Take();
  EXPECT_EQ(std::set(ports.begin(), ports.end()).size(), kMany);
}

TEST(FreePort, GivesNoPortThatAnotherProcessHasBeenGiven) {
  std::array<int, 2> taken{}, end{};
  ASSERT_EQ(pipe(taken.data()) + pipe(end.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(end[1]);
    const Ports theirs = Take();
    bool told = write(taken[1], theirs.data(), sizeof theirs) == sizeof theirs;
    char none = 0;
    _exit(told && read(end[0], &none, 1) == 0 ? 0 : 1);
  }
  Ports theirs{};
  ASSERT_EQ(read(taken[0], theirs.data(), sizeof theirs), sizeof theirs);
  std::set<int> all(theirs.begin(), theirs.end());
  for (int port : Take()) all.insert(port);
  EXPECT_EQ(all.size(), 2 * kMany);
  close(end[1]);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace crm::test
