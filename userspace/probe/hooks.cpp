// SPDX-License-Identifier: Apache-2.0
#include "probe/hooks.hpp"

#include <algorithm>

namespace triptych::probe {
namespace {

constexpr Hook kHooks[] = {
    {"on_switch", HookKind::kRawTracepoint, "sched_switch"},
    {"on_waking", HookKind::kRawTracepoint, "sched_waking"},
    {"on_wakeup", HookKind::kRawTracepoint, "sched_wakeup"},
    {"on_wakeup_new", HookKind::kRawTracepoint, "sched_wakeup_new"},
    {"on_newtask", HookKind::kRawTracepoint, "task_newtask"},
    {"on_exec", HookKind::kRawTracepoint, "sched_process_exec"},
    {"on_rename", HookKind::kRawTracepoint, "task_rename"},
    {"on_exit", HookKind::kRawTracepoint, "sched_process_exit"},
    {"on_free", HookKind::kRawTracepoint, "sched_process_free"},
    {"on_fault_user", HookKind::kRawTracepoint, "page_fault_user"},
    {"on_fault_kernel", HookKind::kRawTracepoint, "page_fault_kernel"},
    {"on_page_alloc", HookKind::kRawTracepoint, "mm_page_alloc"},
    {"on_fault_minor", HookKind::kMinorFaults, "page-faults-min"},
    {"on_fault_major", HookKind::kMajorFaults, "page-faults-maj"},
    {"on_sample", HookKind::kCpuClock, "cpu-clock"},
    {"on_kernel_taken_start", HookKind::kFunctionEntry, "handle_mm_fault"},
    {"on_kernel_taken_end", HookKind::kFunctionExit, "handle_mm_fault"},
    {"on_clone_enter", HookKind::kSyscallTracepoint, "sys_enter_clone"},
    {"on_clone_exit", HookKind::kSyscallTracepoint, "sys_exit_clone"},
    {"on_clone3_enter", HookKind::kSyscallTracepoint, "sys_enter_clone3"},
    {"on_clone3_exit", HookKind::kSyscallTracepoint, "sys_exit_clone3"},
    {"on_fork_enter", HookKind::kSyscallTracepoint, "sys_enter_fork"},
    {"on_fork_exit", HookKind::kSyscallTracepoint, "sys_exit_fork"},
    {"on_vfork_enter", HookKind::kSyscallTracepoint, "sys_enter_vfork"},
    {"on_vfork_exit", HookKind::kSyscallTracepoint, "sys_exit_vfork"},
    {"on_kernel_clone_enter", HookKind::kFunctionEntry, "kernel_clone"},
    {"on_kernel_clone_exit", HookKind::kFunctionExit, "kernel_clone"},
    {"on_copy_page_range_enter", HookKind::kFunctionEntry, "copy_page_range"},
    {"on_copy_page_range_exit", HookKind::kFunctionExit, "copy_page_range"},
    {"on_walk", HookKind::kTaskWalk, "task"},
    {"on_coroutine_marker", HookKind::kUserProbes, "coroutine"},
    {"on_python_step", HookKind::kUserProbes, "python"},
    {"on_python_switch", HookKind::kRawTracepoint, "sched_switch"},
    {"on_cpp_coroutine", HookKind::kUserProbes, "coroutine_cpp"},
    {"on_context", HookKind::kUserProbes, "context"},
    {"on_greenlet", HookKind::kUserProbes, "greenlet"},
    {"on_coroutine_marker", HookKind::kSingleUserProbes, "coroutine"},
    {"on_python_step", HookKind::kSingleUserProbes, "python"},
    {"on_cpp_coroutine", HookKind::kSingleUserProbes, "coroutine_cpp"},
    {"on_context", HookKind::kSingleUserProbes, "context"},
    {"on_greenlet", HookKind::kSingleUserProbes, "greenlet"},
};

std::string_view prefix_of(HookKind kind) {
  switch (kind) {
    case HookKind::kRawTracepoint:
      return "tp_btf/";
    case HookKind::kSyscallTracepoint:
      return "tracepoint/syscalls/";
    case HookKind::kMinorFaults:
    case HookKind::kMajorFaults:
    case HookKind::kCpuClock:
      return "perf_event/";
    case HookKind::kFunctionEntry:
      return "fentry/";
    case HookKind::kFunctionExit:
      return "fexit/";
    case HookKind::kTaskWalk:
      return "iter/";
    case HookKind::kUserProbes:
      return "uprobe_multi/";
    case HookKind::kSingleUserProbes:
      return "uprobe/";
  }
  return "";
}

}  // namespace

std::span<const Hook> all_hooks() {
  return kHooks;
}

std::string name_of(const Hook& hook) {
  std::string name(prefix_of(hook.kind));
  name += hook.target;
  return name;
}

const Hook* find_hook(std::string_view program) {
  const auto* found = std::find_if(std::begin(kHooks), std::end(kHooks),
                                   [&](const Hook& hook) { return hook.program == program; });
  return found == std::end(kHooks) ? nullptr : found;
}

const Hook* find_single_hook(std::string_view program) {
  const auto* found = std::find_if(std::begin(kHooks), std::end(kHooks), [&](const Hook& hook) {
    return hook.program == program && hook.kind == HookKind::kSingleUserProbes;
  });
  return found == std::end(kHooks) ? nullptr : found;
}

}  // namespace triptych::probe
