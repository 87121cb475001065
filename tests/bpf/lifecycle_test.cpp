// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <set>

#include "bpf/recorded_scenario.hpp"

namespace triptych::test {
namespace {

using analyze::CreatedBy;
using analyze::Summary;
using analyze::Task;

std::vector<Task> targets(const Summary& summary) {
  std::vector<Task> found;
  for (const Task& task : summary.tasks) {
    if (!task.stranger) found.push_back(task);
  }
  return found;
}

void expect_audit_clean(const Summary& summary) {
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  EXPECT_EQ(summary.audit.tasks_comparable, summary.audit.tasks);
  EXPECT_EQ(summary.audit.switches_recorded, summary.audit.switches_kernel);
  // On 6.1 the inherited counting event was seen to miss faults of vfork's children (9 of 106),
  // which the tasks' own counters confirm; the report then says that they differ.
  if (kernel_at_least(6, 6) || summary.totals.vforks == 0) {
    EXPECT_EQ(summary.audit.faults_recorded, summary.audit.faults_counted);
  }
}

TEST(Lifecycle, TenThousandForks) {
  constexpr std::size_t kForks = 10'000;
  TRIPTYCH_RECORD("forks", kForks);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  EXPECT_EQ(summary.totals.forks, kForks);
  EXPECT_EQ(summary.totals.exits, kForks + 1);
  EXPECT_EQ(summary.forks.size(), kForks);
  EXPECT_EQ(recorded.all<model::CloneReturn>().size(), kForks);
  std::size_t reaped = 0;
  for (const Task& task : targets(summary)) {
    ASSERT_TRUE(task.end_ns.has_value());
    ASSERT_TRUE(task.exit_code.has_value());
    EXPECT_EQ(*task.exit_code, task.created_by == CreatedBy::kFork ? 3u << 8 : 0u);
    reaped += task.free_ns.has_value();
    EXPECT_FALSE(task.zombie);
  }
  // The release is told by an RCU callback; kernels have been seen to leave out a few of its
  // events.
  EXPECT_GE(reaped, kForks - kForks / 100);
  for (const analyze::Fork& fork : summary.forks) EXPECT_TRUE(fork.duration_ns.has_value());
}

TEST(Lifecycle, TwoThousandThreadsAtOnce) {
  constexpr std::size_t kThreads = 2'000;
  TRIPTYCH_RECORD("threads", kThreads);
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  EXPECT_EQ(summary.totals.threads_created, kThreads);
  EXPECT_EQ(summary.totals.forks, 0u);
  EXPECT_EQ(summary.address_spaces.size(), 1u);
}

TEST(Lifecycle, VforkAndSpawnShareTheAddressSpace) {
  constexpr std::size_t kCalls = 50;
  for (const char* scenario : {"vforks", "spawns"}) {
    TRIPTYCH_RECORD(scenario, kCalls);
    const Summary summary = recorded.summary();
    expect_audit_clean(summary);
    EXPECT_EQ(summary.totals.vforks, kCalls) << scenario;
    EXPECT_EQ(summary.totals.forks, 0u) << scenario;
    EXPECT_EQ(summary.forks.size(), kCalls);
    for (const analyze::Fork& fork : summary.forks) {
      EXPECT_EQ(fork.kind, CreatedBy::kVfork);
      EXPECT_EQ(fork.page_table_pages, 0u);
      // Nothing is shared that was not before: whoever writes, no page of it is copied.
      EXPECT_EQ(fork.shared_pages, 0u);
      EXPECT_EQ(fork.cow_parent.copies + fork.cow_child.copies, 0u);
    }
    // All in the one address space until an exec makes another one.
    const std::size_t spaces = std::string_view(scenario) == "spawns" ? kCalls + 1 : 1;
    EXPECT_EQ(summary.address_spaces.size(), spaces) << scenario;
  }
}

TEST(Lifecycle, OddCloneFlagsAreAKindOfTheirOwn) {
  TRIPTYCH_RECORD("odd_clone", 20);
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  EXPECT_EQ(summary.totals.other_clones, 20u);
  for (const Task& task : targets(summary)) {
    if (task.created_by != CreatedBy::kClone) continue;
    EXPECT_EQ(task.clone_flags & (CLONE_VM | CLONE_FILES | CLONE_VFORK | CLONE_THREAD),
              static_cast<std::uint64_t>(CLONE_VM | CLONE_FILES));
  }
}

TEST(Lifecycle, ExecInAThreadKeepsIdentitiesApart) {
  TRIPTYCH_RECORD("exec_in_thread", 1);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.summary();
  const std::vector<Task> tasks = targets(summary);
  ASSERT_EQ(tasks.size(), 2u);
  const auto execs = recorded.all<model::TaskExec>();
  ASSERT_EQ(execs.size(), 2u);
  const auto& [event, exec] = execs[1];
  EXPECT_NE(exec.old_tid, exec.tid);
  EXPECT_EQ(exec.tid, tasks[0].tgid);  // it took over the leader's tid
  EXPECT_NE(event.task, execs[0].first.task);
  EXPECT_EQ(summary.address_spaces.size(), 2u);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
}

TEST(Lifecycle, ExitGroupEndsAllThreads) {
  constexpr std::size_t kThreads = 100;
  TRIPTYCH_RECORD("exit_group_with_threads", kThreads);
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  EXPECT_EQ(summary.totals.exits, kThreads + 1);
  for (const Task& task : targets(summary)) EXPECT_TRUE(task.group_exit) << task.tid;
}

TEST(Lifecycle, SigkillIsTheExitCode) {
  TRIPTYCH_RECORD("killed", 1);
  EXPECT_EQ(WTERMSIG(recorded.wait_status), SIGKILL);
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  ASSERT_TRUE(targets(summary).front().exit_code.has_value());
  EXPECT_EQ(*targets(summary).front().exit_code & 0x7f, static_cast<std::uint32_t>(SIGKILL));
}

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

// What wait4 tells the parent, and what is recorded of the end, come from the same counters. The
// kernel tells user and system time as shares of the scheduler's account; recorded are the clock's
// ticks, which say how large the shares are.
TEST(Lifecycle, TheEndHasTheTimesAndThePeakThatTheParentIsTold) {
  constexpr std::size_t kMilliseconds = 200;
  TRIPTYCH_RECORD("cpu_time", kMilliseconds);
  ASSERT_EQ(recorded.wait_status, 0);
  const auto ends = recorded.all<model::TaskEnd>();
  ASSERT_EQ(ends.size(), 1u);
  const model::Counters& end = ends[0].second.counters;
  const double user = microseconds(recorded.usage.ru_utime);
  const double system = microseconds(recorded.usage.ru_stime);
  EXPECT_NEAR(static_cast<double>(end.run_time_ns) / 1e3, user + system, 1000);
  // How much of each is not asked: an emulated machine's ticks miss any part of either.
  ASSERT_GT(end.utime_ns, 0u);
  ASSERT_GT(end.stime_ns, 0u);
  const double share =
      static_cast<double>(end.utime_ns) / static_cast<double>(end.utime_ns + end.stime_ns);
  EXPECT_NEAR(share * (user + system), user, 1000);
  // The report counts from when the recording began.
  const Task task = targets(recorded.summary()).front();
  const auto baselines = recorded.all<model::TaskBaseline>();
  ASSERT_EQ(baselines.size(), 1u);
  EXPECT_EQ(task.user_ns, end.utime_ns - baselines[0].second.counters.utime_ns);
  EXPECT_EQ(task.system_ns, end.stime_ns - baselines[0].second.counters.stime_ns);
  EXPECT_EQ(end.min_flt, static_cast<std::uint64_t>(recorded.usage.ru_minflt));
  EXPECT_EQ(end.maj_flt, static_cast<std::uint64_t>(recorded.usage.ru_majflt));
  // The last switch comes after the parent can be told.
  const auto switches =
      static_cast<std::uint64_t>(recorded.usage.ru_nvcsw + recorded.usage.ru_nivcsw);
  EXPECT_GE(end.nvcsw + end.nivcsw, switches);
  EXPECT_LE(end.nvcsw + end.nivcsw, switches + 1);

  const auto exits = recorded.all<model::TaskExit>();
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].second.peak_rss_pages * 4,
            static_cast<std::uint64_t>(recorded.usage.ru_maxrss));
  EXPECT_GE(exits[0].second.peak_rss_pages, (32u << 20) / 4096);

  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  const model::Counters &first = marks[0].second.counters, &last = marks[1].second.counters;
  const std::uint64_t between = last.run_time_ns - first.run_time_ns;
  EXPECT_GE(between, (kMilliseconds + kMilliseconds / 2) * 1'000'000 - 20'000'000);  // a tick late
  EXPECT_LE(last.run_time_ns, end.run_time_ns);
  EXPECT_LE(last.utime_ns, end.utime_ns);
  EXPECT_LE(last.stime_ns, end.stime_ns);
}

