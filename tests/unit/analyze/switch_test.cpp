// SPDX-License-Identifier: Apache-2.0
#include "analyze_support.hpp"
#include "random_trace.hpp"
#include "untold.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::AuditVerdict;
using analyze::Summary;
using analyze::Task;
using model::LossClass;
using model::Quality;
using model::TaskId;

TEST(SwitchTest, TimeOnCpuBlockedAndRunnable) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead);
  t.at(35us).wake(a).at(38us).switch_to(a);
  t.at(40us).block_to(model::kIdleTask, kFutex);
  t.at(47us).wake(a).at(48us).switch_to(a).at(50us).exit(0).at(51us).end_to(model::kIdleTask);
  const Summary summary = analyze_events(t.events());
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.on_cpu_ns, 10'000u);  // 5 + 2 + 3
  EXPECT_EQ(task.blocked_ns, 27'000u);
  EXPECT_EQ(task.runnable_ns, 4'000u);
  EXPECT_EQ(task.unknown_ns, 0u);
  const std::map<std::string, std::uint64_t> blocked{{"read", 20'000}, {"futex", 7'000}};
  EXPECT_EQ(task.blocked_by_syscall_ns, blocked);
  EXPECT_EQ(task.switches.voluntary, 3u);
  EXPECT_EQ(task.switches.involuntary, 0u);
  EXPECT_EQ(task.wakeups, 2u);
  EXPECT_EQ(task.run_queue_latency.count(), 2u);
  EXPECT_EQ(task.run_queue_latency.sum(), 4'000u);
  EXPECT_EQ(task.run_queue_latency.max(), 3'000u);
  EXPECT_EQ(task.slice_length.count(), 3u);
  EXPECT_EQ(task.slice_length.sum(), 10'000u);
  EXPECT_EQ(task.end_ns, 51'000u);
  EXPECT_EQ(summary.totals.on_cpu_ns, 10'000u);
  EXPECT_EQ(summary.totals.run_queue_latency.sum(), 4'000u);
}

TEST(SwitchTest, OfWhoLivesOnNothingIsKnownBehindTheEnd) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId b = t.at(20us).fork(101);
  t.at(21us).wake_new(b).cpu(1).at(22us).switch_to(b);
  t.cpu(0).at(38us).exit(0);
  // The recording ends at 40 us, and who had called exit by then is followed to its end.
  t.at(45us).end_to(model::kIdleTask).at(90us).free(a);
  const Summary summary = analyze_events(t.events(), {{}, {}, ending_at(40us), {}});
  EXPECT_EQ(summary.end_ns, 40'000u);
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 35'000u);
  EXPECT_EQ(task_of(summary, a).end_ns, 45'000u);
  EXPECT_TRUE(task_of(summary, a).free_ns.has_value());
  EXPECT_EQ(task_of(summary, b).on_cpu_ns, 18'000u);
  EXPECT_EQ(task_of(summary, b).unknown_ns, 0u);
  EXPECT_FALSE(task_of(summary, b).end_ns.has_value());
}

TEST(SwitchTest, PreemptionSaysByWhomAndForHowLong) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId b = t.at(11us).thread(101);
  t.at(12us).wake_new(b).at(20us).switch_to(b);
  const TaskId kworker = t.at(21us).stranger("kworker", 9);
  t.at(23us).switch_to(kworker).at(29us).switch_to(a);
  t.at(32us).switch_to(kworker).at(36us).switch_to(a);
  t.at(40us).yield_to(b).at(41us).switch_to(a);
  const Summary summary = analyze_events(t.events());
  const Task& first = task_of(summary, a);
  EXPECT_EQ(first.switches.involuntary, 3u);
  EXPECT_EQ(first.switches.yields, 1u);
  ASSERT_EQ(first.preempted_by.size(), 2u);  // yielding to b is not being preempted by it
  EXPECT_EQ(first.preempted_by.at(b).count, 1u);
  EXPECT_EQ(first.preempted_by.at(b).waited_ns, 9'000u);
  EXPECT_EQ(first.preempted_by.at(kworker).count, 1u);
  EXPECT_EQ(first.preempted_by.at(kworker).waited_ns, 4'000u);
  EXPECT_EQ(first.runnable_ns, 14'000u);
  const Task& second = task_of(summary, b);
  EXPECT_EQ(second.preempted_by.at(kworker).waited_ns, 17'000u);
  EXPECT_EQ(second.blocked_by_syscall_ns.at("being created"), 1'000u);
  EXPECT_TRUE(task_of(summary, kworker).stranger);
  EXPECT_EQ(accounted_ns(task_of(summary, kworker)), 0u);
  EXPECT_EQ(summary.tasks.back().id, kworker);
}

TEST(SwitchTest, APreemptedTaskStaysRunnableWhateverItWasAboutToDo) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId kworker = t.stranger("kworker", 9);
  t.at(20us).switch_to(kworker);
  model::Event event = t.events().back();
  model::Switch change = std::get<model::Switch>(event.payload);
  change.prev_state = 1;
  change.preempt = true;
  std::vector<model::Event> events = t.events();
  events.back().payload = change;
  TraceBuilder rest = t;
  rest.at(22us).wake(a).at(26us).switch_to(a);
  events.insert(events.end(), rest.events().begin() + static_cast<std::ptrdiff_t>(events.size()),
                rest.events().end());
  const Task task = task_of(analyze_events(events), a);
  EXPECT_EQ(task.blocked_ns, 0u);
  EXPECT_EQ(task.runnable_ns, 6'000u);
  EXPECT_EQ(task.run_queue_latency.max(), 6'000u);
}

TEST(SwitchTest, AWakeupOfARunningTaskIsCountedAndChangesNothing) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(12us).cpu(1).wake(a).cpu(0).at(20us).block_to(model::kIdleTask, kRead);
  const Summary summary = analyze_events(t.events(), {{}, {}, ending_at(30us), {}});
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.wakeups, 1u);
  EXPECT_EQ(task.on_cpu_ns, 10'000u);
  EXPECT_EQ(task.blocked_ns, 10'000u);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(SwitchTest, MigrationsAreRunsOnAnotherCpu) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  for (const std::uint16_t cpu : {std::uint16_t{1}, std::uint16_t{1}, std::uint16_t{0}}) {
    t.after(5us).block_to(model::kIdleTask, kRead).after(5us).wake(a).cpu(cpu).after(1us);
    t.switch_to(a);
  }
  EXPECT_EQ(task_of(analyze_events(t.events()), a).migrations, 2u);
}

TEST(SwitchTest, NamesOfWhatATaskBlocksIn) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  for (const std::int16_t call : {std::int16_t{-1}, std::int16_t{450}, std::int16_t{999}}) {
    t.after(1us).block_to(model::kIdleTask, call).after(1us).wake(a).after(1us).switch_to(a);
  }
  std::vector<model::Event> events = t.events();
  model::Event compat = events.back();
  model::Switch change;
  change.next = model::kIdleTask;
  change.prev_state = 1;
  change.syscall = 3;
  change.compat = change.voluntary = change.prev_target = true;
  change.prev_seq = static_cast<std::uint16_t>(40 + 2 + 4);
  compat.ts_ns += 1000;
  compat.task = a;
  compat.payload = change;
  events.push_back(compat);
  const Summary summary = analyze_events(events, {{}, {}, ending_at(21us), {}});
  const std::map<std::string, std::uint64_t> blocked{{"no system call", 1'000},
                                                     {"set_mempolicy_home_node", 1'000},
                                                     {"syscall_999", 1'000},
                                                     {"compat_3", 1'000}};
  EXPECT_EQ(task_of(summary, a).blocked_by_syscall_ns, blocked);
}

TEST(SwitchTest, AnAttachedTaskIsUnknownUntilASwitchFixesItsState) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).attach("server", 50, 50);
  t.at(15us).wake(a).at(16us).switch_to(a).at(20us).block_to(model::kIdleTask, kRead);
  t.at(30us).wake(a).at(31us).switch_to(a).at(33us).block_to(model::kIdleTask, kRead);
  const Summary summary = analyze_events(t.events());
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.created_by, analyze::CreatedBy::kAttached);
  EXPECT_EQ(task.unknown_ns, 6'000u);
  EXPECT_EQ(task.on_cpu_ns, 6'000u);
  EXPECT_EQ(task.blocked_ns, 10'000u);
  EXPECT_EQ(task.runnable_ns, 1'000u);
  EXPECT_EQ(task.audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

model::TaskSeen attached(model::SeenDoing doing, std::int16_t syscall = model::kNoSyscall) {
  model::TaskSeen seen;
  seen.how = model::SeenHow::kAttached;
  seen.tid = seen.tgid = 50;
  seen.doing = doing;
  seen.syscall = syscall;
  seen.run_cpu = 1;
  return seen;
}

TEST(SwitchTest, WhatAnAttachedTaskWasDoingIsKnownFromTheStart) {
  TraceBuilder t;
  t.at(10us).cpu(0).emit(TaskId{20}, attached(model::SeenDoing::kOnCpu));
  t.emit(TaskId{21}, attached(model::SeenDoing::kRunnable));
  t.emit(TaskId{22}, attached(model::SeenDoing::kBlocked, kFutex));
  t.emit(TaskId{23}, attached(model::SeenDoing::kUnknown));
  const Summary summary = analyze_events(t.events(), {{}, {}, ending_at(50us), {}});
  EXPECT_EQ(task_of(summary, TaskId{20}).on_cpu_ns, 40'000u);
  EXPECT_EQ(task_of(summary, TaskId{21}).runnable_ns, 40'000u);
  EXPECT_EQ(task_of(summary, TaskId{22}).blocked_by_syscall_ns.at("futex"), 40'000u);
  EXPECT_EQ(task_of(summary, TaskId{23}).unknown_ns, 40'000u);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(SwitchTest, TheAccountOfAnAttachedTasksFirstSwitchTellsWhatItDidBefore) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).attach("server", 50, 50);
  const TaskId b = t.attach("worker", 51, 50);
  t.at(30us).emit(a, model::Arrival{22'000, 30'000}).switch_to(a);
  t.at(40us).block_to(model::kIdleTask, kRead);
  std::vector<model::Event> events = t.events();
  TraceBuilder other = t;
  other.at(45us).cpu(1).switch_to(b);
  other.at(60us).emit(b, model::Arrival{0, 5'000}).block_to(model::kIdleTask, kRead);
  std::vector<model::Event> rest(
      other.events().begin() + static_cast<std::ptrdiff_t>(events.size()), other.events().end());
  std::erase_if(rest, [&](const model::Event& event) { return event.ts_ns == 45'000; });
  events.insert(events.end(), rest.begin(), rest.end());
  const Summary summary = analyze_events(events, {{}, {}, ending_at(60us), {}});
  EXPECT_EQ(task_of(summary, a).unknown_ns, 12'000u);
  EXPECT_EQ(task_of(summary, a).runnable_ns, 8'000u);
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 10'000u);
  EXPECT_EQ(task_of(summary, b).on_cpu_ns, 50'000u);  // since before it was attached to
  EXPECT_EQ(task_of(summary, b).slice_length.count(), 0u);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(SwitchTest, WhatTheTracepointsKeepSilentTheSchedulersAccountTells) {
  std::mt19937 random(11);
  std::uint64_t untold = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 4).run(500);
    AnalysisInput input;
    input.ending = ending_at(TraceBuilder::Ns(trace.now_ns()));
    const Summary full = analyze_events(trace.events(), input);
    const Summary told = analyze_events(conceal(trace.events(), random), input);
    untold += told.quality[Quality::untold_arrivals];
    EXPECT_EQ(told.quality[Quality::state_conflicts], 0u) << seed;
    EXPECT_EQ(told.quality[Quality::sequence_gaps], 0u) << seed;
    ASSERT_EQ(told.tasks.size(), full.tasks.size());
    for (const Task& task : full.tasks) {
      if (task.created_by == analyze::CreatedBy::kAttached) continue;  // the account knows more
      const Task& same = task_of(told, task.id);
      EXPECT_EQ(same.on_cpu_ns, task.on_cpu_ns) << seed;
      EXPECT_EQ(same.runnable_ns, task.runnable_ns) << seed;
      EXPECT_EQ(same.blocked_by_syscall_ns, task.blocked_by_syscall_ns) << seed;
      EXPECT_EQ(same.wakeups, task.wakeups) << seed;
      EXPECT_EQ(same.migrations, task.migrations) << seed;
      EXPECT_EQ(same.run_queue_latency.count(), task.run_queue_latency.count()) << seed;
      EXPECT_EQ(same.run_queue_latency.sum(), task.run_queue_latency.sum()) << seed;
      EXPECT_EQ(same.slice_length.sum(), task.slice_length.sum()) << seed;
    }
  }
  EXPECT_GT(untold, 1000u);
}

TEST(SwitchTest, AWaitThatTheSchedulersClockDidNotMeasureIsInNoHistogram) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead);
  // Woken untold, and coming in: its clock did not move in between.
  t.at(30us).emit(a, model::Arrival{30'000, 30'000}).switch_to(a);
  t.at(40us).block_to(model::kIdleTask, kRead);
  // The same, and untold that it came in.
  const auto untold = static_cast<std::ptrdiff_t>(t.at(50us).switch_to(a).events().size() - 1);
  t.at(60us).emit(a, model::Arrival{50'000, 50'000}).block_to(model::kIdleTask, kRead);
  // A wait that it did measure.
  t.at(80us).emit(a, model::Arrival{77'000, 80'000}).switch_to(a);
  std::vector<model::Event> events = t.events();
  events.erase(events.begin() + untold);
  const Task task = task_of(analyze_events(events, {{}, {}, ending_at(90us), {}}), a);
  EXPECT_EQ(task.run_queue_latency.count(), 1u);
  EXPECT_EQ(task.run_queue_latency.sum(), 3'000u);
  EXPECT_EQ(task.runnable_ns, 3'000u);
  EXPECT_EQ(task.blocked_ns, 15'000u + 10'000u + 17'000u);
  EXPECT_EQ(task.on_cpu_ns, 5'000u + 10'000u + 10'000u + 10'000u);
  EXPECT_EQ(task.unknown_ns, 0u);
  EXPECT_EQ(task.wakeups, 3u);
}

TEST(SwitchTest, AGapInTheSequenceIsUnknownTime) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead).at(20us).wake(a).cpu(1).at(21us).switch_to(a);
  std::vector<model::Event> events = t.events();
  events.erase(events.begin() + 2);  // it blocked at 15 us
  const Summary summary = analyze_events(events, {{}, {}, ending_at(50us), {}});
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.unknown_ns, 11'000u);
  EXPECT_EQ(task.on_cpu_ns, 29'000u);
  EXPECT_EQ(summary.quality[Quality::sequence_gaps], 1u);
  EXPECT_EQ(task.audit.switches, AuditVerdict::kNotComparable);
  EXPECT_EQ(task.audit.switches_remark, "records lost");
}

TEST(SwitchTest, WhoeverElseLeavesTheCpuShowsThatALeavingWasMissed) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead).at(20us).wake(a).at(21us).switch_to(a);
  t.at(30us).block_to(model::kIdleTask, kRead).at(40us).wake(a).at(41us).switch_to(a);
  std::vector<model::Event> events = t.events();
  events.erase(events.begin() + 5);  // it blocked at 30 us
  const Summary summary = analyze_events(events, {{}, {}, ending_at(50us), {}});
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.unknown_ns, 20'000u);
  EXPECT_EQ(task.on_cpu_ns, 14'000u);  // 10 … 15, and from 41 on
  EXPECT_EQ(task.blocked_ns, 5'000u);
  EXPECT_EQ(summary.quality[Quality::state_conflicts], 1u);
  EXPECT_EQ(task.audit.switches, AuditVerdict::kNotComparable);
}

TEST(SwitchTest, ALossThatWasToldKeepsWhatWasBeforeIt) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead);
  t.at(50us).cpu(1).lost(40us, 45us, LossClass::kWakeup, 3);
  t.at(60us).cpu(0).switch_to(a).at(62us).block_to(model::kIdleTask, kWrite);
  const Summary summary = analyze_events(t.events(), {{}, {}, ending_at(70us), {}});
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.blocked_by_syscall_ns.at("read"), 25'000u);
  EXPECT_EQ(task.unknown_ns, 20'000u);
  EXPECT_EQ(task.blocked_by_syscall_ns.at("write"), 8'000u);
  EXPECT_EQ(task.on_cpu_ns, 7'000u);
  ASSERT_EQ(summary.losses.size(), 1u);
  EXPECT_EQ(summary.losses[0].cpu, 1u);
  EXPECT_EQ(summary.losses[0].first_ns, 40'000u);
  EXPECT_EQ(summary.losses[0].counts[1], 3u);
}

TEST(SwitchTest, AnAgreeingSequenceExoneratesATaskFromALoss) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId b = t.at(11us).thread(101);
  t.at(12us).wake_new(b).at(13us).switch_to(b);
  t.at(40us).lost(20us, 30us, LossClass::kSwitch, 2).at(41us).switch_to(a);
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(task_of(summary, a).unknown_ns, 0u);
  EXPECT_EQ(task_of(summary, a).runnable_ns, 28'000u);
  EXPECT_EQ(task_of(summary, b).unknown_ns, 0u);
  EXPECT_EQ(task_of(summary, b).on_cpu_ns, 28'000u);
}

TEST(SwitchTest, WhatIsOpenAtTheEndIsInDoubtFromTheLossOn) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(30us).lost(20us, 25us, LossClass::kSwitch, 1);
  const Summary summary = analyze_events(t.events(), {{}, {}, ending_at(50us), {}});
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 10'000u);
  EXPECT_EQ(task_of(summary, a).unknown_ns, 30'000u);
  EXPECT_EQ(task_of(summary, a).audit.switches, AuditVerdict::kNotComparable);
}

TEST(SwitchTest, WhatTheSourceCountedIsTakenOver) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  AnalysisInput input;
  input.quality.add(Quality::malformed_records, 2);
  input.ending = ending_at(50us);
  const Summary summary = analyze_events(t.events(), input);
  EXPECT_EQ(summary.quality, input.quality);
  EXPECT_EQ(task_of(summary, a).unknown_ns, 40'000u);  // it may have been its own switch
}

TEST(SwitchTest, WithoutSwitchesInThePlanTimeIsUnknownAndNothingIsAmiss) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(11us).fault(first_touch()).at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  AnalysisInput input;
  input.metadata.plan = {{"switch", "", "not asked for"}, {"fault", "perf", ""}};
  const Summary summary = analyze_events(t.events(), input);
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.unknown_ns, 11'000u);
  EXPECT_EQ(task.end_ns, 21'000u);
  EXPECT_EQ(task.audit.switches, AuditVerdict::kNotComparable);
  EXPECT_EQ(task.audit.switches_remark, "switches were not recorded");
  EXPECT_EQ(task.audit.faults, AuditVerdict::kEqual);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(SwitchTest, WithoutWakeupsInThePlanBlockingHasNoEnd) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(15us).block_to(model::kIdleTask, kRead).at(30us).switch_to(a);
  AnalysisInput input;
  input.metadata.plan = {{"wakeup", "", "not asked for"}};
  input.ending = ending_at(32us);
  const Summary summary = analyze_events(t.events(), input);
  EXPECT_EQ(task_of(summary, a).unknown_ns, 15'000u);
  EXPECT_EQ(task_of(summary, a).unknown_by_cause_ns, (analyze::UnknownTimes{0, 0, 0, 15'000}));
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 7'000u);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(SwitchTest, UnknownTimeHasItsCause) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).attach("server", 50, 50);
  const TaskId b = t.attach("idler", 60, 60);
  t.at(20us).switch_to(a).at(30us).block_to(model::kIdleTask, kRead);
  t.at(45us).lost(40us, 41us, LossClass::kWakeup).at(50us).wake(a).at(51us).switch_to(a);
  AnalysisInput input;
  input.ending = ending_at(60us);
  const Summary summary = analyze_events(t.events(), input);
  const Task& server = task_of(summary, a);
  EXPECT_EQ(server.unknown_by_cause_ns[0], 10'000u);
  EXPECT_EQ(server.unknown_ns, server.unknown_by_cause_ns[0] + server.unknown_by_cause_ns[1]);
  EXPECT_EQ(task_of(summary, b).unknown_by_cause_ns, (analyze::UnknownTimes{50'000, 0, 0, 0}));
  EXPECT_EQ(summary.totals.unknown_by_cause_ns[0], 60'000u);

  std::vector<model::Event> events = t.events();  // its first switch out silently gone
  for (auto event = events.begin(); event != events.end(); ++event) {
    if (event->task != a || !std::holds_alternative<model::Switch>(event->payload)) continue;
    events.erase(event);
    break;
  }
  const Summary gone = analyze_events(events, input);
  EXPECT_EQ(task_of(gone, a).unknown_by_cause_ns[0], 10'000u);
  EXPECT_EQ(task_of(gone, a).unknown_by_cause_ns[2], 31'000u);
}

TEST(SwitchTest, OfAWholeTraceNothingIsUnknownButWhatAttachingFound) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 4).run(500);
    AnalysisInput input;
    input.ending = ending_at(TraceBuilder::Ns(trace.now_ns()) + 1ms);
    const Summary summary = analyze_events(trace.events(), input);
    EXPECT_EQ(summary.quality, model::DataQuality{}) << seed;
    EXPECT_EQ(summary.audit.tasks_differing, 0u) << seed;
    EXPECT_EQ(summary.audit.tasks_comparable, summary.audit.tasks) << seed;
    EXPECT_EQ(summary.audit.switches_recorded, summary.audit.switches_kernel) << seed;
    for (const Task& task : summary.tasks) {
      if (task.stranger) continue;
      EXPECT_EQ(accounted_ns(task), task.end_ns.value_or(summary.end_ns) - task.start_ns);
      if (task.created_by != analyze::CreatedBy::kAttached) {
        EXPECT_EQ(task.unknown_ns, 0u) << seed;
      }
    }
  }
}

// Whatever the events say, times add up and nothing breaks.
TEST(SwitchTest, EventsInAnyDisorderStillAddUp) {
  std::mt19937 random(3);
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::vector<model::Event> events = RandomTrace(seed, 2).run(300).events();
    for (int i = 0; i < 200; ++i) {
      model::Event& event = events[random() % events.size()];
      switch (random() % 5) {
        case 0:
          event.payload = events[random() % events.size()].payload;
          break;
        case 1:
          event.task = model::TaskId{static_cast<std::uint32_t>(random())};
          break;
        case 2:
          event.task = model::TaskId{static_cast<std::uint32_t>(random() % 20)};
          break;
        case 3:
          event.cpu = static_cast<std::uint16_t>(random());
          break;
        default:
          event.ts_ns += random() % 10'000;
          break;
      }
    }
    const Summary summary = analyze_events(events);
    for (const Task& task : summary.tasks) {
      if (task.stranger) continue;
      EXPECT_EQ(accounted_ns(task), task.end_ns.value_or(summary.end_ns) - task.start_ns) << seed;
    }
  }
}

}  // namespace
}  // namespace triptych::test
