// SPDX-License-Identifier: Apache-2.0
#include "summary_order.hpp"

#include <algorithm>
#include <initializer_list>

#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using analyze::Task;

class Grown {
 public:
  void about(std::string subject) { subject_ = std::move(subject); }
  void at_most(const char* what, std::uint64_t full, std::uint64_t less) {
    if (less <= full) return;
    add(std::string(what) + " grew from " + std::to_string(full) + " to " + std::to_string(less));
  }
  void add(const std::string& text) { found_.push_back(subject_ + ": " + text); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::string subject_;
  std::vector<std::string> found_;
};

void compare(Grown& grown, const char* what, const analyze::Histogram& full,
             const analyze::Histogram& less) {
  for (unsigned octave = 0; octave < 64; ++octave) {
    grown.at_most(what, full.octave(octave), less.octave(octave));
  }
}

void compare(Grown& grown, const analyze::SwitchCounts& full, const analyze::SwitchCounts& less) {
  grown.at_most("voluntary", full.voluntary, less.voluntary);
  grown.at_most("involuntary", full.involuntary, less.involuntary);
  grown.at_most("yields", full.yields, less.yields);
  grown.at_most("mm_changes", full.mm_changes, less.mm_changes);
}

void compare(Grown& grown, const analyze::FaultCounts& full, const analyze::FaultCounts& less) {
  for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
    grown.at_most(analyze::name_of(static_cast<analyze::FaultKind>(i)).data(), full.by_kind[i],
                  less.by_kind[i]);
  }
  grown.at_most("faults", full.total, less.total);
  grown.at_most("minor", full.minor, less.minor);
  grown.at_most("major", full.major, less.major);
  grown.at_most("kernel_mode", full.kernel_mode, less.kernel_mode);
  grown.at_most("unresolved", full.unresolved, less.unresolved);
}

void compare(Grown& grown, const char* what, const analyze::CowBill& full,
             const analyze::CowBill& less) {
  grown.at_most(what, full.copies, less.copies);
  grown.at_most(what, full.bytes, less.bytes);
  grown.at_most(what, full.time_ns, less.time_ns);
  grown.at_most(what, full.in_file_mappings, less.in_file_mappings);
}

void compare_times(Grown& grown, const Task& full, const Task& less, bool same_end) {
  grown.at_most("on_cpu", full.on_cpu_ns, less.on_cpu_ns);
  grown.at_most("runnable", full.runnable_ns, less.runnable_ns);
  grown.at_most("blocked", full.blocked_ns, less.blocked_ns);
  for (const auto& [call, time] : less.blocked_by_syscall_ns) {
    const auto known = full.blocked_by_syscall_ns.find(call);
    grown.at_most(call.c_str(), known == full.blocked_by_syscall_ns.end() ? 0 : known->second,
                  time);
  }
  for (const auto& [by, preemption] : less.preempted_by) {
    const auto known = full.preempted_by.find(by);
    const bool there = known != full.preempted_by.end();
    grown.at_most("preempted", there ? known->second.count : 0, preemption.count);
    grown.at_most("preempted for", there ? known->second.waited_ns : 0, preemption.waited_ns);
  }
  compare(grown, "run_queue_latency", full.run_queue_latency, less.run_queue_latency);
  compare(grown, "slice_length", full.slice_length, less.slice_length);
  const bool same_life = full.start_ns == less.start_ns && full.end_ns == less.end_ns &&
                         (same_end || less.end_ns.has_value());
  if (same_life && accounted_ns(full) != accounted_ns(less)) grown.add("its time changed");
}

void compare(Grown& grown, const Task& full, const Task& less, bool provable, bool same_end) {
  grown.about("task " + std::to_string(static_cast<std::uint32_t>(less.id)));
  if (provable) compare_times(grown, full, less, same_end);
  compare(grown, full.switches, less.switches);
  compare(grown, full.faults, less.faults);
  grown.at_most("migrations", full.migrations, less.migrations);
  grown.at_most("wakeups", full.wakeups, less.wakeups);
  grown.at_most("execs", full.execs.size(), less.execs.size());
  grown.at_most("orphaned", full.orphaned, less.orphaned);
  grown.at_most("zombie or unreaped", full.zombie || full.unreaped, less.zombie || less.unreaped);
  grown.at_most("start (its life began earlier)", less.start_ns, full.start_ns);
  if (less.parent != model::kNoTask && less.parent != full.parent) grown.add("other parent");
  if (less.created_by != analyze::CreatedBy::kUnknown && less.created_by != full.created_by) {
    grown.add("other creation");
  }
}

void compare_spaces(Grown& grown, const analyze::Summary& full, const analyze::Summary& less) {
  static const analyze::AddressSpace kNone;
  for (const analyze::AddressSpace& space : less.address_spaces) {
    const analyze::AddressSpace* known = find_space(full, space.id);
    if (known == nullptr) known = &kNone;
    grown.about("mm " + std::to_string(static_cast<std::uint32_t>(space.id)));
    for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
      grown.at_most("faults", known->faults[i].count, space.faults[i].count);
      grown.at_most("pages", known->faults[i].pages, space.faults[i].pages);
      grown.at_most("time", known->faults[i].time_ns, space.faults[i].time_ns);
      compare(grown, "latency", known->faults[i].latency, space.faults[i].latency);
    }
  }
}

void compare_forks(Grown& grown, const analyze::Summary& full, const analyze::Summary& less) {
  static const analyze::Fork kNone;
  for (const analyze::Fork& fork : less.forks) {
    const analyze::Fork* known = find_fork(full, fork.child);
    grown.about("fork of " + std::to_string(static_cast<std::uint32_t>(fork.child)));
    if (known == nullptr) grown.add("was not there");
    if (known == nullptr) known = &kNone;
    compare(grown, "parent's copies", known->cow_parent, fork.cow_parent);
    compare(grown, "child's copies", known->cow_child, fork.cow_child);
    if (fork.duration_ns && fork.duration_ns != known->duration_ns) grown.add("other duration");
    if (fork.first_run_delay_ns && fork.first_run_delay_ns != known->first_run_delay_ns) {
      grown.add("other first run");
    }
  }
}

}  // namespace

std::vector<std::string> what_grew(const analyze::Summary& full, const analyze::Summary& less,
                                   const std::set<model::TaskId>& unprovable) {
  static const Task kNone;
  Grown grown;
  for (const Task& task : less.tasks) {
    if (task.stranger) continue;
    const Task* known = find_task(full, task.id);
    compare(grown, known == nullptr ? kNone : *known, task, unprovable.count(task.id) == 0,
            full.end_ns == less.end_ns);
    grown.about("task " + std::to_string(static_cast<std::uint32_t>(task.id)));
    const model::TimeNs end = task.end_ns.value_or(less.end_ns);
    if (accounted_ns(task) != end - task.start_ns) grown.add("its times do not add up");
  }
  compare_spaces(grown, full, less);
  compare_forks(grown, full, less);
  grown.about("totals");
  const analyze::Totals& a = full.totals;
  const analyze::Totals& b = less.totals;
  compare(grown, a.switches, b.switches);
  compare(grown, a.faults, b.faults);
  compare(grown, "copies", a.cow, b.cow);
  grown.at_most("wakeups", a.wakeups, b.wakeups);
  grown.at_most("forks", a.forks, b.forks);
  grown.at_most("vforks", a.vforks, b.vforks);
  grown.at_most("threads", a.threads_created, b.threads_created);
  grown.at_most("execs", a.execs, b.execs);
  grown.at_most("exits", a.exits, b.exits);
  return grown.take();
}

}  // namespace triptych::test
