// SPDX-License-Identifier: Apache-2.0
#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::AuditVerdict;
using analyze::FaultKind;
using analyze::Summary;
using analyze::Task;
using model::MarkType;
using model::TaskId;

struct Marked {
  TraceBuilder t;
  TaskId a{}, b{};
};

Marked marked_trace() {
  Marked m;
  TraceBuilder& t = m.t;
  m.a = t.at(10us).cpu(0).launch("a", 100);
  m.b = t.at(11us).fork(101);
  t.at(12us).wake_new(m.b).cpu(1).at(13us).switch_to(m.b);
  t.cpu(0).at(15us).fault(first_touch()).at(20us).mark("work", MarkType::kBegin);
  t.at(22us).fault(cow_copy()).at(23us).fault(cow_copy());
  t.at(30us).block_to(model::kIdleTask, kRead).at(35us).wake(m.a).at(36us).switch_to(m.a);
  t.cpu(1).at(37us).fault(cow_copy()).at(38us).block_to(model::kIdleTask, kFutex);
  t.cpu(0).at(40us).mark("work", MarkType::kEnd).at(41us).fault(first_touch());
  t.cpu(1).at(50us).wake(m.b).at(51us).switch_to(m.b);
  t.cpu(0).at(60us).exit(0).at(61us).end_to(model::kIdleTask);
  return m;
}

