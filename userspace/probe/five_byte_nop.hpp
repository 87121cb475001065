// SPDX-License-Identifier: Apache-2.0
//
// What this kernel does to a program that is probed on a nop of five bytes, found out by trying.
// There are kernels that turn the nop into a call of code which only the probed process has: a
// child that it forks dies of it, and the call overwrites what a function that calls nobody keeps
// below its stack pointer. Nothing of ours is ever probed on such a nop, whatever the answer is.
//
// What is probed is a piece of code in a file that only one process has mapped, a child of ours:
// nobody else can be hit. It is bounded in time, and nothing of it is left behind.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace triptych::probe {

struct FiveByteNop {
  bool rewritten = false;   // into something other than a breakpoint
  int child_killed_by = 0;  // the signal that ended a forked child at its first hit; 0: it lives
  bool below_stack_kept = true;  // what is kept below the stack pointer
  std::uint64_t hits = 0;        // of the probed process, which the kernel counted: all of them
};

// An error: it could not be tried, and why.
Result<FiveByteNop> try_five_byte_nop();

}  // namespace triptych::probe
