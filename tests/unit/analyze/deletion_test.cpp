// SPDX-License-Identifier: Apache-2.0
//
// "Loss makes unknown, never wrong": every single event of a whole trace is taken out in turn, once
// silently and once with what the recorder would have said of the loss; and whole traces are cut
// off, at another moment on each CPU, as by a killed recorder. Nothing may be claimed then that the
// whole trace does not say too.
//
// What a silent deletion cannot show in principle is left out, by rule: a change of a task's state
// that nothing afterwards speaks of (no later switch of that task, nor on that CPU), before a loss
// that may explain what does not fit and before the moment up to which a cut trace is whole; a
// wakeup before which, by the scheduler's own account, the task was queued; names, marks and the
// reaping of a task, which no other event confirms.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "analyze_support.hpp"
#include "golden/golden_directory.hpp"
#include "random_trace.hpp"
#include "summary_order.hpp"
#include "trace/source.hpp"
#include "untold.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::AuditVerdict;
using analyze::Summary;
using analyze::Task;
using model::Event;
using model::LossClass;
using model::TaskId;

LossClass class_of(const Event& event) {
  return std::visit(model::Overloaded{
                        [](const model::Switch&) { return LossClass::kSwitch; },
                        [](const model::Arrival&) { return LossClass::kSwitch; },
                        [](const model::Wakeup&) { return LossClass::kWakeup; },
                        [](const model::Fault&) { return LossClass::kFault; },
                        [](const model::Mark&) { return LossClass::kMark; },
                        [](const auto&) { return LossClass::kTask; },
                    },
                    event.payload);
}

// Event i is gone; before the next one on its CPU stands what the recorder knows of it, or, when
// none follows there, the ending does. With neither, as in a cut trace, nobody tells of it.
struct Deleted {
  std::vector<Event> events;
  std::optional<model::Ending> ending;
  bool told = false;
};

Deleted delete_silently(const std::vector<Event>& events, std::size_t i,
                        const std::optional<model::Ending>& ending) {
  Deleted result{events, ending, false};
  result.events.erase(result.events.begin() + static_cast<std::ptrdiff_t>(i));
  return result;
}

Deleted delete_as_lost(const std::vector<Event>& events, std::size_t i,
                       const std::optional<model::Ending>& ending) {
  Deleted result = delete_silently(events, i, ending);
  const auto loss = static_cast<std::size_t>(class_of(events[i]));
  result.told = result.ending.has_value();
  if (result.ending) ++result.ending->counters.lost[loss];
  for (std::size_t k = i; k < result.events.size(); ++k) {
    if (result.events[k].cpu != events[i].cpu) continue;
    model::Lost lost;
    lost.first_ns = lost.last_ns = events[i].ts_ns;
    lost.counts[loss] = 1;
    Event event;
    event.ts_ns = result.events[k].ts_ns;
    event.cpu = events[i].cpu;
    event.payload = lost;
    result.events.insert(result.events.begin() + static_cast<std::ptrdiff_t>(k), event);
    result.told = true;
    return result;
  }
  return result;
}

bool switches(const Event& event, TaskId task) {
  const auto* change = std::get_if<model::Switch>(&event.payload);
  return change != nullptr && (event.task == task || change->next == task);
}

// Up to when every CPU's events are there.
model::TimeNs whole_until(const std::vector<Event>& events, bool cut) {
  std::map<std::uint16_t, model::TimeNs> last;
  for (const Event& event : events) last[event.cpu] = event.ts_ns;
  model::TimeNs until = events.empty() ? 0 : events.back().ts_ns;
  for (const auto& [cpu, ts_ns] : last) until = cut ? std::min(until, ts_ns) : until;
  return until;
}

