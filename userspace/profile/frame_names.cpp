// SPDX-License-Identifier: Apache-2.0
#include "profile/frame_names.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "analyze/interval.hpp"

namespace triptych::profile {
namespace {

using analyze::Task;

const char* text_of(Word which) {
  switch (which) {
    case Word::kUntold:
      return "no event tells why";
    case Word::kWoken:
      return "woken";
    case Word::kPreempted:
      return "preempted";
    case Word::kYielded:
      return "yielded";
    case Word::kInterrupt:
      return "by an interrupt";
    case Word::kNobodyKnown:
      return "by whom is not known";
    case Word::kNotWoken:
      return "not woken while it was recorded";
    case Word::kNoFork:
      return "no fork known";
    case Word::kChildsCopies:
      return "child's copies";
    case Word::kParentsCopies:
      return "parent's copies";
    case Word::kPageTableCopy:
      return "page-table copy";
    case Word::kUnknownCoroutine:
      return "coroutine not known";
    case Word::kOtherCoroutines:
      return "other coroutines";
    case Word::kAwaitChain:
      return "by await chain";
    case Word::kNotAwaited:
      return "by function: nobody is known to await it";
    case Word::kOtherPaths:
      return "other paths: too many to be told apart";
  }
  return "";
}

Category category_of(Word which) {
  switch (which) {
    case Word::kInterrupt:
    case Word::kNobodyKnown:
    case Word::kNotWoken:
      return Category::kTask;
    case Word::kNoFork:
    case Word::kChildsCopies:
    case Word::kParentsCopies:
      return Category::kFork;
    case Word::kUnknownCoroutine:
    case Word::kOtherCoroutines:
      return Category::kCoroutine;
    default:
      return Category::kReason;
  }
}

}  // namespace

FrameNames::FrameNames(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                       bool without_ids)
    : resolver_(resolver), without_ids_(without_ids) {
  for (const Task& task : summary.tasks) {
    tasks_[static_cast<std::uint64_t>(task.id)] = &task;
    if (task.tid == task.tgid && task.tgid != 0) leaders_[task.tgid].push_back(&task);
  }
  for (auto& [tgid, leaders] : leaders_) {
    std::sort(leaders.begin(), leaders.end(),
              [](const Task* a, const Task* b) { return a->start_ns < b->start_ns; });
  }
  for (const analyze::Fork& fork : summary.forks) {
    forks_[static_cast<std::uint64_t>(fork.child)] = &fork;
  }
  for (const analyze::CoroutineFunction& function : summary.coroutines.functions) {
    functions_[function.number] = &function;
  }
}

// In brackets, since a number at the end of a frame is taken for a figure by readers of folded
// files.
std::string FrameNames::label(const std::string& comm, model::Tid tid) const {
  if (comm.empty()) return without_ids_ ? std::string("unknown") : fmt::format("({})", tid);
  return without_ids_ ? comm : fmt::format("{} ({})", comm, tid);
}

std::string FrameNames::label(std::uint64_t serial) const {
  if (serial == static_cast<std::uint64_t>(model::kIdleTask)) return "idle";
  const auto found = tasks_.find(serial);
  return found == tasks_.end() ? std::string("unknown task")
                               : label(found->second->comm, found->second->tid);
}

Frame FrameNames::process_frame(model::Tid tgid, const Task* member) const {
  if (member != nullptr && member->tid == tgid) {
    return {Category::kProcess, label(member->comm, tgid), 0};
  }
  std::string comm;
  const auto found = leaders_.find(tgid);
  if (found != leaders_.end()) {
    // The number may be that of several processes, one after the other.
    const Task* leader = found->second.front();
    for (const Task* each : found->second) {
      if (member == nullptr || each->start_ns <= member->start_ns) leader = each;
    }
    comm = leader->comm;
  }
  return {Category::kProcess, label(comm, tgid), 0};
}

std::vector<Frame> FrameNames::task_frames(std::uint64_t serial, bool coroutine) const {
  const auto found = tasks_.find(serial);
  const Task* task = found == tasks_.end() ? nullptr : found->second;
  const bool first = task == nullptr || task->tid == task->tgid;
  const char* model = coroutine ? "coroutine" : first ? "process" : "thread";
  if (task == nullptr) {
    return {{Category::kModel, model, 0},
            {Category::kProcess, "unknown process", 0},
            {Category::kThread, "unknown thread", 0}};
  }
  return {{Category::kModel, model, 0},
          process_frame(task->tgid, task),
          {Category::kThread, label(task->comm, task->tid), without_ids_ ? 0 : task->tid}};
}

std::string FrameNames::fork_label(std::uint64_t child) const {
  const auto task = tasks_.find(child);
  if (task == tasks_.end()) return "fork of an unknown task";
  std::string text = fmt::format("{} of {} by {}", name_of(task->second->created_by), label(child),
                                 label(static_cast<std::uint64_t>(task->second->parent)));
  const auto fork = forks_.find(child);
  if (fork == forks_.end() || fork->second->cow_incomplete) {
    text += ": records were lost, copies may be another fork's";
  }
  return text;
}

std::string FrameNames::function_label(std::uint64_t number) const {
  const auto found = functions_.find(number);
  if (found == functions_.end()) return "unknown function";
  const analyze::CoroutineFunction& function = *found->second;
  if (!function.name.empty()) return function.name;
  return function.address == 0 ? std::string("unknown function")
                               : fmt::format("function at {:#x}", function.address);
}

Frame FrameNames::frame_of(Word which) {
  return {category_of(which), text_of(which), 0};
}

Frame FrameNames::frame_of(const symbol::resolve::Frame& frame) {
  const bool kernel = frame.kind == symbol::resolve::FrameKind::kKernel;
  return {kernel ? Category::kKernel : Category::kUser, frame.name(), 0};
}

std::vector<Frame> FrameNames::frames_of(const Key& key, const Key& before) {
  switch (key.subject) {
    case Subject::kModel:
      return {};
    case Subject::kTask:
      return task_frames(key.id, before.id != 0);
    case Subject::kProcess:
      return {{Category::kModel, "coroutine", 0},
              process_frame(static_cast<model::Tid>(key.id), nullptr)};
    case Subject::kFunction:
      return {{Category::kCoroutine, function_label(key.id), 0}};
    case Subject::kCoroutine:
      return {{Category::kCoroutine, fmt::format("coroutine #{}", key.id), 0}};
    case Subject::kWord:
      return {frame_of(static_cast<Word>(key.id))};
    case Subject::kBlocked:
      return {{Category::kReason,
               "blocked: " + analyze::blocked_name(static_cast<std::int32_t>(key.id)), 0}};
    case Subject::kFaultKind:
      return {{Category::kReason,
               std::string(analyze::name_of(static_cast<analyze::FaultKind>(key.id))), 0}};
    case Subject::kCreatedBy:
      return {{Category::kReason,
               std::string(analyze::name_of(static_cast<analyze::CreatedBy>(key.id))), 0}};
    case Subject::kOther:
      return {{Category::kTask, "by " + label(key.id), 0}};
    case Subject::kStack:
      return {};
    case Subject::kFork:
      return {{Category::kFork, fork_label(key.id), 0}};
  }
  return {};
}

}  // namespace triptych::profile
