// SPDX-License-Identifier: Apache-2.0
//
// What happens in the forked child before exec.
#pragma once

#include "launch/child.hpp"

namespace triptych::launch {

// What the child says through its report pipe, in this order: that it is ready, or why not; then,
// after the go, only why exec failed.
struct ChildReport {
  enum class Stage : int { kReady, kRights, kProgram, kExec };
  Stage stage;
  int errno_value;
};

// Ends in exec or in _exit. `go` and `report` are the child's ends.
[[noreturn]] void run_child(const Command& command, const Signals& signals, int go, int report);

}  // namespace triptych::launch
