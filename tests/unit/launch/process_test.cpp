// SPDX-License-Identifier: Apache-2.0
#include "launch/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace triptych::launch {
namespace {

using testing::HasSubstr;

class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!in_initial_pid_namespace()) GTEST_SKIP() << "needs the initial pid namespace";
  }
};

TEST_F(ProcessTest, IsWatchedUntilItEnds) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto process = Process::open(child);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->tgid(), child);
  pollfd ended{process->pidfd(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);
  ::kill(child, SIGKILL);
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);

  const auto zombie = Process::open(child);
  ASSERT_FALSE(zombie);
  EXPECT_THAT(zombie.error().message, HasSubstr("has already ended"));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);

  const auto gone = Process::open(child);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message, "there is no process " + std::to_string(child));
}

TEST_F(ProcessTest, RefusesOurselves) {
  const auto process = Process::open(::getpid());
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message, "triptych cannot record itself");
}

TEST_F(ProcessTest, RefusesKernelThreads) {
  const auto process = Process::open(2);  // kthreadd
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message, "2 is a kernel thread, not a program");
}

TEST_F(ProcessTest, RefusesASingleThread) {
  std::atomic<pid_t> tid = 0;
  std::atomic<bool> done = false;
  std::thread thread([&] {
    tid = static_cast<pid_t>(::syscall(SYS_gettid));
    while (!done) std::this_thread::yield();
  });
  while (tid == 0) std::this_thread::yield();
  const auto process = Process::open(tid);
  done = true;
  thread.join();
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message,
            std::to_string(tid) + " is a thread of process " + std::to_string(::getpid()));
}

TEST_F(ProcessTest, RefusesNumbersThatNoProcessCanHave) {
  EXPECT_FALSE(Process::open(0));
  EXPECT_FALSE(Process::open(-1));
  EXPECT_FALSE(Process::open(1 << 30));
}

}  // namespace
}  // namespace triptych::launch
