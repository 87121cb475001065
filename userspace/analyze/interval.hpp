// SPDX-License-Identifier: Apache-2.0
//
// What a task did from when to when, told as soon as it is certain. Those who determine it for the
// summary tell it in the same breath, so that the intervals of a task add up to its figures there:
// running, runnable, blocked and unknown to on_cpu_ns, runnable_ns, blocked_ns and unknown_ns, and
// each moment of its life is in one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

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
  model::TaskId by{};  // who woke it, or runs instead; kNoTask: an interrupt, or not known
};

struct Blocked {
  std::int32_t key = 0;  // the system call: see blocked_name
};

struct Unknown {
  UnknownCause cause{};
};

// Of those that FaultCounts::total counts.
struct Faulted {
  const model::Fault* fault = nullptr;
  FaultKind kind{};
  std::uint16_t cpu = 0;  // on which it was completed
};

struct Created {
  const Task* child = nullptr;
  model::TimeNs at_ns = 0;  // the child came into being
};

// It was on top of a thread: what it awaits or calls on the same thread is not part of it.
struct CoroutineStep {
  std::uint64_t number = 0;  // Coroutine::number
  const CoroutineFunction* function = nullptr;
  std::uint64_t address = 0;
  std::uint32_t space = 0;
};

using Doing = std::variant<Running, Runnable, Blocked, Unknown, Faulted, Created, CoroutineStep>;

struct Interval {
  const Task* task = nullptr;  // as it is known by now; null: a thread of which nothing is known
  model::TimeNs begin_ns = 0;
  std::optional<model::TimeNs> end_ns;  // none: how long it took is not known
  // It was decided only when all losses had been told: later intervals of its task came before it.
  bool late = false;
  Doing doing;
};

using IntervalSink = std::function<void(const Interval&)>;

// "read"; "no system call", "being created", "other": the keys of Task::blocked_by_syscall_ns.
std::string blocked_name(std::int32_t key);

}  // namespace triptych::analyze
