// SPDX-License-Identifier: Apache-2.0
//
// Which programs to attach: a pure function of what the kernel allows and what was asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/metadata.hpp"
#include "probe/capabilities.hpp"

namespace triptych::probe {

// What a user asks for with --events. Task creation, exec, exit, renames and marks are the frame of
// every other event, so they are always recorded; `fork` adds the duration of the call.
struct EventSet {
  bool switches = true;
  bool wakeups = true;
  bool faults = true;
  bool fork = true;
  bool exec = true;
  bool exit = true;
};

// "switch,wakeup,fault,fork,exec,exit"; an unknown name is an error that lists the known ones.
Result<EventSet> parse_event_set(std::string_view text);

// Which events have the stacks of their tasks with them.
struct StackSet {
  bool on_cpu = false;  // samples, taken in a steady beat
  bool off_cpu = false;
  bool wakeup = false;
  bool fault = false;
  bool cow = false;  // of the faults, those that may copy
  bool fork = false;
  bool kernel = false;  // also the kernel's frames where unwinding them is what costs most
  // Of the user's: this much memory from the stack pointer on, to be unwound afterwards; 0: the
  // frames that the frame pointer leads to.
  std::uint32_t copied_bytes = 0;
  [[nodiscard]] bool any() const { return on_cpu || off_cpu || wakeup || fault || cow || fork; }
};

// "on-cpu,off-cpu,wakeup,fault,cow,fork"; an unknown name is an error that lists the known ones.
Result<StackSet> parse_stack_set(std::string_view text);

// How programs sit on places of a program's file.
enum class UserProbeWay : std::uint8_t {
  kTogether,  // all places of a file come and go at once
  kOneByOne,  // what kernels before 6.6 have
};

// All `programs` do it in the same way; the error is a refusal of what they need in the better one,
// and in the other.
Result<UserProbeWay> user_probe_way(const Capabilities& capabilities,
                                    const std::vector<std::string>& programs);

struct PlanRequest {
  EventSet events;
  bool summary_only = false;
  bool launched = false;  // a command that is yet to be started: nothing runs that is to be found
  std::vector<std::string> coroutine_programs{};  // that see coroutines in the targets' own code
  StackSet stacks{};
};

struct AttachPlan {
  std::vector<std::string> programs;  // names of BPF programs to load and attach
  std::vector<model::PlannedEvent>
      events;        // what is recorded how; shown by doctor, kept in the trace
  std::string tier;  // "base" or "full"
  std::int64_t preempt_count_distance = 0;  // see percpu.hpp
  bool record_switches = true;              // false: only the last switch of a task is looked at
  bool record_wakeups = true;
  StackSet stacks;
  bool count_faults = true;  // by a counting event beside the records, for the audit
  UserProbeWay user_probes = UserProbeWay::kTogether;
};

// Fails when what was asked for cannot be recorded on this kernel at all.
Result<AttachPlan> make_attach_plan(const Capabilities& capabilities, const PlanRequest& request);

}  // namespace triptych::probe
