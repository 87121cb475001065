// SPDX-License-Identifier: Apache-2.0
#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::AuditVerdict;
using analyze::Summary;
using analyze::TaskAudit;
using model::LossClass;
using model::TaskId;

TEST(AuditTest, RecordedEqualsTheKernelsOwnCounts) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(11us).fault(first_touch()).unseen_faults(3).at(12us).block_to(model::kIdleTask, kRead);
  t.at(13us).wake(a).at(14us).switch_to(a).fault(unresolved()).fault(file_read());
  t.at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  model::Ending ending = ending_at(30us);
  ending.counted_faults = {2, true, ""};
  const Summary summary = analyze_events(t.events(), {{}, {}, ending, {}});
  const TaskAudit& audit = task_of(summary, a).audit;
  EXPECT_EQ(audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(audit.kernel_voluntary, 2u);
  EXPECT_EQ(audit.kernel_involuntary, 0u);
  EXPECT_EQ(audit.faults, AuditVerdict::kEqual);
  EXPECT_EQ(audit.kernel_faults, 5u);
  EXPECT_EQ(audit.kernel_taken_faults, 3);
  EXPECT_EQ(audit.switches_remark, "");
  EXPECT_EQ(audit.faults_remark, "");
  EXPECT_EQ(summary.audit.tasks, 1u);
  EXPECT_EQ(summary.audit.tasks_comparable, 1u);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  EXPECT_EQ(summary.audit.switches_recorded, 2u);
  EXPECT_EQ(summary.audit.switches_kernel, 2u);
  EXPECT_EQ(summary.audit.faults_recorded, 2u);
  EXPECT_EQ(summary.audit.faults_counted, 2u);
  EXPECT_EQ(summary.audit.faults_kernel_taken, 3u);
  EXPECT_EQ(summary.audit.faults_remark, "");
}

TEST(AuditTest, TheCountingEventIsNotComparableWhenTheDiskWasFull) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("a", 100);
  t.at(11us).fault(first_touch()).at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  model::Ending ending = ending_at(30us);
  ending.counted_faults = {1200, true, ""};
  ending.counters.disk_lost = 1234;
  const Summary summary = analyze_events(t.events(), {{}, {}, ending, {}});
  EXPECT_EQ(summary.audit.faults_recorded, 1u);
  EXPECT_EQ(summary.audit.faults_counted, 1200u);
  EXPECT_EQ(summary.audit.faults_remark, "1,234 records were lost on disk");
}

TEST(AuditTest, ASwitchThatNobodyLostDiffers) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  std::vector<model::Event> events = t.events();
  events.erase(events.end() - 2);  // the last switch; its counters were read in it
  const Summary summary = analyze_events(events);
  EXPECT_EQ(task_of(summary, a).audit.switches, AuditVerdict::kDiffers);
  EXPECT_EQ(task_of(summary, a).audit.kernel_voluntary, 1u);
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 11'000u);
  EXPECT_EQ(summary.audit.tasks_differing, 1u);
}

TEST(AuditTest, FaultsThatWereLostAreNotComparableThoseThatVanishedDiffer) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(11us).fault(first_touch()).at(12us).fault(first_touch());
  t.at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  std::vector<model::Event> events = t.events();
  events.erase(events.begin() + 2);
  EXPECT_EQ(task_of(analyze_events(events), a).audit.faults, AuditVerdict::kDiffers);
  TraceBuilder lost;
  lost.at(12us).lost(11us, 11us, LossClass::kFault);
  events.insert(events.begin() + 2, lost.events()[0]);
  const Summary summary = analyze_events(events);
  EXPECT_EQ(task_of(summary, a).audit.faults, AuditVerdict::kNotComparable);
  EXPECT_EQ(task_of(summary, a).audit.faults_remark, "records lost");
  EXPECT_EQ(task_of(summary, a).audit.switches, AuditVerdict::kEqual);
}

TEST(AuditTest, WhoIsAliveAtTheEndIsComparedByItsSequence) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(12us).block_to(model::kIdleTask, kRead);
  const Summary summary = analyze_events(t.events());
  const TaskAudit& audit = task_of(summary, a).audit;
  EXPECT_EQ(audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(audit.kernel_voluntary, 1u);
  EXPECT_EQ(audit.faults, AuditVerdict::kNotComparable);
  EXPECT_EQ(audit.switches_remark,
            "alive at the end: compared by sequence number at its last switch");
  EXPECT_EQ(audit.faults_remark,
            "alive at the end: nothing tells its counters at that very moment");
}

TEST(AuditTest, AnAttachedTaskThatNeverRanIsComparable) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).attach("server", 50, 50);
  EXPECT_EQ(task_of(analyze_events(t.events()), a).audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(task_of(analyze_events(t.events()), a).audit.faults, AuditVerdict::kEqual);
  t.at(20us).lost(15us, 16us, LossClass::kSwitch);
  EXPECT_EQ(task_of(analyze_events(t.events()), a).audit.switches, AuditVerdict::kNotComparable);
  EXPECT_EQ(task_of(analyze_events(t.events()), a).audit.faults, AuditVerdict::kNotComparable);
}

TEST(AuditTest, TheCountingEventLeavesOutWhatCameBefore) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  std::vector<model::Event> events = t.events();
  std::get<model::TaskBaseline>(events[1].payload).prelude_faults = 25;
  model::Ending ending = ending_at(30us);
  ending.counted_faults = {25, true, ""};
  EXPECT_EQ(analyze_events(events, {{}, {}, ending, {}}).audit.faults_counted, 0u);
  ending.counted_faults = {25, false, "the target ran a set-user-id program"};
  const Summary summary = analyze_events(events, {{}, {}, ending, {}});
  EXPECT_FALSE(summary.audit.faults_counted.has_value());
  EXPECT_EQ(summary.audit.faults_remark, "the target ran a set-user-id program");
  EXPECT_NE(analyze_events(events).audit.faults_remark, "");
  static_cast<void>(a);
}

TEST(AuditTest, LostRecordsOfTasksAreSaid) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).lost(12us, 13us, LossClass::kTask, 2);
  EXPECT_EQ(analyze_events(t.events()).audit.remark,
            "2 records of tasks were lost: tasks may be missing");
}

TEST(AuditTest, WhatStoodInDamagedPartsOfTheFileWasNotLostByTheRecording) {
  const auto remark = [](model::Lost damaged) {
    TraceBuilder t;
    t.at(10us).cpu(0).launch("a", 100);
    damaged.first_ns = 12'000;
    damaged.last_ns = 13'000;
    damaged.damaged = true;
    t.at(20us).emit(model::kNoTask, damaged);
    const Summary summary = analyze_events(t.events());
    EXPECT_EQ(summary.events, t.events().size() - 1) << "the reader's own word is no event";
    return summary.audit.remark;
  };
  EXPECT_EQ(remark({.counts = {9, 0, 1, 0, 0, 0}}),
            "1 record of tasks is missing in damaged parts of the file: tasks may be missing");
  EXPECT_EQ(remark({.counts = {9, 0, 2, 0, 0, 0}}),
            "2 records of tasks are missing in damaged parts of the file: tasks may be missing");
  EXPECT_EQ(remark({.unknown_kind = 7}),
            "records of tasks may be missing in damaged parts of the file: tasks may be missing");
  EXPECT_EQ(remark({}),
            "records of tasks may be missing in damaged parts of the file: tasks may be missing");
  EXPECT_EQ(remark({.counts = {9, 0, 0, 0, 0, 0}}), "");
}

}  // namespace
}  // namespace triptych::test
