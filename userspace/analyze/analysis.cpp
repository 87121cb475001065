// SPDX-License-Identifier: Apache-2.0
#include "analyze/analysis.hpp"

#include <algorithm>
#include <limits>

#include "analyze/address_spaces.hpp"
#include "analyze/audit.hpp"
#include "analyze/coroutine_tracker.hpp"
#include "analyze/counting_window.hpp"
#include "analyze/fault_tracker.hpp"
#include "analyze/fork_tracker.hpp"
#include "analyze/loss_tracker.hpp"
#include "analyze/mark_tracker.hpp"
#include "analyze/stack_tracker.hpp"
#include "analyze/summary_builder.hpp"
#include "analyze/summary_mode.hpp"
#include "analyze/sums.hpp"
#include "analyze/switch_tracker.hpp"
#include "analyze/task_table.hpp"

namespace triptych::analyze {
namespace {

using model::LossClass;
using model::Quality;

// The recorder writes out at least once a second.
constexpr std::uint64_t kUnwrittenNs = 2'000'000'000;

// A trace without a plan (a text trace, say) is taken to have everything.
bool was_recorded(const model::Metadata& metadata, std::string_view event) {
  bool planned = false;
  for (const model::PlannedEvent& entry : metadata.plan) {
    if (entry.event != event) continue;
    planned = true;
    if (!entry.hook.empty()) return true;
  }
  return !planned;
}

Recorded recorded_kinds(const model::Metadata& metadata) {
  Recorded recorded;
  recorded.summaries = metadata.summary_only;
  recorded.switches = was_recorded(metadata, "switch");
  recorded.wakeups = was_recorded(metadata, "wakeup");
  recorded.faults = was_recorded(metadata, "fault");
  return recorded;
}

std::uint64_t pages_to_bytes(std::uint64_t pages, std::uint32_t page_size) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / page_size;
  return std::min(pages, most) * page_size;
}

}  // namespace

struct Analysis::Impl {
  Impl(const model::Metadata& about, Window wanted, std::uint64_t slow_step_ns, IntervalSink sink,
       CoroutineSink coroutine_sink)
      : metadata(about),
        intervals(std::move(sink)),
        coroutine_changes(std::move(coroutine_sink)),
        recorded(recorded_kinds(about)),
        page_size(std::clamp<std::uint32_t>(about.host.page_size, 512, 1u << 20)),
        coroutines(tasks, window, slow_step_ns, intervals, coroutine_changes),
        marks(std::move(wanted), window) {}

  void push(const model::Event& event);
  void fault(const model::Event& event, const model::Fault& fault);
  void change(const model::Event& event, const model::Switch& change);
  void wakeup(const model::Event& event, const model::Wakeup& wakeup);
  void sampled(const model::Event& event, const model::Sample& sample);
  void rare(const model::Event& event);
  bool about_coroutines(const model::Event& event);
  void created(const model::Event& event, const model::TaskNew& created);
  void seen(const model::Event& event, const model::TaskSeen& seen);
  void baseline(const model::Event& event, const model::TaskBaseline& baseline);
  void exec(const model::Event& event, const model::TaskExec& exec);
  void exit(const model::Event& event, const model::TaskExit& exit);
  void end(const model::Event& event, const model::TaskEnd& end);
  void bury(TaskRecord& record, model::TimeNs ts_ns);
  void tell_creation(TaskRecord& child, const model::CloneReturn* returned,
                     model::TimeNs returned_ns);
  [[nodiscard]] model::TimeNs begin_ns() const;

  [[nodiscard]] model::TimeNs trace_end(const std::optional<model::Ending>& ending) const;
  void doubt_end(const std::optional<model::Ending>& ending, const model::DataQuality& source,
                 model::TimeNs end_ns);

  model::Metadata metadata;
  IntervalSink intervals;
  CoroutineSink coroutine_changes;
  Recorded recorded;
  std::uint32_t page_size;
  model::DataQuality quality;
  CountingWindow window;
  LossTracker losses;
  TaskTable tasks{quality};
  AddressSpaces spaces;
  StackTracker stacks{window};
  SwitchTracker switches{tasks, losses, window, quality, recorded, intervals, stacks};
  ForkTracker forks{tasks, spaces, losses, window};
  FaultTracker faults{spaces, forks, window, page_size, intervals, stacks};
  CoroutineTracker coroutines;
  MarkTracker marks;
  std::uint64_t events = 0;
  std::uint64_t stack_records = 0;
  std::optional<model::TimeNs> first_ns;
  model::TimeNs last_ns = 0;
};

