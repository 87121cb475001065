// SPDX-License-Identifier: Apache-2.0
//
// The recorder in processes that fork, sandbox themselves, or are killed: what was written stays,
// nobody writes into another's ring, and nobody dies of it.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "recorder_memory.hpp"
#include "support/sanitizers.hpp"

extern char** environ;

namespace triptych::coroutine_testing {
namespace {

const int kCode = 0;
constexpr std::uint64_t kRounds = 1000;

void switch_often(std::uint32_t function) {
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    triptych_coro_resume(7, function);
    triptych_coro_suspend(7, function);
  }
}

int wait_for(::pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

class Process : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(triptych_coro_available(), 1);
    function_ = triptych_coro_function(&kCode, "worker", 0);
    triptych_coro_resume(1, function_);  // this thread has its slot
    triptych_coro_suspend(1, function_);
    own_ = slot_of(static_cast<std::uint32_t>(::gettid()));
    ASSERT_LT(own_, TRIPTYCH_CORO_SLOTS);
    own_head_ = slot(own_).head;
    before_ = totals(function_);
  }
  // Nothing of a child's is in the parent's ring, all of it is in one of its own.
  void expect_child(std::uint32_t tid) {
    EXPECT_EQ(slot(own_).head, own_head_);
    std::uint32_t found = 0;
    for (std::uint32_t index = 0; index < header().slots_used; ++index) {
      if (index == own_ || slot(index).tid != tid) continue;
      ++found;
      EXPECT_EQ(slot(index).head - slot(index).claim_head, 1 + 2 * kRounds);
      slot(index).state = 0;  // as a recorder does for threads that ended
    }
    EXPECT_EQ(found, 1u);
    EXPECT_EQ(totals(function_).resumed - before_.resumed, kRounds);
  }
  const Armed armed_;
  std::uint32_t function_ = 0;
  std::uint32_t own_ = 0;
  std::uint64_t own_head_ = 0;
  triptych_coro_totals before_{};
};

TEST_F(Process, AForkedChildHasARingOfItsOwn) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    switch_often(function_);
    ::_exit(0);
  }
  EXPECT_EQ(wait_for(child), 0);
  expect_child(static_cast<std::uint32_t>(child));
}

TEST_F(Process, SoHasOneMadeBehindTheBackOfTheLibrary) {
  const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    // The C library has not noticed: it still has the parent's tid.
    switch_often(function_);
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  EXPECT_EQ(wait_for(static_cast<::pid_t>(child)), 0);
  EXPECT_EQ(slot(own_).head, own_head_);
  EXPECT_EQ(totals(function_).resumed - before_.resumed, kRounds);
  for (std::uint32_t index = 0; index < header().slots_used; ++index) {
    if (index != own_) slot(index).state = 0;
  }
}

TEST_F(Process, AChildOfAChildToo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const ::pid_t child = ::fork();
  if (child == 0) {
    triptych_coro_resume(3, 0);
    const ::pid_t grandchild = ::fork();
    if (grandchild == 0) {
      switch_often(function_);
      const ::pid_t own = ::getpid();
      ::_exit(::write(ends[1], &own, sizeof own) == sizeof own ? 0 : 1);
    }
    ::_exit(wait_for(grandchild) == 0 ? 0 : 1);
  }
  EXPECT_EQ(wait_for(child), 0);
  ::pid_t grandchild = 0;
  ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild),
            static_cast<ssize_t>(sizeof grandchild));
  const std::uint32_t child_slot = slot_of(static_cast<std::uint32_t>(child));
  ASSERT_LT(child_slot, TRIPTYCH_CORO_SLOTS);
  EXPECT_EQ(slot(child_slot).head - slot(child_slot).claim_head, 2u);
  slot(child_slot).state = 0;
  expect_child(static_cast<std::uint32_t>(grandchild));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Process, TheParentWritesOnAfterAFork) {
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  switch_often(function_);
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(slot(own_).head - own_head_, 2 * kRounds);
}

TEST_F(Process, ASpawnedProgramLeavesTheParentsRingAlone) {
  const char* arguments[] = {"/bin/true", nullptr};
  ::pid_t child = 0;  // posix_spawn: vfork and exec
  ASSERT_EQ(::posix_spawn(&child, arguments[0], nullptr, nullptr,
                          const_cast<char* const*>(arguments), environ),
            0);
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(slot(own_).head, own_head_);
  switch_often(function_);
  EXPECT_EQ(slot(own_).head - own_head_, 2 * kRounds);
}

// Everything but _exit ends the process.
bool close_sandbox() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog filter{std::size(program), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(Process, ASandboxThatForbidsEverythingIsNoObstacle) {
  if (test::kAddressSanitizer) return;  // its own system calls are forbidden too
  header().armed = 0;
  const ::pid_t child = ::fork();
  if (child == 0) {
    if (!close_sandbox()) ::_exit(1);
    // Armed from outside, first event of this process within the sandbox.
    header().armed_until = ~std::uint64_t{0};
    header().armed = 77;
    switch_often(function_);
    ::_exit(0);
  }
  EXPECT_EQ(wait_for(child), 0) << "a system call ended it";
  expect_child(static_cast<std::uint32_t>(child));
}

TEST_F(Process, WhatAKilledProcessWroteIsThere) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    switch_often(function_);
    ::kill(::getpid(), SIGKILL);
  }
  EXPECT_EQ(wait_for(child), SIGKILL);
  expect_child(static_cast<std::uint32_t>(child));
}

TEST_F(Process, LoadedLateItWorks) {
  const char* arguments[] = {TRIPTYCH_LOADS_LIBRARY, TRIPTYCH_COROUTINE_LIBRARY, nullptr};
  ::pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, arguments[0], nullptr, nullptr,
                          const_cast<char* const*>(arguments), environ),
            0);
  const int status = wait_for(child);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

}  // namespace
}  // namespace triptych::coroutine_testing
