// SPDX-License-Identifier: Apache-2.0
//
// What a task did from when to when, told as soon as it is certain. Those who determine it for the
// summary tell it in the same breath, so that the intervals of a task add up to its figures there:
// running, runnable, blocked and unknown to on_cpu_ns, runnable_ns, blocked_ns and unknown_ns, and
// each moment of its life is in one of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "analyze/stacks.hpp"
#include "analyze/summary.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

struct Running {
  std::uint16_t cpu = 0;
};

enum class RunnableWhy : std::uint8_t { kUntold, kWoken, kPreempted, kYielded };
std::string_view name_of(RunnableWhy why);  // "woken"; empty when no event tells

struct Runnable {
  RunnableWhy why = RunnableWhy::kUntold;
  bool interrupt = false;  // woke it
  model::TaskId by{};      // who woke it, or runs instead; kNoTask: an interrupt, or not known
  Stacks waker;            // where it was woken from
};

// Who woke a task, who had woken that one before, and so on, as it was known at the wakeup.
struct WakerChain {
  static constexpr std::size_t kLength = 4;
  std::array<model::TaskId, kLength> tasks{};  // up to the first kNoTask
  bool interrupt = false;                      // woke the last of them, or the task itself
};

struct Blocked {
  std::int32_t key = 0;                // the system call: see blocked_name
  const WakerChain* wakers = nullptr;  // null: no wakeup ended it
  Stacks stacks;
  Stacks waker;  // where it was woken from
};

struct Unknown {
  UnknownCause cause{};
};

// Of those that FaultCounts::total counts.
struct Faulted {
  const model::Fault* fault = nullptr;
  FaultKind kind{};
  std::uint16_t cpu = 0;           // on which it was completed
  std::uint64_t copied_bytes = 0;  // from a page that another address space shared
  model::TaskId fork{};            // the child of the fork that is charged; kNoTask: none is
  bool copied_by_child = false;    // as its part of the bill
  Stacks stacks;
};

struct Created {
  const Task* child = nullptr;
  model::TimeNs at_ns = 0;                          // the child came into being
  std::optional<std::uint64_t> page_table_copy_ns;  // part of the call
  Stacks stacks;                                    // of the creator
};

// It was on top of a thread: what it awaits or calls on the same thread is not part of it.
struct CoroutineStep {
  std::uint64_t number = 0;  // Coroutine::number
  const CoroutineFunction* function = nullptr;
  std::uint64_t address = 0;
  std::uint32_t space = 0;
};

// A moment, which stands for `period_ns` on a CPU: it has no length, and is part of a `Running`.
struct Sampled {
  Stacks stacks;
  std::uint64_t period_ns = 0;
  std::uint16_t cpu = 0;
  bool in_kernel = false;
};

using Doing =
    std::variant<Running, Runnable, Blocked, Unknown, Faulted, Created, CoroutineStep, Sampled>;

struct Interval {
  const Task* task = nullptr;  // as it is known by now; null: a thread of which nothing is known
  model::TimeNs begin_ns = 0;
  std::optional<model::TimeNs> end_ns;  // none: how long it took is not known
  // It was decided only when all losses had been told: later intervals of its task came before it.
  bool late = false;
  Doing doing;
};

using IntervalSink = std::function<void(const Interval&)>;

// From now on this coroutine is on top of the thread.
struct CoroutineOnTop {
  const Task* task = nullptr;  // the thread
  model::TimeNs ts_ns = 0;
  std::uint64_t number = 0;                     // Coroutine::number; 0: none is
  const CoroutineFunction* function = nullptr;  // null: none is
};

// A coroutine was suspended: since its creation, or between two steps.
struct CoroutineWait {
  const Task* task = nullptr;  // the thread that suspended it; null: not known
  model::Tid tgid = 0;
  model::TimeNs begin_ns = 0, end_ns = 0;
  std::uint64_t number = 0;
  // The one that is suspended, then who awaits it, then who awaits that one, and so on. Cut where
  // it would become too long.
  std::vector<const CoroutineFunction*> chain;
  // What it awaits that is no coroutine of its own, the innermost last.
  std::vector<const CoroutineFunction*> inside;
};

using CoroutineChange = std::variant<CoroutineOnTop, CoroutineWait>;
using CoroutineSink = std::function<void(const CoroutineChange&)>;

// "read"; "no system call", "being created", "other": the keys of Task::blocked_by_syscall_ns.
std::string blocked_name(std::int32_t key);

}  // namespace triptych::analyze
