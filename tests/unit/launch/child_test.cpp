// SPDX-License-Identifier: Apache-2.0
#include "launch/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>

#include "support/temporary_directory.hpp"

namespace triptych::launch {
namespace {

class ChildTest : public testing::Test {
 protected:
  void SetUp() override {
    auto taken = Signals::take_over();
    ASSERT_TRUE(taken);
    signals_.emplace(std::move(*taken));
  }

  // The child of `argv`, which must be runnable.
  Child fork(std::vector<std::string> argv, std::optional<User> become = {}) {
    int not_runnable = -1;
    auto child = Child::fork({std::move(argv), std::move(become)}, *signals_, not_runnable);
    EXPECT_TRUE(child) << child.error().message;
    EXPECT_EQ(not_runnable, 0);
    return std::move(**child);
  }

  static int wait_for(Child& child) {
    pollfd ended{child.pidfd(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
    return child.try_wait().value_or(-1);
  }

  std::string read(const std::string& name) const {
    std::ifstream file(directory_.path() + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  test::TemporaryDirectory directory_;
  std::optional<Signals> signals_;
};

TEST_F(ChildTest, WaitsUntilItIsStarted) {
  const std::string file = directory_.path() + "/ran";
  Child child = fork({"touch", file});
  ::usleep(50'000);
  EXPECT_NE(::access(file.c_str(), F_OK), 0);
  EXPECT_FALSE(child.try_wait());
  const auto started = child.start();
  ASSERT_TRUE(started);
  EXPECT_EQ(*started, 0);
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(::access(file.c_str(), F_OK), 0);
}

TEST_F(ChildTest, NeverRunsWhenItIsNotStarted) {
  const std::string file = directory_.path() + "/ran";
  pid_t tid = 0;
  {
    const Child child = fork({"touch", file});
    tid = child.tid();
  }
  EXPECT_NE(::access(file.c_str(), F_OK), 0);
  EXPECT_EQ(::kill(tid, 0), -1);  // gone and reaped
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ChildTest, TellsItsStatus) {
  Child exits = fork({"sh", "-c", "exit 7"});
  ASSERT_TRUE(exits.start());
  EXPECT_EQ(exit_status_of_wait(wait_for(exits)), 7);
  Child dies = fork({"sh", "-c", "kill -KILL $$"});
  ASSERT_TRUE(dies.start());
  EXPECT_EQ(exit_status_of_wait(wait_for(dies)), 128 + SIGKILL);
}

TEST_F(ChildTest, GetsSignalsThatArePassedOn) {
  Child child = fork({"sleep", "100"});
  ASSERT_TRUE(child.start());
  child.send(SIGTERM);
  const int status = wait_for(child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  child.send(SIGTERM);  // too late, harmless
}

TEST_F(ChildTest, SaysWhyItCannotRunBeforeItIsStarted) {
  int not_runnable = 0;
  auto missing = Child::fork({{"no-such-program-anywhere"}, {}}, *signals_, not_runnable);
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  EXPECT_EQ(not_runnable, ENOENT);
  auto directory = Child::fork({{"/"}, {}}, *signals_, not_runnable);
  ASSERT_TRUE(directory);
  EXPECT_FALSE(*directory);
  EXPECT_EQ(not_runnable, EACCES);
}

TEST_F(ChildTest, SaysThatExecFailed) {
  const std::string script = directory_.path() + "/script";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  Child child = fork({script});
  const auto started = child.start();
  ASSERT_TRUE(started);
  EXPECT_EQ(*started, ENOENT);
}

TEST_F(ChildTest, RunsFilesWithoutInterpreterLineAsAShellDoes) {
  const std::string script = directory_.path() + "/script";
  std::ofstream(script) << "exit 9\n";
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  Child child = fork({script});
  ASSERT_TRUE(child.start());
  EXPECT_EQ(exit_status_of_wait(wait_for(child)), 9);
}

TEST_F(ChildTest, InheritsSignalsAsTheyWereBeforeUs) {
  const std::string file = directory_.path() + "/status";
  Child child = fork({"cp", "/proc/self/status", file});
  ASSERT_TRUE(child.start());
  ASSERT_EQ(wait_for(child), 0);
  const std::string status = read("status");
  EXPECT_NE(status.find("SigBlk:\t0000000000000000"), std::string::npos) << status;
  // SIGPIPE is 13, SIGXFSZ 25: neither is ignored.
  const std::size_t at = status.find("SigIgn:\t");
  ASSERT_NE(at, std::string::npos);
  const unsigned long ignored = std::stoul(status.substr(at + 8, 16), nullptr, 16);
  EXPECT_EQ(ignored & ((1ul << 12) | (1ul << 24)), 0u);
}

TEST_F(ChildTest, KeepsDescriptorsThatItShouldInheritAndNoOthers) {
  const int inherited = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(inherited, 0);
  std::set<int> expected;  // what any program started from here inherits
  for (int fd = 0; fd < 1024; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) expected.insert(fd);
  }
  ASSERT_EQ(expected.count(inherited), 1u);
  int lowest = 0;  // ls opens the directory
  while (expected.count(lowest) != 0) ++lowest;
  expected.insert(lowest);
  const std::string file = directory_.path() + "/fds";
  Child child = fork({"sh", "-c", "exec ls /proc/self/fd >\"$0\"", file});
  ASSERT_TRUE(child.start());
  ASSERT_EQ(wait_for(child), 0);
  ::close(inherited);
  std::set<int> found;
  std::stringstream numbers(read("fds"));
  for (int number = 0; numbers >> number;) found.insert(number);
  EXPECT_EQ(found, expected);
}

TEST_F(ChildTest, BecomesTheUserEntirely) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  User user;
  user.uid = 54321;
  user.gid = 65432;
  user.groups = {65432, 7777};
  user.name = "somebody";
  user.home = "/somewhere";
  user.shell = "/bin/sh";
  ::setenv("SUDO_USER", "somebody", 1);
  const std::string file = directory_.path() + "/who";
  Child child = fork({"sh", "-c",
                      "{ id -u; id -g; id -G; echo $HOME $USER $LOGNAME $SHELL ${SUDO_USER-none}; "
                      "grep CapEff /proc/self/status; } >\"$0\"",
                      file},
                     user);
  ::unsetenv("SUDO_USER");
  ASSERT_TRUE(child.start());
  ASSERT_EQ(wait_for(child), 0);
  EXPECT_EQ(read("who"),
            "54321\n65432\n65432 7777\n/somewhere somebody somebody /bin/sh none\n"
            "CapEff:\t0000000000000000\n");
}

}  // namespace
}  // namespace triptych::launch