// Tasks whose state event i changed, and of which no later switch gives evidence.
std::set<TaskId> unprovable(const std::vector<Event>& events, std::size_t i, model::TimeNs until) {
  std::set<TaskId> tasks;
  const Event& gone = events[i];
  const auto unconfirmed = [&](TaskId task) {
    for (std::size_t k = i + 1; k < events.size() && events[k].ts_ns <= until; ++k) {
      const auto* lost = std::get_if<model::Lost>(&events[k].payload);
      if (lost != nullptr && lost->may_be_of(LossClass::kSwitch)) return true;
      if (switches(events[k], task)) return false;
    }
    return true;
  };
  if (const auto* change = std::get_if<model::Switch>(&gone.payload)) {
    for (const TaskId task : {gone.task, change->next}) {
      if (unconfirmed(task)) tasks.insert(task);
    }
  } else if (std::holds_alternative<model::Wakeup>(gone.payload) && unconfirmed(gone.task)) {
    tasks.insert(gone.task);
  }
  return tasks;
}

// By the scheduler's own account the task was queued a moment before the wakeup that is gone.
bool queued_before(const std::vector<Event>& events, std::size_t i) {
  if (!std::holds_alternative<model::Wakeup>(events[i].payload)) return false;
  for (std::size_t k = i + 1; k < events.size(); ++k) {
    if (events[k].task != events[i].task) continue;
    const auto* arrival = std::get_if<model::Arrival>(&events[k].payload);
    return arrival != nullptr && arrival->queued_ns < events[i].ts_ns;
  }
  return false;
}

// The audit of the task that the event counted for must not say that all is well.
std::string audit_complaint(const Event& gone, const Summary& less, bool silent, bool last) {
  const Task* task = find_task(less, gone.task);
  if (task == nullptr) return {};
  if (const auto* change = std::get_if<model::Switch>(&gone.payload)) {
    if (!change->prev_target || task->audit.switches != AuditVerdict::kEqual) return {};
    return silent && last ? "" : "its switches are said to be equal";
  }
  if (const auto* fault = std::get_if<model::Fault>(&gone.payload)) {
    if (fault->unresolved || fault->kernel_taken) return {};
    return task->audit.faults == AuditVerdict::kEqual ? "its faults are said to be equal" : "";
  }
  if (std::holds_alternative<model::TaskEnd>(gone.payload)) {
    if (less.summary_only) return {};  // the last summary has the kernel's counters, too
    return task->audit.switches == AuditVerdict::kEqual ? "its switches are said to be equal" : "";
  }
  return {};
}

// An exec shows by itself, or by the new address space that the task then faults in or forks from.
bool leaves_no_trace(const std::vector<Event>& events, std::size_t i) {
  if (std::holds_alternative<model::TaskFree>(events[i].payload)) return true;
  if (!std::holds_alternative<model::TaskExec>(events[i].payload)) return false;
  for (std::size_t k = i + 1; k < events.size(); ++k) {
    const auto* created = std::get_if<model::TaskNew>(&events[k].payload);
    if (created != nullptr && created->parent == events[i].task) return false;
    if (events[k].task != events[i].task) continue;
    if (std::holds_alternative<model::Fault>(events[k].payload)) return false;
    if (std::holds_alternative<model::TaskExec>(events[k].payload)) return true;
  }
  return true;
}

using Deletion = std::function<Deleted(const std::vector<Event>&, std::size_t,
                                       const std::optional<model::Ending>&)>;

void delete_each(const std::vector<Event>& events, const AnalysisInput& input,
                 const std::string& name, const Deletion& deletion, bool silently) {
  const Summary full = analyze_events(events, input);
  const model::TimeNs until = whole_until(events, !input.ending);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Deleted deleted = deletion(events, i, input.ending);
    const bool silent = silently || !deleted.told;
    if (silent && leaves_no_trace(events, i)) continue;
    AnalysisInput damaged = input;
    damaged.ending = deleted.ending;
    const Summary less = analyze_events(deleted.events, damaged);
    std::set<TaskId> excused;
    if (silent) excused = unprovable(events, i, until);
    if (queued_before(events, i)) excused.insert(events[i].task);
    std::vector<std::string> grown = what_grew(full, less, excused);
    const bool last = excused.count(events[i].task) != 0;
    const std::string complaint = audit_complaint(events[i], less, silent, last);
    if (!complaint.empty()) grown.push_back(complaint);
    EXPECT_THAT(grown, testing::IsEmpty())
        << name << ", without event " << i << " at " << events[i].ts_ns << " (payload "
        << events[i].payload.index() << ", task " << static_cast<std::uint32_t>(events[i].task)
        << ", cpu " << events[i].cpu << ")";
    if (!grown.empty()) return;
  }
}

