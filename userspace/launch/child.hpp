// SPDX-License-Identifier: Apache-2.0
//
// A command that is about to run: forked, with the rights it will have, and waiting. So probes can
// be pointed at it before its first instruction. It stays in our process group, so that the keys of
// the terminal reach it, and it outlives us if we are killed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "launch/signals.hpp"
#include "launch/user.hpp"

namespace triptych::launch {

struct Command {
  std::vector<std::string> argv;                                   // not empty
  std::optional<User> become;                                      // nothing changes without
  std::vector<std::pair<std::string, std::string>> environment{};  // set for it
};

class Child {
 public:
  // errno of what stopped the command from running; 0 when it runs.
  using ExecErrno = int;

  // Forks. The child takes the user's rights, looks for the program and waits. An ExecErrno other
  // than 0 in `not_runnable` says that the program is not there or not executable, as start()
  // would; there is no child then.
  static Result<std::optional<Child>> fork(const Command& command, const Signals& signals,
                                           ExecErrno& not_runnable);

  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  ~Child();  // a child that was not started is ended; one that was started is left alone

  [[nodiscard]] pid_t tid() const { return tid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable once the child has ended

  // Lets the child call exec and returns when it has, or could not.
  Result<ExecErrno> start();

  // Passes a signal on. A child that has ended does not mind.
  void send(int signal_number) const;

  // The child's status as wait(2) encodes it, once it has ended; does not block. Reaps it.
  std::optional<int> try_wait();

 private:
  Child() = default;

  pid_t tid_ = -1;
  UniqueFd pidfd_;
  UniqueFd go_;      // a byte written here lets the child go on; end of file makes it give up
  UniqueFd report_;  // the child writes an errno here; exec closes it
  bool started_ = false;
  std::optional<int> wait_status_;
};

// The exit status that stands for a status of wait(2): the command's own, or 128 + signal.
int exit_status_of_wait(int wait_status);

}  // namespace triptych::launch
