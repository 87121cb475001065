// SPDX-License-Identifier: Apache-2.0
//
// Switches and wakeups against the kernel's own counters, task by task.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bpf/recorded_scenario.hpp"

namespace triptych::test {
namespace {

using analyze::AuditVerdict;
using analyze::Summary;
using analyze::Task;

void expect_exact(const Recorded& recorded) {
  const Summary summary = recorded.summary();
  EXPECT_EQ(recorded.ending.counters.switches_missed, 0u);
  EXPECT_EQ(recorded.ending.counters.storage_failed, 0u);
  EXPECT_EQ(recorded.ending.counters.recursion_misses, 0u);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  EXPECT_EQ(summary.audit.tasks_comparable, summary.audit.tasks);
  EXPECT_EQ(summary.audit.switches_recorded, summary.audit.switches_kernel);
  for (const Task& task : summary.tasks) {
    if (task.stranger || !task.end_ns) continue;
    EXPECT_EQ(task.audit.switches, AuditVerdict::kEqual)
        << task.tid << " " << task.audit.switches_remark;
    EXPECT_EQ(task.switches.voluntary, task.audit.kernel_voluntary) << task.tid;
    EXPECT_EQ(task.switches.involuntary, task.audit.kernel_involuntary) << task.tid;
    EXPECT_EQ(task.on_cpu_ns + task.runnable_ns + task.blocked_ns + task.unknown_ns,
              *task.end_ns - task.start_ns)
        << task.tid;
    // Also on kernels that let a few tasks leave the CPU, or be interrupted, without a word: the
    // scheduler's account then says when ours came.
    EXPECT_EQ(task.unknown_ns, 0u) << task.tid;
  }
  EXPECT_EQ(summary.quality[model::Quality::state_conflicts], 0u);
  EXPECT_EQ(summary.quality[model::Quality::sequence_gaps], 0u);
}

TEST(Switch, SleepsAreVoluntaryAndBlockInNanosleep) {
  constexpr std::size_t kSleeps = 200;
  TRIPTYCH_RECORD("sleeps", kSleeps);
  expect_exact(recorded);
  const Summary summary = recorded.marked();
  EXPECT_EQ(summary.totals.switches.voluntary, kSleeps);
  const Task& task = summary.tasks.front();
  ASSERT_EQ(task.blocked_by_syscall_ns.size(), 1u);
  EXPECT_EQ(task.blocked_by_syscall_ns.begin()->first, "clock_nanosleep");
  EXPECT_GE(task.blocked_ns, kSleeps * 4'000'000);
  // A timer wakes it, never a task. Some kernels raise no tracepoint in an interrupt that sits on a
  // task of theirs: then the request is missing, and the record says so.
  std::size_t no_request = summary.quality[model::Quality::untold_arrivals];
  for (const auto& [event, wakeup] : recorded.all<model::Wakeup>()) {
    if (event.task != task.id || wakeup.is_new) continue;
    EXPECT_TRUE(wakeup.interrupt || wakeup.no_request);
    no_request += wakeup.no_request;
  }
  EXPECT_LE(task.wakeups, task.wakeups_by_interrupt + no_request);
  EXPECT_LE(no_request, kSleeps / 20);
  EXPECT_EQ(task.wakeups, kSleeps);
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  const model::Counters &first = marks[0].second.counters, &last = marks[1].second.counters;
  EXPECT_EQ(last.nvcsw - first.nvcsw, kSleeps);
  EXPECT_EQ(last.nivcsw - first.nivcsw, summary.totals.switches.involuntary);
}

TEST(Switch, YieldsAreToldFromPreemption) {
  constexpr std::size_t kYields = 500;
  TRIPTYCH_RECORD("yields", kYields);
  expect_exact(recorded);
  const Summary summary = recorded.summary();
  // The child does nothing but yield; the parent yields between its marks.
  std::uint64_t yields = 0, involuntary = 0;
  for (const Task& task : summary.tasks) {
    yields += task.switches.yields;
    involuntary += task.switches.involuntary;
  }
  // Before 6.6 the scheduler may run the one that yielded on, when it is far behind the other.
  if (kernel_at_least(6, 6)) {
    EXPECT_GE(yields, 100u);
  }
  EXPECT_LE(yields, involuntary);
}

TEST(Switch, APinnedHandOverIsTwoProcessSwitches) {
  constexpr std::size_t kRounds = 2000;
  TRIPTYCH_RECORD("pinned_ping_pong", kRounds);
  expect_exact(recorded);
  const Summary summary = recorded.marked();
  // Voluntary where the reader blocks, involuntary where the woken one preempts the writer.
  const analyze::SwitchCounts& switches = summary.totals.switches;
  EXPECT_GE(switches.voluntary + switches.involuntary, 2 * kRounds - 1);
  // But for the first one, which may have come before the mark; for those that led to a task of the
  // kernel's, which has no address space to change to; and for those that the kernel did not tell
  // of.
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  std::uint64_t elsewhere = recorded.summary().quality[model::Quality::untold_arrivals];
  for (const auto& [event, change] : recorded.all<model::Switch>()) {
    if (event.ts_ns < marks[0].first.ts_ns || event.ts_ns > marks[1].first.ts_ns) continue;
    elsewhere += change.prev_target && !change.next_target;
  }
  EXPECT_GE(switches.mm_changes + elsewhere, 2 * kRounds - 2);
}

TEST(Wakeup, TheWakerIsTheTaskThatAskedAndNeverTheIdleTask) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "needs two CPUs";
  constexpr std::size_t kRounds = 2000;
  TRIPTYCH_RECORD("ping_pong", kRounds);
  expect_exact(recorded);
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  const model::TaskId parent = marks[0].first.task;
  std::size_t by_peer = 0, by_idle = 0;
  for (const auto& [event, wakeup] : recorded.all<model::Wakeup>()) {
    if (event.ts_ns < marks[0].first.ts_ns || event.ts_ns > marks[1].first.ts_ns) continue;
    if (wakeup.interrupt) continue;
    by_idle += wakeup.waker == model::kIdleTask;
    by_peer += (event.task == parent) != (wakeup.waker == parent);
  }
  EXPECT_EQ(by_idle, 0u);
  EXPECT_GT(by_peer, kRounds);  // each round has two, but for those that came before the sleep
}

TEST(Switch, AttachedHooksDoNotChangeTheCounts) {
  RecordOptions options;
  options.summary_only = true;
  Recorded recorded;
  record_scenario("pinned_ping_pong", 2000, &recorded, options);
  if (HasFatalFailure() || IsSkipped()) return;
  const Summary summary = recorded.summary();
  EXPECT_TRUE(summary.summary_only);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  for (const Task& task : summary.tasks) {
    EXPECT_EQ(task.switches.voluntary, task.audit.kernel_voluntary);
    EXPECT_EQ(task.switches.involuntary, task.audit.kernel_involuntary);
  }
  EXPECT_EQ(recorded.all<model::Switch>().size(), 0u);
}

}  // namespace
}  // namespace triptych::test