TEST(Lifecycle, RenamesAreRecordedAndMarksAreNoRenames) {
  TRIPTYCH_RECORD("renames", 5);
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks[0].second.name.view(), "test");
  EXPECT_EQ(marks[0].second.type, model::MarkType::kBegin);
  EXPECT_EQ(marks[1].second.type, model::MarkType::kEnd);
  std::size_t between = 0;
  for (const auto& [event, rename] : recorded.all<model::TaskRename>()) {
    between += event.ts_ns > marks[0].first.ts_ns && event.ts_ns < marks[1].first.ts_ns;
  }
  EXPECT_EQ(between, 5u);
  EXPECT_EQ(recorded.summary().tasks.front().comm, "name-4");
}

TEST(Lifecycle, AnOrphanOutlivesItsParent) {
  TRIPTYCH_RECORD("orphan", 1);
  const Summary summary = recorded.summary();
  const std::vector<Task> tasks = targets(summary);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_TRUE(tasks[1].orphaned);
  EXPECT_FALSE(tasks[1].end_ns.has_value());
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
}

TEST(Lifecycle, AWorkerOfIoUringIsNoThreadThatTheProgramMade) {
  TRIPTYCH_RECORD("io_uring_worker", 1);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.summary();
  const std::vector<Task> tasks = targets(summary);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[1].created_by, analyze::CreatedBy::kIoWorker);
  EXPECT_EQ(summary.totals.kernel_workers, 1u);
  EXPECT_EQ(summary.totals.threads_created, 0u);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  EXPECT_EQ(summary.audit.tasks_comparable, 2u);
}

// With room for a few hundred numbers only, they come round: each task has its own life.
TEST(Lifecycle, ReusedTidsAreDifferentTasks) {
  constexpr const char* kLimit = "/proc/sys/kernel/pid_max";
  std::string before;
  std::ifstream(kLimit) >> before;
  std::ofstream(kLimit) << 500 << std::flush;
  Recorded recorded;
  record_scenario("vforks", 1500, &recorded);
  std::ofstream(kLimit) << before << std::flush;
  if (HasFatalFailure() || IsSkipped()) return;
  const Summary summary = recorded.summary();
  expect_audit_clean(summary);
  std::set<model::Tid> tids;
  for (const Task& task : targets(summary)) tids.insert(task.tid);
  EXPECT_EQ(targets(summary).size(), 1501u);
  EXPECT_LT(tids.size(), 1000u);
}

}  // namespace
}  // namespace triptych::test
