// SPDX-License-Identifier: Apache-2.0
#include "analyze/dense_index.hpp"
#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::CreatedBy;
using analyze::Summary;
using analyze::Task;
using model::TaskId;

TEST(TaskTest, IdentityAndTheWayItWasCreated) {
  TraceBuilder t;
  const TaskId sh = t.at(10us).cpu(0).launch("sh", 100);
  const TaskId forked = t.at(11us).fork(101);
  const TaskId thread = t.at(12us).thread(102);
  const TaskId spawned = t.at(13us).vfork(103);
  const TaskId odd = t.at(14us).clone(104, 0x100, false);            // CLONE_VM alone
  const TaskId container = t.at(15us).clone(105, 0x20000000, true);  // CLONE_NEWPID
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(task_of(summary, sh).created_by, CreatedBy::kLaunched);
  EXPECT_EQ(task_of(summary, sh).parent_tid, 1);
  EXPECT_EQ(task_of(summary, forked).created_by, CreatedBy::kFork);
  EXPECT_EQ(task_of(summary, forked).parent, sh);
  EXPECT_EQ(task_of(summary, forked).parent_tid, 100);
  EXPECT_EQ(task_of(summary, forked).tgid, 101);
  EXPECT_EQ(task_of(summary, forked).start_ns, 11'000u);
  EXPECT_EQ(task_of(summary, thread).created_by, CreatedBy::kThread);
  EXPECT_EQ(task_of(summary, thread).tgid, 100);
  EXPECT_EQ(task_of(summary, spawned).created_by, CreatedBy::kVfork);
  EXPECT_EQ(task_of(summary, odd).created_by, CreatedBy::kClone);
  EXPECT_EQ(task_of(summary, container).created_by, CreatedBy::kClone);
  EXPECT_EQ(task_of(summary, odd).clone_flags, 0x100u);
  EXPECT_EQ(summary.totals.forks, 1u);
  EXPECT_EQ(summary.totals.threads_created, 1u);
  EXPECT_EQ(summary.totals.vforks, 1u);
  EXPECT_EQ(summary.totals.other_clones, 2u);
}

TEST(TaskTest, KernelMadeWorkersAreKindsOfTheirOwn) {
  model::TaskNew created;
  created.clone_flags = kThreadFlags;
  created.io_worker = true;
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  created.parent = a;
  t.at(11us).emit(TaskId{9}, created);
  created.io_worker = false;
  created.user_worker = true;
  t.at(12us).emit(TaskId{10}, created);
  created.user_worker = false;
  created.kthread = true;
  t.at(13us).emit(TaskId{11}, created);
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(task_of(summary, TaskId{9}).created_by, CreatedBy::kIoWorker);
  EXPECT_EQ(task_of(summary, TaskId{10}).created_by, CreatedBy::kUserWorker);
  EXPECT_EQ(task_of(summary, TaskId{11}).created_by, CreatedBy::kKthread);
  EXPECT_EQ(summary.totals.kernel_workers, 3u);
}

TEST(TaskTest, NamesExecsAndTheEnd) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
  t.at(11us).exec("ls", std::string_view("ls\0-l\0/tmp\0", 11)).at(12us).rename("ls: worker");
  t.at(20us).exit(0x0300).at(21us).end_to(model::kIdleTask).at(25us).free(a);
  const Summary summary = analyze_events(t.events());
  const Task& task = task_of(summary, a);
  EXPECT_EQ(task.comm, "ls: worker");
  EXPECT_EQ(task.names, (std::vector<std::string>{"sh", "ls"}));
  ASSERT_EQ(task.execs.size(), 1u);
  EXPECT_EQ(task.execs[0].ts_ns, 11'000u);
  EXPECT_EQ(task.execs[0].filename, "ls");
  EXPECT_EQ(task.execs[0].arguments, (std::vector<std::string>{"ls", "-l", "/tmp"}));
  EXPECT_EQ(task.exit_ns, 20'000u);
  EXPECT_EQ(task.end_ns, 21'000u);
  EXPECT_EQ(task.free_ns, 25'000u);
  EXPECT_EQ(task.exit_code, 0x0300u);
  EXPECT_EQ(task.peak_rss_bytes, 250u * 4096);
  EXPECT_EQ(summary.totals.execs, 1u);
  EXPECT_EQ(summary.totals.exits, 1u);
}

TEST(TaskTest, WhoIsNotReapedIsNotOnceTheParentHasEndedEither) {
  TraceBuilder t;
  const TaskId sh = t.at(10us).cpu(0).launch("sh", 100);
  const TaskId left = t.at(11us).fork(101);
  const TaskId reaped = t.at(12us).fork(102);
  t.at(13us).wake_new(left).wake_new(reaped).cpu(1).at(14us).switch_to(left);
  t.at(15us).exit(0).at(16us).end_to(reaped).at(17us).exit(0).at(18us).end_to(model::kIdleTask);
  t.at(30us).free(reaped).at(90ms).cpu(0).exit(0).at(91ms).end_to(model::kIdleTask);
  AnalysisInput input;
  input.ending = ending_at(100ms);
  Summary summary = analyze_events(t.events(), input);
  EXPECT_TRUE(task_of(summary, left).unreaped);
  EXPECT_FALSE(task_of(summary, left).zombie);
  EXPECT_FALSE(task_of(summary, reaped).unreaped);
  EXPECT_FALSE(task_of(summary, sh).unreaped);
  t.at(95ms).free(left);  // by init
  summary = analyze_events(t.events(), input);
  EXPECT_TRUE(task_of(summary, left).unreaped);
  EXPECT_FALSE(task_of(summary, reaped).unreaped);
}

TEST(TaskTest, TimesInUserAndKernelModeCountFromTheBaselineToTheEnd) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
  const TaskId child = t.at(11us).fork(101);
  t.at(12us).wake_new(child).at(20us).exit(0).at(21us).end_to(child);
  std::vector<model::Event> events = t.events();
  for (model::Event& event : events) {
    if (auto* baseline = std::get_if<model::TaskBaseline>(&event.payload)) {
      baseline->counters.utime_ns = 1'000;
      baseline->counters.stime_ns = 20'000;
    } else if (auto* end = std::get_if<model::TaskEnd>(&event.payload)) {
      end->counters.utime_ns = 5'000;
      end->counters.stime_ns = 70'000;
    }
  }
  const Summary summary = analyze_events(events);
  EXPECT_EQ(task_of(summary, a).user_ns, 4'000u);
  EXPECT_EQ(task_of(summary, a).system_ns, 50'000u);
  EXPECT_EQ(task_of(summary, child).user_ns, std::nullopt);
  EXPECT_EQ(task_of(summary, child).system_ns, std::nullopt);
}

TEST(TaskTest, NamesAndExecsAreBounded) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
  for (int i = 0; i < 100; ++i) t.after(1us).exec("name" + std::to_string(i));
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(task_of(summary, a).names.size(), 8u);
  EXPECT_EQ(task_of(summary, a).names[0], "sh");
  EXPECT_EQ(task_of(summary, a).execs.size(), 64u);
  EXPECT_EQ(task_of(summary, a).comm, "name99");
  EXPECT_EQ(summary.totals.execs, 100u);
}

TEST(TaskTest, OrphansOutliveTheProcessThatMadeThem) {
  TraceBuilder t;
  const TaskId sh = t.at(10us).cpu(0).launch("sh", 100);
  const TaskId child = t.at(11us).fork(101);
  t.at(12us).wake_new(child).cpu(1).at(13us).switch_to(child);
  const TaskId early = t.at(14us).fork(102);
  t.at(15us).wake_new(early).cpu(2).at(16us).switch_to(early).at(17us).exit(0);
  t.at(18us).end_to(model::kIdleTask).at(19us).free(early);
  t.cpu(0).at(20us).exit(0).at(21us).end_to(model::kIdleTask);
  t.cpu(1).at(30us).exit(0).at(31us).end_to(model::kIdleTask);
  const Summary summary = analyze_events(t.events());
  EXPECT_FALSE(task_of(summary, sh).orphaned);
  EXPECT_TRUE(task_of(summary, child).orphaned);
  EXPECT_FALSE(task_of(summary, early).orphaned);
}

TEST(TaskTest, AThreadKeepsItsProcessAlive) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId thread = t.at(11us).thread(101);
  t.at(12us).wake_new(thread).cpu(1).at(13us).switch_to(thread).cpu(0);
  const TaskId child = t.at(14us).fork(102);
  t.at(20us).exit(0, false).at(21us).end_to(model::kIdleTask);
  EXPECT_FALSE(task_of(analyze_events(t.events()), child).orphaned);
  t.cpu(1).at(30us).exit(0).at(31us).end_to(model::kIdleTask);
  EXPECT_TRUE(task_of(analyze_events(t.events()), child).orphaned);
}

TEST(TaskTest, ZombiesWereNotReaped) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId left = t.at(11us).fork(101);
  const TaskId reaped = t.at(12us).fork(102);
  t.at(13us).wake_new(left).wake_new(reaped).cpu(1).at(14us).switch_to(left);
  t.at(15us).exit(0).at(16us).end_to(reaped).at(17us).exit(0).at(18us).end_to(model::kIdleTask);
  t.at(30us).free(reaped);
  AnalysisInput input;
  input.ending = ending_at(100ms);
  EXPECT_TRUE(task_of(analyze_events(t.events(), input), left).zombie);
  EXPECT_FALSE(task_of(analyze_events(t.events(), input), reaped).zombie);
  input.ending = ending_at(10ms);  // too early to know: reaping shows late
  EXPECT_FALSE(task_of(analyze_events(t.events(), input), left).zombie);
  EXPECT_FALSE(task_of(analyze_events(t.events(), input), left).unreaped);
  t.at(20ms).lost(19ms, 19ms, model::LossClass::kTask);
  input.ending = ending_at(100ms);
  EXPECT_FALSE(task_of(analyze_events(t.events(), input), left).zombie);
}

TEST(TaskTest, ATaskWithoutABeginningIsCountedAndKept) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId b = t.at(11us).fork(101);
  t.at(12us).wake_new(b).cpu(1).at(14us).switch_to(b).at(20us).block_to(model::kIdleTask, kRead);
  std::vector<model::Event> events = t.events();
  events.erase(events.begin() + 2);  // its creation
  const Summary summary = analyze_events(events, {{}, {}, ending_at(30us), {}});
  EXPECT_EQ(summary.quality[model::Quality::unknown_tasks], 1u);
  const Task& task = task_of(summary, b);
  EXPECT_EQ(task.created_by, CreatedBy::kUnknown);
  EXPECT_EQ(task.start_ns, 12'000u);
  EXPECT_EQ(task.on_cpu_ns, 6'000u);
  EXPECT_EQ(task.audit.switches, analyze::AuditVerdict::kNotComparable);
  EXPECT_EQ(summary.totals.forks, 0u);
  static_cast<void>(a);
}

TEST(TaskTest, TimeDoesNotRunBackwards) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).fault(first_touch()).at(5us).block_to(model::kIdleTask, kRead);
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(task_of(summary, a).on_cpu_ns, 10'000u);
  EXPECT_EQ(summary.end_ns, 20'000u);
}

TEST(DenseIndexTest, AWildSerialTakesNoRoom) {
  analyze::DenseIndex<TaskId> index;
  EXPECT_EQ(index.find(TaskId{7}), index.kNone);
  index.insert(TaskId{7}, 0);
  index.insert(TaskId{0xfffffff0}, 1);
  index.insert(TaskId{3'000'000'000}, 2);
  EXPECT_EQ(index.find(TaskId{7}), 0u);
  EXPECT_EQ(index.find(TaskId{0xfffffff0}), 1u);
  EXPECT_EQ(index.find(TaskId{3'000'000'000}), 2u);
  EXPECT_EQ(index.find(TaskId{8}), index.kNone);
  for (std::uint32_t i = 0; i < 200'000; ++i) index.insert(TaskId{i + 10}, i);
  EXPECT_EQ(index.find(TaskId{200'009}), 199'999u);
  EXPECT_EQ(index.find(TaskId{0xfffffff0}), 1u);
}

}  // namespace
}  // namespace triptych::test