TEST(MarkTest, JustWhatIsBetweenTheMarks) {
  const Marked m = marked_trace();
  AnalysisInput input;
  input.window = {"work", "work"};
  input.ending = ending_at(70us);
  const Summary summary = analyze_events(m.t.events(), input);
  EXPECT_EQ(summary.begin_ns, 20'000u);
  EXPECT_EQ(summary.end_ns, 40'000u);
  const Task& a = task_of(summary, m.a);
  EXPECT_EQ(a.on_cpu_ns, 14'000u);
  EXPECT_EQ(a.blocked_ns, 5'000u);
  EXPECT_EQ(a.runnable_ns, 1'000u);
  EXPECT_EQ(a.unknown_ns, 0u);
  EXPECT_EQ(a.switches.voluntary, 1u);
  EXPECT_EQ(a.faults.total, 2u);
  EXPECT_EQ(a.end_ns, std::nullopt);
  EXPECT_EQ(a.audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(a.audit.kernel_voluntary, 1u);
  EXPECT_EQ(a.audit.faults, AuditVerdict::kEqual);
  EXPECT_EQ(a.audit.kernel_faults, 2u);
  const Task& b = task_of(summary, m.b);
  EXPECT_EQ(b.on_cpu_ns, 18'000u);
  EXPECT_EQ(b.blocked_by_syscall_ns.at("futex"), 2'000u);  // clipped
  EXPECT_EQ(b.audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(b.audit.switches_remark,
            "alive at a mark that another task set: compared by sequence number");
  EXPECT_EQ(b.audit.faults, AuditVerdict::kNotComparable);
  EXPECT_EQ(b.audit.faults_remark,
            "alive at a mark that another task set, so its counters then are not in the trace");
  EXPECT_EQ(summary.totals.forks, 0u);
  EXPECT_EQ(summary.totals.cow.copies, 3u);
  ASSERT_EQ(summary.forks.size(), 1u);  // made before, but its pages are copied now
  EXPECT_EQ(summary.forks[0].cow_parent.copies, 2u);
  EXPECT_EQ(summary.forks[0].cow_child.copies, 1u);
  ASSERT_EQ(summary.marks.size(), 2u);
  EXPECT_EQ(summary.marks[0].name, "work");
  EXPECT_EQ(summary.marks[0].tid, 100);
  EXPECT_EQ(summary.marks[1].type, MarkType::kEnd);
  EXPECT_FALSE(summary.audit.faults_counted.has_value());
}

// A forks B and waits for it between marks of its own: B's whole life lies between them.
TEST(MarkTest, WhoLivesBetweenTheMarksIsComparedFromZeroToItsEnd) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  const TaskId early = t.at(11us).fork(101);
  t.at(12us).wake_new(early).cpu(1).at(13us).switch_to(early).at(14us).exit(0).at(15us);
  t.end_to(model::kIdleTask).cpu(0).at(20us).mark("work", MarkType::kBegin);
  const TaskId b = t.at(21us).fork(102);
  t.at(22us).wake_new(b).cpu(1).at(23us).switch_to(b).fault(first_touch()).unseen_faults(2);
  t.at(24us).block_to(model::kIdleTask, kRead).at(25us).wake(b).at(26us).switch_to(b);
  t.at(27us).exit(0).at(28us).end_to(model::kIdleTask);
  const TaskId late = t.cpu(0).at(29us).fork(103);
  t.at(30us).wake_new(late).at(40us).mark("work", MarkType::kEnd);
  const AnalysisInput input{{}, {"work", "work"}, ending_at(70us), {}};
  Summary summary = analyze_events(t.events(), input);
  EXPECT_EQ(summary.audit.tasks, 3u);  // not the one that ended before
  EXPECT_EQ(summary.audit.tasks_comparable, 3u);
  EXPECT_EQ(summary.audit.switches_recorded, 2u);
  EXPECT_EQ(summary.audit.switches_kernel, 2u);
  const analyze::TaskAudit& audit = task_of(summary, b).audit;
  EXPECT_EQ(audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(audit.switches_remark, "");
  EXPECT_EQ(audit.kernel_voluntary, 2u);
  EXPECT_EQ(audit.faults, AuditVerdict::kEqual);
  EXPECT_EQ(audit.kernel_faults, 3u);
  EXPECT_EQ(audit.kernel_taken_faults, 2);
  EXPECT_EQ(task_of(summary, late).audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(task_of(summary, late).audit.faults, AuditVerdict::kNotComparable);

  std::vector<model::Event> events = t.events();  // one of B's switches silently gone
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].task != b || !std::holds_alternative<model::Switch>(events[i].payload)) continue;
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  summary = analyze_events(events, input);
  EXPECT_NE(task_of(summary, b).audit.switches, AuditVerdict::kEqual);
  static_cast<void>(a);
}

TEST(MarkTest, WithoutAWindowMarksAreJustListed) {
  const Marked m = marked_trace();
  const Summary summary = analyze_events(m.t.events());
  ASSERT_EQ(summary.marks.size(), 2u);
  EXPECT_EQ(summary.marks[1].counters.nvcsw, 41u);
  EXPECT_EQ(summary.totals.forks, 1u);
  EXPECT_EQ(summary.begin_ns, 10'000u);
}

TEST(MarkTest, FromAMarkToTheEndAndFromTheBeginningToAMark) {
  const Marked m = marked_trace();
  AnalysisInput input;
  input.ending = ending_at(70us);
  input.window.from_mark = "work";
  Summary summary = analyze_events(m.t.events(), input);
  EXPECT_EQ(summary.begin_ns, 20'000u);
  EXPECT_EQ(summary.end_ns, 70'000u);
  EXPECT_EQ(task_of(summary, m.a).audit.switches, AuditVerdict::kEqual);
  EXPECT_EQ(task_of(summary, m.a).audit.kernel_voluntary, 2u);
  input.window = {"", "work"};
  summary = analyze_events(m.t.events(), input);
  EXPECT_EQ(summary.begin_ns, 10'000u);
  EXPECT_EQ(summary.end_ns, 40'000u);
  EXPECT_EQ(task_of(summary, m.a).audit.kernel_voluntary, 1u);
  EXPECT_EQ(summary.totals.forks, 1u);
}

TEST(MarkTest, APointIsBothAndTheSecondOneEnds) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).mark("tick").at(30us).mark("tick").at(40us).mark("tick");
  const Summary summary = analyze_events(t.events(), {{}, {"tick", "tick"}, {}, {}});
  EXPECT_EQ(summary.begin_ns, 20'000u);
  EXPECT_EQ(summary.end_ns, 30'000u);
}

TEST(MarkTest, AMissingMarkIsAnErrorThatListsThoseThatAreThere) {
  const Marked m = marked_trace();
  Result<Summary> result = try_analyze(m.t.events(), {{}, {"play", ""}, {}, {}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  EXPECT_EQ(result.error().message, "no begin or point mark 'play' is in the trace");
  EXPECT_EQ(result.error().hint, "marks in the trace: work");
  result = try_analyze(m.t.events(), {{}, {"work", "rest"}, {}, {}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "no end or point mark 'rest' is in the trace after 'work'");
  TraceBuilder none;
  none.at(1us).cpu(0).launch("a", 100);
  result = try_analyze(none.events(), {{}, {"work", ""}, {}, {}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().hint, "the trace has no marks; see 'triptych mark --help'");
}

}  // namespace
}  // namespace triptych::test