void Analysis::Impl::push(const model::Event& event) {
  if (event.ts_ns < last_ns) {  // the source has promised otherwise: do not let time run backwards
    model::Event late = event;
    late.ts_ns = last_ns;
    push(late);
    return;
  }
  if (!first_ns) first_ns = event.ts_ns;
  last_ns = event.ts_ns;
  if (stacks.on_event(event)) {
    ++stack_records;
    return;
  }
  ++events;
  if (const auto* switched = std::get_if<model::Switch>(&event.payload)) {
    change(event, *switched);
  } else if (const auto* woken = std::get_if<model::Wakeup>(&event.payload)) {
    wakeup(event, *woken);
  } else if (const auto* arrival = std::get_if<model::Arrival>(&event.payload)) {
    switches.on_arrival(event, *arrival);
    coroutines.on_arrival(event, *arrival);
  } else if (const auto* faulted = std::get_if<model::Fault>(&event.payload)) {
    if (!window.closed()) fault(event, *faulted);
  } else if (const auto* coroutine = std::get_if<model::Coroutine>(&event.payload)) {
    coroutines.on_event(event, *coroutine);
  } else if (const auto* sample = std::get_if<model::Sample>(&event.payload)) {
    sampled(event, *sample);
  } else if (const auto* wait = std::get_if<model::CoroutineWait>(&event.payload)) {
    coroutines.on_wait(event, *wait);
  } else {
    rare(event);
  }
}

void Analysis::Impl::sampled(const model::Event& event, const model::Sample& sample) {
  const TaskRecord* record = tasks.find(event.task);
  const Stacks of = stacks.on_sample(event, sample);
  if (!intervals || record == nullptr || !window.counting()) return;
  intervals({.task = &record->task,
             .begin_ns = event.ts_ns,
             .end_ns = event.ts_ns,
             .doing = Sampled{of, sample.period_ns, event.cpu, sample.in_kernel}});
}

void Analysis::Impl::change(const model::Event& event, const model::Switch& change) {
  if (!window.closed()) {
    // The switch counts prove that it is the first time: coming in, or leaving after an untold
    // arrival.
    const TaskRecord* next = change.next_seq == 0 ? tasks.find(change.next) : nullptr;
    if (next != nullptr) forks.on_first_run(*next, event.ts_ns);
    const TaskRecord* prev = change.prev_seq == 1 ? tasks.find(event.task) : nullptr;
    const model::Arrival* arrival = prev != nullptr ? prev->arrival_at(event.ts_ns) : nullptr;
    if (arrival != nullptr) forks.on_first_run(*prev, arrival->arrived_ns);
  }
  coroutines.on_switch(event, change);
  switches.on_switch(event, change);
  if (!change.is_last() || window.closed()) return;
  TaskRecord* prev = tasks.find(event.task);
  if (prev != nullptr) bury(*prev, event.ts_ns);
}

void Analysis::Impl::wakeup(const model::Event& event, const model::Wakeup& wakeup) {
  switches.on_wakeup(event, wakeup);
  coroutines.on_wakeup(event);
  if (!wakeup.is_new || wakeup.interrupt || window.closed()) return;
  const TaskRecord* woken = tasks.find(event.task);
  if (woken != nullptr && !woken->beginning_known) {
    forks.on_unseen_creation(wakeup.waker, event.ts_ns);
  }
}

void Analysis::Impl::fault(const model::Event& event, const model::Fault& fault) {
  TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
  if (record == nullptr) return quality.add(Quality::unknown_tasks);
  // An unresolved fault is written when it is given up, which may be in the task's last moments.
  if (!fault.unresolved) switches.on_running(*record, event.ts_ns, event.cpu);
  faults.on_fault(*record, event, fault);
}

