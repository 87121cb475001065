// SPDX-License-Identifier: Apache-2.0
#include "launch/group_witness.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/proc_status.hpp"

namespace triptych::launch {
namespace {

// In the forked process: only what is async-signal-safe.
[[noreturn]] void be_witness(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it died before that
  ::prctl(PR_SET_NAME, "triptych-group", 0, 0, 0);
  // What others wait for the end of must not stay open here.
  ::syscall(SYS_close_range, 0u, ~0u, 0u);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  for (;;) ::pause();
}

std::uint64_t pending_signals(pid_t process) {
  return std::strtoull(proc_status(process, "ShdPnd").value_or("0").c_str(), nullptr, 16);
}

}  // namespace

GroupWitness::GroupWitness(GroupWitness&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

GroupWitness::~GroupWitness() {
  stop();
}

void GroupWitness::start() {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) be_witness(parent);
}

void GroupWitness::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::uint64_t GroupWitness::take(std::uint64_t wanted) {
  if (pid_ < 0) return 0;
  const std::uint64_t seen = pending_signals(pid_) & wanted;
  if (seen != 0) {  // what is pending stays so: only a new one has a clean slate
    stop();
    start();
  }
  return seen;
}

}  // namespace triptych::launch
