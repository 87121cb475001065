// SPDX-License-Identifier: Apache-2.0
//
// A program that is already running.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::launch {

class Process {
 public:
  // `tgid` as the caller sees it. Refused: one that does not exist or has ended, a thread that is
  // not its process's first, kernel threads, ourselves, and any process when we live in a pid
  // namespace of our own, since the probes know processes by their numbers in the initial one.
  static Result<Process> open(pid_t tgid);

  [[nodiscard]] pid_t tgid() const { return tgid_; }
  // As /proc had them: what it is called, and what it was started with (or says that it was).
  [[nodiscard]] const std::string& comm() const { return comm_; }
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable once the process has ended

 private:
  Process() = default;
  pid_t tgid_ = 0;
  std::string comm_;
  std::vector<std::string> arguments_;
  UniqueFd pidfd_;
};

// Whether our process numbers are those of the initial pid namespace.
bool in_initial_pid_namespace();

}  // namespace triptych::launch