void Analysis::Impl::rare(const model::Event& event) {
  using model::Event;
  if (const auto* lost = std::get_if<model::Lost>(&event.payload)) {
    losses.on_lost(event.cpu, *lost);
    if (lost->damaged) --events;  // no event, but what the reader says about those that are missing
    const bool of_tasks = lost->may_be_of(LossClass::kTask);
    if (of_tasks && !window.closed()) forks.on_lost_tasks(lost->first_ns);
    return;
  }
  if (const auto* mark = std::get_if<model::Mark>(&event.payload)) {
    marks.on_mark(event, *mark, tasks.find(event.task));
    return;
  }
  if (const auto* summary = std::get_if<model::TaskSummary>(&event.payload)) {
    TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
    if (record != nullptr) record->summary = *summary;
    return;
  }
  if (about_coroutines(event)) return;
  if (window.closed()) {
    // Of a task that was idle until now: that it was.
    const auto* late = std::get_if<model::TaskBaseline>(&event.payload);
    if (late != nullptr && tasks.find(event.task) != nullptr) baseline(event, *late);
    return;
  }
  const model::TimeNs ts = event.ts_ns;
  std::visit(model::Overloaded{
                 [&](const model::TaskNew& it) { created(event, it); },
                 [&](const model::TaskSeen& it) { seen(event, it); },
                 [&](const model::TaskBaseline& it) { baseline(event, it); },
                 [&](const model::TaskExec& it) { exec(event, it); },
                 [&](const model::TaskExit& it) { exit(event, it); },
                 [&](const model::TaskEnd& it) { end(event, it); },
                 [&](const model::CloneReturn& it) {
                   TaskRecord* caller = tasks.meet(event.task, ts, true);
                   if (caller != nullptr) switches.on_running(*caller, ts, event.cpu);
                   forks.on_return(event, it);
                   TaskRecord* child = tasks.find(it.child);
                   if (child != nullptr) tell_creation(*child, &it, ts);
                 },
                 [&](const model::TaskRename& it) {
                   TaskRecord* record = tasks.meet(event.task, ts, true);
                   if (record != nullptr) tasks.rename(*record, it.comm.view());
                 },
                 [&](const model::TaskFree&) {
                   TaskRecord* record = tasks.meet(event.task, ts, true);
                   if (record == nullptr) return;
                   record->task.free_ns = ts;
                   switches.on_gone(*record, ts);
                   bury(*record, ts);
                 },
                 [](const auto&) {},
             },
             event.payload);
}

// What holds for the whole trace, wherever it stands in it.
bool Analysis::Impl::about_coroutines(const model::Event& event) {
  if (const auto* space = std::get_if<model::CoroutineSpaceNew>(&event.payload)) {
    coroutines.on_space(*space);
  } else if (const auto* function = std::get_if<model::CoroutineFunction>(&event.payload)) {
    coroutines.on_function(*function);
  } else if (const auto* inside = std::get_if<model::CoroutineInside>(&event.payload)) {
    coroutines.on_inside(*inside);
  } else if (const auto* file = std::get_if<model::CoroutineFile>(&event.payload)) {
    coroutines.on_file(*file);
  } else if (const auto* own = std::get_if<model::CoroutineTotals>(&event.payload)) {
    coroutines.on_totals(*own);
  } else if (const auto* lost = std::get_if<model::CoroutineLost>(&event.payload)) {
    coroutines.on_lost(*lost);
    if (lost->reason == model::CoroutineLoss::kDamage) --events;  // as with LOST
    quality.add(Quality::lost_coroutine_events, lost->count);
  } else {
    return false;
  }
  return true;
}

void Analysis::Impl::created(const model::Event& event, const model::TaskNew& created) {
  // It is written by the creator, at the end of the copying.
  TaskRecord* parent = tasks.find(created.parent);
  if (parent != nullptr && parent->target) switches.on_running(*parent, event.ts_ns, event.cpu);
  TaskRecord* child = tasks.on_new(event, created);
  if (child == nullptr) return;
  switches.on_birth(*child);
  child->creation = stacks.of(event, model::StackWhat::kTaskNew);
  stacks.table().code.on_number(created.tgid, created.tid, created.ns_tid);
  stacks.table().code.on_use(created.tgid, created.mm);
  if (created.mm != created.parent_mm) {
    stacks.table().code.on_fork(created.mm, created.parent_mm, event.ts_ns);
  }
  if (parent != nullptr) forks.on_use(*parent, created.parent_mm, event.ts_ns);
  spaces.use(*child, created.mm, event.ts_ns, child->task.comm);
  forks.on_new(*child, event.ts_ns, created);
}

void Analysis::Impl::seen(const model::Event& event, const model::TaskSeen& seen) {
  TaskRecord* record = tasks.on_seen(event, seen);
  if (record == nullptr || !record->target) return;
  spaces.use(*record, seen.mm, event.ts_ns, record->task.comm);
  stacks.table().code.on_number(seen.tgid, seen.tid, seen.ns_tid);
  stacks.table().code.on_use(seen.tgid, seen.mm);
  if (seen.how == model::SeenHow::kLaunched) {
    switches.on_launch(*record, event.ts_ns, event.cpu);
  } else {
    switches.on_attach(*record, event.ts_ns, seen);
  }
}

