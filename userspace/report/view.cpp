// SPDX-License-Identifier: Apache-2.0
#include "report/view.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "analyze/sums.hpp"
#include "base/text.hpp"

namespace triptych::report {
namespace {

using analyze::Summary;
using analyze::Task;

// Events are called as in probe/attach_plan.cpp. A trace without a plan (a text trace, say) is
// taken to have everything.
bool recorded(const Summary& summary, std::string_view event) {
  const auto& plan = summary.metadata.plan;
  bool planned = false, hooked = false;
  for (const model::PlannedEvent& each : plan) {
    if (each.event != event) continue;
    planned = true;
    hooked = hooked || !each.hook.empty();
  }
  return hooked || !planned;
}

bool is_called(const Task& task, std::string_view name) {
  if (task.comm == name) return true;
  if (std::find(task.names.begin(), task.names.end(), name) != task.names.end()) return true;
  return std::any_of(task.execs.begin(), task.execs.end(),
                     [&](const analyze::Exec& exec) { return exec.comm == name; });
}

std::set<model::Tid> processes_called(const Summary& summary, const std::string& name) {
  std::set<model::Tid> found;
  model::Tid number = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end;
  for (const Task& task : summary.tasks) {
    if (task.stranger) continue;
    if (is_called(task, name) || (is_number && task.tgid == number)) found.insert(task.tgid);
  }
  return found;
}

// A thread's id is easily taken for its process's.
const Task* thread_numbered(const Summary& summary, const std::string& number) {
  for (const Task& task : summary.tasks) {
    if (!task.stranger && fmt::format("{}", task.tid) == number) return &task;
  }
  return nullptr;
}

Error nothing_matches(const Summary& summary, const std::string& what, bool names) {
  constexpr std::size_t kListed = 8;
  std::set<std::string> known;
  for (const Task& task : summary.tasks) {
    if (!task.stranger) known.insert(names ? quote(task.comm) : fmt::format("{}", task.tid));
  }
  return {ErrorCode::kUsage, what,
          known.empty() ? "the trace has no tasks" : "it has " + listed(known, kListed)};
}

std::uint64_t sort_key(const Task& task, Sort sort) {
  switch (sort) {
    case Sort::kOnCpu:
      return task.on_cpu_ns;
    case Sort::kRunnable:
      return task.runnable_ns;
    case Sort::kBlocked:
      return task.blocked_ns;
    case Sort::kSwitches:
      return task.switches.voluntary + task.switches.involuntary;
    case Sort::kFaults:
      return task.faults.total;
    case Sort::kStart:
      return 0;
  }
  return 0;
}

constexpr std::uint32_t key(model::TaskId id) {
  return static_cast<std::uint32_t>(id);
}

}  // namespace

std::optional<Sort> parse_sort(std::string_view word) {
  if (word == "on-cpu") return Sort::kOnCpu;
  if (word == "runnable") return Sort::kRunnable;
  if (word == "blocked") return Sort::kBlocked;
  if (word == "switches") return Sort::kSwitches;
  if (word == "faults") return Sort::kFaults;
  if (word == "start") return Sort::kStart;
  return std::nullopt;
}

std::uint64_t lost_events(const model::DataQuality& quality) {
  using model::Quality;
  std::uint64_t lost = 0;
  for (const Quality each : {Quality::lost_switches, Quality::lost_wakeups,
                             Quality::lost_task_records, Quality::lost_faults, Quality::lost_marks,
                             Quality::lost_summaries, Quality::lost_on_disk}) {
    lost += quality[each];
  }
  return lost;
}

Available::Available(const Summary& summary)
    : switches(recorded(summary, "switch")),
      wakeups(recorded(summary, "wakeup")),
      faults(recorded(summary, "fault")),
      fork_calls(recorded(summary, "fork call")),
      page_table_copies(recorded(summary, "page-table copy")),
      kernel_taken_faults(recorded(summary, "kernel-taken fault")),
      event_stream(!summary.summary_only) {}

View::View(const Summary& summary, ViewOptions options)
    : summary_(&summary), options_(std::move(options)), available_(summary) {
  for (const Task& task : summary.tasks) by_id_.emplace(key(task.id), &task);
}

Result<View> View::make(const Summary& summary, ViewOptions options) {
  View view(summary, std::move(options));
  const std::string& process = view.options_.process;
  std::set<model::Tid> processes;
  if (!process.empty()) {
    processes = processes_called(summary, process);
    if (processes.empty()) {
      if (const Task* thread = thread_numbered(summary, process)) {
        return fail(fmt::format("no recorded process is {}", quote(process)),
                    fmt::format("it is a thread of process {}: --tid {} or --process {}",
                                thread->tgid, process, thread->tgid),
                    ErrorCode::kUsage);
      }
      return tl::unexpected<Error>(
          nothing_matches(summary, fmt::format("no recorded process is {}", quote(process)), true));
    }
  }
  for (const Task& task : summary.tasks) {
    if (task.stranger) continue;
    if (view.options_.tid && task.tid != *view.options_.tid) continue;
    if (!process.empty() && processes.count(task.tgid) == 0) continue;
    view.tasks_.push_back(&task);
    if (view.narrowed()) view.selected_.insert(key(task.id));
  }
  if (view.options_.tid && view.tasks_.empty()) {
    return tl::unexpected<Error>(nothing_matches(
        summary, fmt::format("no recorded task has the tid {}", *view.options_.tid), false));
  }
  view.add_up();
  return view;
}

void View::add_up() {
  if (!narrowed()) {
    totals_ = summary_->totals;
    audit_ = summary_->audit;
    return;
  }
  const auto chosen = [this](model::TaskId id) { return contains(id); };
  totals_ = analyze::totals_of(*summary_, chosen);
  audit_ = analyze::audit_of(*summary_, chosen);
}

std::vector<const Task*> View::sorted_tasks() const {
  std::vector<const Task*> sorted = tasks_;
  const Sort sort = options_.sort;
  std::stable_sort(sorted.begin(), sorted.end(), [sort](const Task* a, const Task* b) {
    return sort_key(*a, sort) > sort_key(*b, sort);
  });
  return sorted;
}

std::vector<const analyze::AddressSpace*> View::address_spaces() const {
  std::set<model::Tid> processes;
  for (const Task* task : tasks_) processes.insert(task->tgid);
  std::vector<const analyze::AddressSpace*> chosen;
  for (const analyze::AddressSpace& each : summary_->address_spaces) {
    if (!narrowed() || processes.count(each.tgid) != 0) chosen.push_back(&each);
  }
  return chosen;
}

std::vector<const analyze::Fork*> View::forks() const {
  std::vector<const analyze::Fork*> chosen;
  for (const analyze::Fork& each : summary_->forks) {
    if (!narrowed() || contains(each.parent) || contains(each.child)) chosen.push_back(&each);
  }
  return chosen;
}

std::vector<const analyze::MarkPoint*> View::marks() const {
  std::vector<const analyze::MarkPoint*> chosen;
  for (const analyze::MarkPoint& each : summary_->marks) {
    if (!narrowed() || contains(each.task)) chosen.push_back(&each);
  }
  return chosen;
}

const Task* View::find(model::TaskId id) const {
  const auto found = by_id_.find(key(id));
  return found == by_id_.end() ? nullptr : found->second;
}

bool View::contains(model::TaskId id) const {
  if (narrowed()) return selected_.count(key(id)) != 0;
  const Task* task = find(id);
  return task != nullptr && !task->stranger;
}

std::size_t View::shown(std::size_t count) const {
  return options_.top == 0 ? count : std::min(count, options_.top);
}

}  // namespace triptych::report