void delete_each_in_every_way(const std::vector<Event>& events, const AnalysisInput& input,
                              const std::string& name) {
  delete_each(events, input, name + ", silently", delete_silently, true);
  delete_each(events, input, name + ", as lost", delete_as_lost, false);
}

void delete_each_in_every_way(const std::vector<Event>& events, const std::string& name) {
  AnalysisInput input;
  input.ending = ending_at(TraceBuilder::Ns(events.back().ts_ns) + 1ms);
  delete_each_in_every_way(events, input, name);
}

// A shell with a thread forks twice; the parent and both children write; the second execs;
// everybody is preempted, woken and reaped. Written so that each rule of attribution could go
// wrong.
TraceBuilder rich_trace() {
  TraceBuilder t;
  const TaskId sh = t.at(1ms).cpu(0).launch("sh", 100);
  const TaskId stranger = t.stranger("kworker/0:1", 9);
  t.after(2us).fault(first_touch()).after(2us).mark("load", model::MarkType::kBegin);
  const TaskId worker = t.after(5us).thread(101);
  t.after(1us).wake_new(worker).after(2us).clone_return(worker, 9us);
  t.cpu(1).after(4us).switch_to(worker).after(3us).fault(first_touch());
  const TaskId older = t.cpu(0).after(5us).fork(102);
  t.after(1us).wake_new(older).after(9us).clone_return(older, 60us);
  t.after(5us).fault(cow_copy()).after(3us).fault(wp_reuse()).after(3us).fault(cow_copy());
  t.cpu(1).after(3us).switch_to(older).after(2us).fault(cow_copy());
  const TaskId newer = t.cpu(0).after(5us).fork(103);
  t.cpu(1).after(1us).fault(cow_copy());
  t.cpu(0).after(1us).wake_new(newer).after(1us).clone_return(newer, 50us);
  t.after(3us).fault(cow_copy()).after(4us).switch_to(newer);
  t.after(2us).fault(cow_copy()).after(2us).exec("ls", std::string_view("ls\0-l\0", 6));
  t.after(2us).fault(first_touch()).after(3us).fault(file_read());
  t.cpu(1)
      .after(2us)
      .switch_to(worker)
      .after(3us)
      .fault(cow_copy())
      .after(2us)
      .block_to(sh, kFutex);
  t.after(2us).fault(cow_copy()).after(2us).wake(worker, sh).after(3us).switch_to(stranger);
  t.cpu(0).after(4us).exit(0).after(3us).end_to(worker).after(3us).free(newer);
  t.after(2us).fault(cow_copy()).after(2us).yield_to(older);
  t.cpu(1).after(4us).switch_to(sh).after(3us).fault(cow_copy()).after(1us);
  t.mark("load", model::MarkType::kEnd).after(1us).block_to(worker, kWait4);
  t.after(3us).rename("helper").after(1us).exit(0, false).after(1us).end_to(model::kIdleTask);
  t.cpu(0).after(3us).fault(cow_copy()).after(2us).exit(256).wake(sh, older);
  t.after(2us).end_to(sh).after(4us).fault(cow_copy()).after(2us).free(older);
  t.after(5us).fault(unresolved()).after(3us).exit(0).after(3us).end_to(model::kIdleTask);
  t.after(9us).free(sh);
  return t;
}

TEST(DeletionTest, ARichTraceIsWhole) {
  const TraceBuilder trace = rich_trace();
  const Summary summary = analyze_events(trace.events());
  EXPECT_EQ(summary.audit.tasks, 4u);
  EXPECT_EQ(summary.audit.tasks_comparable, 4u);
  EXPECT_EQ(summary.audit.tasks_differing, 0u);
  EXPECT_EQ(summary.totals.unknown_ns, 0u);
  EXPECT_EQ(summary.quality, model::DataQuality{});
}

TEST(DeletionTest, WithoutAnyOneEventOfARichTraceOnlyUnknownGrows) {
  delete_each_in_every_way(rich_trace().events(), "rich trace");
}