void Analysis::Impl::baseline(const model::Event& event, const model::TaskBaseline& baseline) {
  TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
  if (record == nullptr) return;
  if (baseline.switches_valid && !record->baseline_switches) {
    record->baseline_switches = baseline.counters;
    switches.on_baseline(*record, baseline.counters);
  }
  if (baseline.faults_valid && !record->baseline_faults) {
    record->baseline_faults = baseline.counters;
    record->prelude_faults = baseline.prelude_faults;
  }
}

void Analysis::Impl::exec(const model::Event& event, const model::TaskExec& exec) {
  TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
  if (record == nullptr) return;
  switches.on_running(*record, event.ts_ns, event.cpu);
  // exec renames the task first: the old address space goes by the name from before.
  const bool renamed = record->task.comm == exec.comm.view() && !record->previous_comm.empty();
  const std::string old_name = renamed ? record->previous_comm : record->task.comm;
  tasks.on_exec(*record, event.ts_ns, exec);
  record->previous_comm.clear();
  spaces.use(*record, exec.mm, event.ts_ns, old_name);
  stacks.table().code.on_exec(record->task.tgid, exec.mm);
  if (window.counting()) ++record->task.exec_count;
}

void Analysis::Impl::exit(const model::Event& event, const model::TaskExit& exit) {
  TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
  if (record == nullptr) return;
  switches.on_running(*record, event.ts_ns, event.cpu);
  Task& task = record->task;
  task.exit_ns = event.ts_ns;
  task.exit_code = exit.exit_code;
  task.group_exit = exit.group;
  if (exit.last && !tasks.began_in_creators_memory(*record)) {
    task.peak_rss_bytes = pages_to_bytes(exit.peak_rss_pages, page_size);
  }
}

void Analysis::Impl::end(const model::Event& event, const model::TaskEnd& end) {
  TaskRecord* record = tasks.meet(event.task, event.ts_ns, true);
  if (record == nullptr) return;
  record->end = end;
  switches.on_end(*record, event.ts_ns, end);
  bury(*record, event.ts_ns);
}

void Analysis::Impl::bury(TaskRecord& record, model::TimeNs ts_ns) {
  if (record.buried || record.span.state != RunState::kDead) return;
  tasks.on_death(record, ts_ns);
  spaces.leave(record, ts_ns, record.task.comm);
  record.buried = true;
}

// How long it took is known only to the return of the call that did it.
void Analysis::Impl::tell_creation(TaskRecord& child, const model::CloneReturn* returned,
                                   model::TimeNs returned_ns) {
  if (!intervals || !child.born || child.creation_told) return;
  const TaskRecord* parent = tasks.find(child.task.parent);
  if (parent == nullptr) return;
  child.creation_told = true;
  Interval interval{
      .task = &parent->task,
      .begin_ns = child.task.start_ns,
      .end_ns = std::nullopt,
      .doing = Created{&child.task, child.task.start_ns, std::nullopt, child.creation}};
  if (returned != nullptr) {
    if (returned->page_table_copy_ns != 0) {
      std::get<Created>(interval.doing).page_table_copy_ns =
          std::min(returned->page_table_copy_ns, returned->duration_ns);
    }
    interval.begin_ns = returned_ns - std::min(returned_ns, returned->duration_ns);
    interval.end_ns = returned_ns;
  }
  intervals(interval);
}

model::TimeNs Analysis::Impl::begin_ns() const {
  const model::TimeNs first = first_ns.value_or(last_ns);
  return metadata.start_ns != 0 ? std::min(metadata.start_ns, first) : first;
}

// Later events are the last ones of tasks that had called exit by then. Of all others nothing is
// recorded any more, so nothing is known of what they did meanwhile.
model::TimeNs Analysis::Impl::trace_end(const std::optional<model::Ending>& ending) const {
  return ending ? std::max(ending->end_ns, begin_ns()) : last_ns;
}

// Losses that no record in the trace tells of: they may concern whatever was open when it ended.
// What a CPU lost last has no record after it; a killed recorder takes its last second with it; a
// malformed record may have been anything. (Of damaged chunks the source tells as of lost records.)
void Analysis::Impl::doubt_end(const std::optional<model::Ending>& ending,
                               const model::DataQuality& source, model::TimeNs end_ns) {
  const bool damaged = source[Quality::malformed_records] != 0;
  const bool cut = source[Quality::recording_cut] != 0 || source[Quality::truncated_bytes] != 0;
  // A CPU without any event may have lost all it had.
  const std::size_t cpus = std::clamp<std::size_t>(metadata.host.cpus, 1, 1u << 16);
  std::vector<model::TimeNs> from_ns = switches.cpu_last_ns(cpus);
  if (metadata.host.cpus == 0) from_ns.push_back(0);
  for (model::TimeNs& from : from_ns) {
    if (damaged) {
      from = 0;
    } else if (cut && (!ending || ending->counters.disk_lost == 0)) {
      from = std::max(from, end_ns - std::min(end_ns, kUnwrittenNs));
    }
  }
  const model::TimeNs earliest = *std::min_element(from_ns.begin(), from_ns.end());
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    const auto loss = static_cast<LossClass>(i);
    const bool untold = ending && (ending->counters.lost[i] > losses.count(loss) ||
                                   ending->counters.disk_lost != 0);
    if (!damaged && !cut && !untold) continue;
    losses.doubt_tail(loss, from_ns, end_ns);
    if (loss == LossClass::kTask && !window.closed()) forks.on_lost_tasks(earliest);
  }
}

