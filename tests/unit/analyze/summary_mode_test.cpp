// SPDX-License-Identifier: Apache-2.0
#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::AuditVerdict;
using analyze::FaultKind;
using analyze::Summary;
using analyze::Task;
using model::TaskId;

model::TaskSummary snapshot(std::uint64_t voluntary) {
  model::TaskSummary summary;
  summary.counters.nvcsw = 40 + voluntary;
  summary.counters.nivcsw = 2;
  summary.counters.min_flt = 112;
  summary.voluntary = voluntary;
  summary.wakeups = 3;
  summary.on_cpu_ns = 10'000;
  summary.runnable_ns = 2'000;
  summary.blocked_ns = 5'000;
  summary.migrations = 1;
  summary.major_faults = 2;
  summary.kernel_mode_faults = 1;
  summary.faults = {4, 1, 2, 3, 1, 1, 0, 9};
  summary.fault_ns[3] = 6'000;
  summary.run_queue_latency[10] = 3;
  summary.slice_length[11] = 4;
  return summary;
}

TEST(SummaryModeTest, TheLastSnapshotHolds) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).emit(a, snapshot(1)).at(28us).emit(a, snapshot(4));
  AnalysisInput input;
  input.metadata.summary_only = true;
  input.ending = ending_at(30us);
  const Summary summary = analyze_events(t.events(), input);
  EXPECT_TRUE(summary.summary_only);
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.on_cpu_ns, 10'000u);
  EXPECT_EQ(task.runnable_ns, 2'000u);
  EXPECT_EQ(task.blocked_ns, 5'000u);
  EXPECT_EQ(task.unknown_ns, 3'000u);
  EXPECT_EQ(task.switches.voluntary, 4u);
  EXPECT_EQ(task.wakeups, 3u);
  EXPECT_EQ(task.migrations, 1u);
  EXPECT_EQ(task.run_queue_latency.octave(10), 3u);
  EXPECT_EQ(task.slice_length.octave(11), 4u);
  EXPECT_EQ(task.faults.total, 12u);
  EXPECT_EQ(task.faults.major, 2u);
  EXPECT_EQ(task.faults.minor, 10u);
  EXPECT_EQ(task.faults.unresolved, 9u);
  EXPECT_EQ(count_of(task.faults, FaultKind::kFirstTouch), 4u);
  EXPECT_EQ(count_of(task.faults, FaultKind::kCowCopy), 3u);
  EXPECT_EQ(count_of(task.faults, FaultKind::kZeroPageWrite), 1u);
  EXPECT_EQ(count_of(task.faults, FaultKind::kUnknown), 4u);
  EXPECT_EQ(summary.totals.cow.copies, 3u);
  EXPECT_EQ(summary.totals.cow.bytes, 3u * 4096);
  EXPECT_EQ(summary.totals.cow.time_ns, 6'000u);
  EXPECT_EQ(task.audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(task.audit.faults, AuditVerdict::kEqual);
  EXPECT_EQ(task.audit.kernel_taken_faults, 0);
}

TEST(SummaryModeTest, ATaskWithoutASnapshotIsUnknown) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  AnalysisInput input;
  input.metadata.summary_only = true;
  input.ending = ending_at(30us);
  const Summary summary = analyze_events(t.events(), input);
  EXPECT_EQ(task_of(summary, a).unknown_ns, 20'000u);
  EXPECT_EQ(task_of(summary, a).audit.switches, AuditVerdict::kNotComparable);
}

TEST(SummaryModeTest, ItCannotBeCutAtMarks) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("a", 100);
  t.at(12us).mark("work", model::MarkType::kBegin);
  AnalysisInput input;
  input.metadata.summary_only = true;
  input.window.from_mark = "work";
  const Result<Summary> result = try_analyze(t.events(), input);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  EXPECT_EQ(result.error().message, "a trace of summaries cannot be cut at marks");
}

}  // namespace
}  // namespace triptych::test