TEST(DeletionTest, WithoutAnyOneEventOfRandomTracesOnlyUnknownGrows) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 3).run(160);
    delete_each_in_every_way(trace.events(), "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

TEST(DeletionTest, WithoutAnyOneEventOfTracesWithUntoldArrivalsOnlyUnknownGrows) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 3).run(160);
    std::mt19937 random(seed);
    delete_each_in_every_way(conceal(trace.events(), random), "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

class GoldenTrace : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTrace, WithoutAnyOneEventOnlyUnknownGrows) {
  if (is_sanitized() && !is_representative(GetParam())) return;
  auto source = trace::open_source((golden_directory() / GetParam() / "trace.txt").string());
  ASSERT_TRUE(source) << source.error().message;
  std::vector<Event> events;
  for (Event event; (*source)->next(event);) events.push_back(event);
  ASSERT_FALSE((*source)->error()) << (*source)->error()->message;
  AnalysisInput input;
  input.metadata = (*source)->metadata();
  input.ending = (*source)->ending();
  input.quality = (*source)->quality();
  delete_each_in_every_way(events, input, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Traces, GoldenTrace, testing::ValuesIn(golden_cases()),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// What was in the rings when the recorder was killed is missing, on each CPU from another moment
// on.
std::vector<Event> cut(const std::vector<Event>& events, std::mt19937& random) {
  std::map<std::uint16_t, model::TimeNs> last;
  const model::TimeNs begin = events.front().ts_ns;
  const model::TimeNs length = events.back().ts_ns - begin + 1;
  std::vector<Event> kept;
  for (const Event& event : events) {
    const auto [entry, first] = last.try_emplace(event.cpu, 0);
    if (first) entry->second = begin + random() % length;
    if (event.ts_ns <= entry->second) kept.push_back(event);
  }
  return kept;
}

TEST(DeletionTest, ACutTraceClaimsNothingThatTheWholeOneDoesNot) {
  std::mt19937 random(7);
  for (unsigned seed = 1; seed <= 100; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 3).run(200);
    AnalysisInput whole;
    whole.ending = ending_at(TraceBuilder::Ns(trace.now_ns()) + 1ms);
    AnalysisInput damaged;
    damaged.quality.add(model::Quality::recording_cut);
    const std::vector<Event> kept = cut(trace.events(), random);
    const std::vector<std::string> grown =
        what_grew(analyze_events(trace.events(), whole), analyze_events(kept, damaged), {});
    EXPECT_THAT(grown, testing::IsEmpty()) << "seed " << seed;
  }
}

// Several losses at once, each told of.
TEST(DeletionTest, BurstsOfLossOnlyMakeUnknownGrow) {
  std::mt19937 random(11);
  for (unsigned seed = 1; seed <= 100; ++seed) {
    const TraceBuilder trace = RandomTrace(seed, 1 + seed % 3).run(300);
    AnalysisInput input;
    input.ending = ending_at(TraceBuilder::Ns(trace.now_ns()) + 1ms);
    const Summary full = analyze_events(trace.events(), input);
    std::vector<Event> kept;
    std::map<std::uint16_t, model::Lost> pending;
    std::map<std::uint16_t, bool> losing;
    for (const Event& event : trace.events()) {
      bool& lossy = losing[event.cpu];
      if (random() % (lossy ? 6 : 40) == 0) lossy = !lossy;
      model::Lost& lost = pending[event.cpu];
      const auto loss = static_cast<std::size_t>(class_of(event));
      if (lossy) {
        if (lost == model::Lost{}) lost.first_ns = event.ts_ns;
        lost.last_ns = event.ts_ns;
        ++lost.counts[loss];
        ++input.ending->counters.lost[loss];
        continue;
      }
      if (!(lost == model::Lost{})) {
        Event told;
        told.ts_ns = event.ts_ns;
        told.cpu = event.cpu;
        told.payload = lost;
        kept.push_back(told);
        lost = model::Lost{};
      }
      kept.push_back(event);
    }
    const std::vector<std::string> grown = what_grew(full, analyze_events(kept, input), {});
    EXPECT_THAT(grown, testing::IsEmpty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace triptych::test