Analysis::Analysis(const model::Metadata& metadata, Window window, std::uint64_t slow_step_ns,
                   IntervalSink intervals, CoroutineSink coroutines)
    : impl_(std::make_unique<Impl>(metadata, std::move(window), slow_step_ns, std::move(intervals),
                                   std::move(coroutines))) {}
Analysis::Analysis(Analysis&&) noexcept = default;
Analysis& Analysis::operator=(Analysis&&) noexcept = default;
Analysis::~Analysis() = default;

void Analysis::unwind_with(Unwinder& unwinder) {
  impl_->stacks.unwind_with(&unwinder);
}

void Analysis::push(const model::Event& event) {
  impl_->push(event);
}

model::TimeNs Analysis::begin_ns() const {
  return impl_->begin_ns();
}

const Task* Analysis::find(model::TaskId id) const {
  const TaskRecord* record = impl_->tasks.find(id);
  return record == nullptr ? nullptr : &record->task;
}

Result<Summary> Analysis::finish(const std::optional<model::Ending>& ending,
                                 const model::DataQuality& source_quality,
                                 std::uint64_t stored_bytes) {
  Impl& impl = *impl_;
  const Window& wanted = impl.marks.wanted();
  const bool windowed = !wanted.from_mark.empty() || !wanted.to_mark.empty();
  if (auto missing = impl.marks.missing()) return tl::unexpected<Error>(std::move(*missing));
  if (windowed && impl.recorded.summaries) {
    return fail("a trace of summaries cannot be cut at marks",
                "record without --summary-only to report a part of the trace", ErrorCode::kUsage);
  }
  const model::TimeNs trace_end = impl.trace_end(ending);
  impl.doubt_end(ending, source_quality, trace_end);
  impl.switches.finish(trace_end);
  for (const auto& record : impl.tasks.records()) impl.tell_creation(*record, nullptr, 0);

  Summary summary;
  summary.metadata = impl.metadata;
  summary.ending = ending;
  summary.from_mark = wanted.from_mark;
  summary.to_mark = wanted.to_mark;
  if (!impl.first_ns) impl.first_ns = trace_end;
  summary.begin_ns = wanted.from_mark.empty() ? impl.begin_ns() : impl.window.begin_ns();
  summary.end_ns = impl.window.closed() ? impl.window.end_ns() : trace_end;
  summary.events = impl.events;
  summary.stack_records = impl.stack_records;
  summary.stored_bytes = stored_bytes;
  summary.summary_only = impl.recorded.summaries;
  if (summary.summary_only) {
    for (const auto& record : impl.tasks.records()) {
      if (!record->target) continue;
      apply_summary(*record, trace_end, impl.page_size, record->task.cow);
      record->task.unknown_by_cause_ns = {};  // the kernel side does not say
    }
  }
  impl.tasks.judge_survivors(summary.end_ns, impl.losses);
  summary.audit = Auditor(impl.tasks, impl.losses, impl.marks, impl.recorded).run(ending);
  summary.forks = impl.forks.take(summary.begin_ns, summary.end_ns);
  build_address_spaces(impl.spaces, impl.tasks, summary.begin_ns, summary.end_ns, summary);
  impl.coroutines.finish(trace_end, summary);
  credit_coroutine_switches(impl.tasks, summary);
  impl.stacks.finish(summary);
  build_tasks(impl.tasks, summary.begin_ns, summary.end_ns, summary);
  if (!was_recorded(impl.metadata, "coroutine")) summary.coroutines.recorded = false;
  summary.totals = totals_of(summary);
  add_task_audits(summary, summary.audit);
  summary.marks = impl.marks.take_marks();
  summary.losses = impl.losses.take_ranges();
  summary.quality = impl.quality;
  summary.quality.merge(source_quality);
  return summary;
}

}  // namespace triptych::analyze
