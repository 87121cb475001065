// SPDX-License-Identifier: Apache-2.0
#include "launch/signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace triptych::launch {
namespace {

TEST(Signals, ArriveAsData) {
  auto signals = Signals::take_over();
  ASSERT_TRUE(signals);
  EXPECT_FALSE(signals->next());
  ::kill(::getpid(), SIGINT);
  ::kill(::getpid(), SIGTERM);
  const auto first = signals->next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, SIGINT);
  EXPECT_FALSE(first->to_group);
  const auto second = signals->next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, SIGTERM);
  EXPECT_FALSE(signals->next());
}

TEST(Signals, AreGivenBack) {
  sigset_t before;
  ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &before), 0);
  struct sigaction pipe_before {};
  ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &pipe_before), 0);
  {
    auto signals = Signals::take_over();
    ASSERT_TRUE(signals);
    sigset_t during;
    ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &during), 0);
    EXPECT_EQ(::sigismember(&during, SIGINT), 1);
    EXPECT_EQ(::sigismember(&during, SIGQUIT), 1);
    EXPECT_EQ(::sigismember(&during, SIGHUP), 1);
    struct sigaction pipe_during {};
    ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &pipe_during), 0);
    EXPECT_EQ(pipe_during.sa_handler, SIG_IGN);
    ::kill(::getpid(), SIGTERM);  // taken, never read: does not end the program afterwards
  }
  sigset_t after;
  ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &after), 0);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    EXPECT_EQ(::sigismember(&after, number), ::sigismember(&before, number)) << number;
  }
  struct sigaction pipe_after {};
  ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &pipe_after), 0);
  EXPECT_EQ(pipe_after.sa_handler, pipe_before.sa_handler);
}

// In a process group of its own: the number of the first expectation that fails, or 0.
int tell_group_from_one() {
  if (::setpgid(0, 0) != 0) return 1;
  auto signals = Signals::take_over();
  if (!signals) return 2;
  signals->watch_group();
  for (int round = 0; round < 3; ++round) {
    ::kill(0, SIGTERM);
    ::kill(0, SIGINT);
    for (int i = 0; i < 2; ++i) {
      const auto to_all = signals->next();
      if (!to_all || !to_all->to_group) return 3;
    }
    ::kill(::getpid(), SIGTERM);
    const auto to_us = signals->next();
    if (!to_us || to_us->to_group) return 4;
    if (signals->next()) return 5;
  }
  return 0;
}

TEST(Signals, ThatCameToTheGroupAreToldFromThoseToUsAlone) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(tell_group_from_one());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Signals, LeaveAnIgnoredHangUpIgnored) {
  ASSERT_NE(::signal(SIGHUP, SIG_IGN), SIG_ERR);
  {
    auto signals = Signals::take_over();
    ASSERT_TRUE(signals);
    ::kill(::getpid(), SIGHUP);
    EXPECT_FALSE(signals->next());
  }
  ASSERT_NE(::signal(SIGHUP, SIG_DFL), SIG_ERR);
}

}  // namespace
}  // namespace triptych::launch
