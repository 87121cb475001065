// SPDX-License-Identifier: Apache-2.0
//
// Runs a program to its end and keeps what it says.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "launch/user.hpp"

namespace triptych::compare {

struct ChildOutput {
  int exit_status = 0;  // or 128 + signal
  bool timed_out = false;
  std::string out;  // at most 8 MiB
  std::string err;  // at most 64 KiB
  std::uint64_t wall_ns = 0;
};

struct ChildHelp {
  // Where there is one, called with the child's process id while it waits to call exec.
  std::function<void(pid_t)> before_exec;
  // Whether it may have the kernel's memory statistics refreshed by us.
  bool refreshes_statistics = false;
};

// `argv` is started without a shell, with nothing on its standard input. It gets SIGTERM when we
// end before it, and SIGKILL when the time is over.
Result<ChildOutput> run_child(const std::vector<std::string>& argv,
                              const std::optional<launch::User>& become, std::uint64_t timeout_ns,
                              const ChildHelp& help = {});

// "error: …" and "hint: …" of a program of ours that failed, as an Error; what it said otherwise.
Error error_of(const ChildOutput& output, const std::string& what);

}  // namespace triptych::compare
