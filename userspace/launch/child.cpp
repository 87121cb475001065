// SPDX-License-Identifier: Apache-2.0
#include "launch/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.hpp"
#include "base/pidfd.hpp"
#include "base/text.hpp"
#include "launch/child_setup.hpp"

namespace triptych::launch {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Nothing when the child ended, or called exec, without a word.
std::optional<ChildReport> read_report(int fd) {
  ChildReport report{};
  ssize_t count = 0;
  do {
    count = ::read(fd, &report, sizeof(report));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(report)) return std::nullopt;
  return report;
}

}  // namespace

Result<std::optional<Child>> Child::fork(const Command& command, const Signals& signals,
                                         ExecErrno& not_runnable) {
  TRIPTYCH_CHECK(!command.argv.empty());
  not_runnable = 0;
  TRIPTYCH_TRY_ASSIGN(Pipe go, make_pipe());
  TRIPTYCH_TRY_ASSIGN(Pipe report, make_pipe());
  const pid_t tid = ::fork();
  if (tid < 0) return fail_errno("cannot start another process", errno);
  if (tid == 0) {
    // An inherited writing end would keep the child waiting for ever if we are killed.
    go.write_end.reset();
    run_child(command, signals, go.read_end.get(), report.write_end.get());
  }

  Child child;
  child.tid_ = tid;
  child.go_ = std::move(go.write_end);
  child.report_ = std::move(report.read_end);
  report.write_end.reset();
  child.pidfd_.reset(pidfd_open(tid));
  if (!child.pidfd_) return fail_errno("cannot watch the command", errno);

  const std::optional<ChildReport> ready = read_report(child.report_.get());
  if (!ready) return fail("the command was killed before it began");
  switch (ready->stage) {
    case ChildReport::Stage::kReady:
      return std::optional<Child>(std::move(child));
    case ChildReport::Stage::kRights:
      return fail_errno(fmt::format("cannot become {}", escape(command.become->name)),
                        ready->errno_value);
    case ChildReport::Stage::kProgram:
    case ChildReport::Stage::kExec:
      break;
  }
  not_runnable = ready->errno_value;
  return std::optional<Child>();
}

Child::~Child() {
  if (tid_ < 0 || started_ || !pidfd_) return;
  go_.reset();
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 &&
         errno == EINTR) {
  }
}

Result<Child::ExecErrno> Child::start() {
  const char byte = 1;
  if (::write(go_.get(), &byte, 1) != 1) return fail("the command was killed before it began");
  started_ = true;
  go_.reset();
  const std::optional<ChildReport> failed = read_report(report_.get());
  report_.reset();
  return failed ? failed->errno_value : 0;
}

void Child::send(int signal_number) const {
  pidfd_send_signal(pidfd_.get(), signal_number);
}

std::optional<int> Child::try_wait() {
  if (wait_status_) return wait_status_;
  int status = 0;
  // Nobody else waits for children here, so the number is still this child's.
  if (::waitpid(tid_, &status, WNOHANG) == tid_) wait_status_ = status;
  return wait_status_;
}

int exit_status_of_wait(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace triptych::launch
