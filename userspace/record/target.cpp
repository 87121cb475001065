// SPDX-License-Identifier: Apache-2.0
#include "record/target.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <triptych/coroutine_memory.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

tl::unexpected<Failure> own_failure(Error error) {
  return tl::unexpected<Failure>(Failure{std::move(error), kOwnFailure});
}

tl::unexpected<Failure> cannot_run(const std::string& program, int errno_value) {
  std::string hint;
  if (errno_value == ENOENT && program.find('/') != std::string::npos) {
    hint = "the file, or the interpreter that its first line names, does not exist";
  } else if (errno_value == ENOENT && std::getenv("SUDO_UID") != nullptr) {
    hint = "sudo replaces PATH: give the whole path of the program";
  } else if (errno_value == ENOENT) {
    hint = "no directory of PATH has a program of this name";
  } else if (errno_value == EACCES) {
    hint = "is it a program, and may the user it runs as execute it?";
  }
  Failure failure{system_error(fmt::format("cannot run {}", quote(program)), errno_value, hint),
                  launch::exit_status_of_exec_error(errno_value)};
  return tl::unexpected<Failure>(std::move(failure));
}

}  // namespace

Outcome<Target> Target::prepare(const Options& options, const launch::User& caller,
                                const launch::Signals& signals, const std::string& coroutines) {
  Target target;
  target.kind_ = options.kind;
  if (options.kind == model::TargetKind::kCommand) {
    const auto prepared = target.prepare_command(options, caller, signals, coroutines);
    if (!prepared) return tl::unexpected<Failure>(prepared.error());
  } else if (options.kind == model::TargetKind::kProcess) {
    Result<launch::Process> process = launch::Process::open(options.process);
    if (!process) return own_failure(std::move(process.error()));
    target.process_.emplace(std::move(*process));
  } else if (!launch::in_initial_pid_namespace()) {
    return own_failure({ErrorCode::kFailed,
                        "the whole machine cannot be seen from this pid namespace",
                        "run triptych on the host"});
  }
  return target;
}

Outcome<void> Target::prepare_command(const Options& options, const launch::User& caller,
                                      const launch::Signals& signals,
                                      const std::string& coroutines) {
  user_ = caller;
  if (!options.user.empty()) {
    Result<launch::User> named = launch::user_by_name(options.user);
    if (!named) return own_failure(std::move(named.error()));
    user_ = std::move(*named);
  }
  command_ = options.command;
  launch::Command command{options.command, std::nullopt, {}};
  if (!coroutines.empty()) command.environment = {{TRIPTYCH_CORO_ENVIRONMENT, coroutines}};
  if (user_.uid != ::geteuid() || !options.user.empty()) command.become = user_;
  int not_runnable = 0;
  auto child = launch::Child::fork(command, signals, not_runnable);
  if (!child) return own_failure(std::move(child.error()));
  if (not_runnable != 0) return cannot_run(command_.front(), not_runnable);
  child_.emplace(std::move(**child));
  return {};
}

Result<void> Target::track(probe::Session& session) const {
  if (child_) return session.track_launched(child_->tid());
  if (!process_) return session.track_machine(::getpid());
  Result<void> tracked = session.track_process(process_->tgid());
  pollfd ended{process_->pidfd(), POLLIN, 0};
  if (::poll(&ended, 1, 0) == 1) {
    return fail(fmt::format("process {} ended before the recording began", process_->tgid()),
                "ps -e lists what runs");
  }
  return tracked;
}

Outcome<void> Target::start() {
  if (!child_) return {};
  const Result<int> exec_errno = child_->start();
  if (!exec_errno) return own_failure(exec_errno.error());
  if (*exec_errno != 0) return cannot_run(command_.front(), *exec_errno);
  return {};
}

model::Target Target::describe() const {
  model::Target target;
  target.kind = kind_;
  target.command = command_;
  target.tgid = tgid();
  if (process_) {
    target.comm = process_->comm();
    target.command = process_->arguments();
  }
  target.user = user_.name;
  return target;
}

model::Tid Target::tgid() const {
  if (child_) return child_->tid();
  return process_ ? process_->tgid() : 0;
}

int Target::ended_fd() const {
  if (child_) return child_->pidfd();
  return process_ ? process_->pidfd() : -1;
}

std::string Target::name() const {
  if (child_) return "the command";
  return process_ ? fmt::format("process {}", process_->tgid()) : "the machine";
}

}  // namespace triptych::record
