// SPDX-License-Identifier: Apache-2.0
//
// The table of our BPF programs and of the kernel's hooks that they sit on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace triptych::probe {

enum class HookKind : std::uint8_t {
  kRawTracepoint,      // tp_btf
  kSyscallTracepoint,  // tracepoint/syscalls/…, through a perf event
  kMinorFaults,        // software perf event on each CPU, period 1
  kMajorFaults,
  kCpuClock,       // software perf event on each CPU, at a frequency
  kFunctionEntry,  // fentry
  kFunctionExit,   // fexit
  kTaskWalk,       // iter/task
  // Many places of a program's file; which, is known only when it is.
  kUserProbes,
  kSingleUserProbes,  // the same, each by an event of its own
};

struct Hook {
  std::string_view program;  // name in the skeleton
  HookKind kind;
  std::string_view target;  // tracepoint, system call or function
};

std::span<const Hook> all_hooks();

// "tp_btf/sched_switch", "tracepoint/syscalls/sys_enter_clone", "perf_event/page-faults-min", …
std::string name_of(const Hook& hook);

// What the program sits on; of several, what is preferred.
const Hook* find_hook(std::string_view program);

// Of a program that sits on places of a program's file: how it does so one by one.
const Hook* find_single_hook(std::string_view program);

}  // namespace triptych::probe
