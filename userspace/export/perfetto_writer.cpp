// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/task_record.hpp"
#include "export/time_line.hpp"

namespace triptych::exports {
namespace {

// What a flow's number is made of: no two kinds of arrow have the same one.
std::uint64_t flow_id(std::uint64_t kind, std::uint64_t number) {
  return kind << 60 | number;
}
constexpr std::uint64_t kWakeup = 1, kCreation = 2, kCoroutine = 3;

constexpr std::size_t kMostOwnLanes = 64;

constexpr std::string_view kThreadTrackNames[] = {"", "decided late", "page faults", "creations",
                                                  "coroutines"};

bool is_copy(analyze::FaultKind kind) {
  return kind == analyze::FaultKind::kCowCopy || kind == analyze::FaultKind::kHugetlbCopy;
}

}  // namespace

void PerfettoWriter::begin(const model::Metadata& metadata, std::string& /*out*/) {
  metadata_ = metadata;
}

// The recording's beginning is known by now.
void PerfettoWriter::start(const Context& context, std::string& out) {
  if (started_) return;
  started_ = true;
  const auto realtime_ns = static_cast<std::uint64_t>(metadata_.start_realtime_ns);
  const bool known = realtime_ns != 0 && metadata_.start_ns >= context.origin_ns;
  const std::uint64_t before_ns = known ? metadata_.start_ns - context.origin_ns : 0;
  trace_.begin(out, realtime_ns - std::min(realtime_ns, before_ns), context.origin_ns);
}

PerfettoWriter::Process& PerfettoWriter::process_of(const analyze::Task& task, std::string& out) {
  Process& process = processes_[task.tgid];
  if (process.track != 0) return process;
  process.track = next_track_++;
  process.fault_count = next_track_++;
  process.copy_count = next_track_++;
  PerfettoTrace::process(out, process.track, task.tgid, task.comm);
  PerfettoTrace::counter_track(out, process.fault_count, process.track, "page faults");
  PerfettoTrace::counter_track(out, process.copy_count, process.track, "copy-on-write copies");
  return process;
}

// An exec in a thread gives it another tid, which has a track of its own: one cannot change its
// tid.
PerfettoWriter::Thread& PerfettoWriter::thread_of(const analyze::Task& task, std::string& out) {
  Thread& thread = threads_[static_cast<std::uint32_t>(task.id)];
  const bool same = thread.tid == task.tid && thread.tracks[kStates] != 0;
  if (same && thread.name == task.comm) return thread;
  const Process& process = process_of(task, out);
  // The process has the name of its first thread.
  if (same && task.tid == task.tgid) {
    PerfettoTrace::process(out, process.track, task.tgid, task.comm);
  }
  if (!same) {
    thread.tid = task.tid;
    thread.tracks = {};
    thread.tracks[kStates] = next_track_++;
  }
  PerfettoTrace::thread(out, thread.tracks[kStates], task.tgid, task.tid, task.comm);
  thread.name = task.comm;
  thread.label = fmt::format("{} {}", task.comm, task.tid);
  thread.woken = "wakes " + thread.label;
  return thread;
}

TrackId PerfettoWriter::track_of(Thread& thread, ThreadTrack which, std::string& out) {
  TrackId& track = thread.tracks[which];
  if (track != 0) return track;
  track = next_track_++;
  PerfettoTrace::track(out, track, thread.tracks[kStates], kThreadTrackNames[which]);
  return track;
}

PerfettoWriter::Cpu& PerfettoWriter::cpu_of(std::uint32_t number, bool losses, std::string& out) {
  Cpu& cpu = (losses ? cpu_losses_ : cpus_)[number];
  if (cpu.track != 0) return cpu;
  if (all_cpus_ == 0) {
    all_cpus_ = next_track_++;
    PerfettoTrace::track(out, all_cpus_, 0, "CPUs");
  }
  cpu.track = next_track_++;
  PerfettoTrace::track(out, cpu.track, all_cpus_,
                       fmt::format("CPU {}{}", number, losses ? ": lost records" : ""));
  return cpu;
}

// A coroutine keeps its lane as long as there are not many of them; then the free ones are shared.
TrackId PerfettoWriter::lane_of(Process& process, const analyze::Interval& interval,
                                std::uint64_t coroutine, std::string& out) {
  std::vector<Lane>& lanes = process.lanes;
  const auto is_free = [&](const Lane& lane) { return lane.end_ns <= interval.begin_ns; };
  auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const Lane& each) {
    return each.coroutine == coroutine && is_free(each);
  });
  if (lane == lanes.end() && lanes.size() >= kMostOwnLanes) {
    lane = std::find_if(lanes.begin(), lanes.end(), is_free);
  }
  if (lane == lanes.end()) {
    const std::string name = fmt::format("coroutines {}", lanes.size());
    lane = lanes.insert(lane, {next_track_++, 0, 0});
    PerfettoTrace::track(out, lane->track, process.track, name);
  }
  lane->coroutine = coroutine;
  lane->end_ns = interval.end_ns.value_or(interval.begin_ns);
  return lane->track;
}

class PerfettoWriter::Visitor {
 public:
  Visitor(PerfettoWriter& writer, const Context& context, const analyze::Interval& interval,
          std::string& out)
      : writer_(writer),
        interval_(interval),
        context_(context),
        out_(out),
        begin_ns_(context.since_origin(interval.begin_ns)),
        end_ns_(context.since_origin(interval.end_ns.value_or(interval.begin_ns))) {}

  void operator()(const analyze::Running& running) {
    slice(state_track(), state_name(running), SliceDetails().number(Detail::kCpu, running.cpu));
    // Where the trace contradicts itself, two tasks seem to run on one CPU at a time.
    Cpu& cpu = writer_.cpu_of(running.cpu, false, out_);
    const model::TimeNs begin_ns = std::max(interval_.begin_ns, cpu.end_ns);
    if (begin_ns >= *interval_.end_ns) return;
    cpu.end_ns = *interval_.end_ns;
    writer_.trace_.slice(out_, cpu.track, context_.since_origin(begin_ns), end_ns_,
                         writer_.thread_of(task(), out_).label,
                         SliceDetails()
                             .number(Detail::kTid, static_cast<std::uint64_t>(task().tid))
                             .number(Detail::kTask, serial(task().id)));
  }

  void operator()(const analyze::Runnable& runnable) {
    SliceDetails details;
    const std::string_view why = name_of(runnable.why);
    if (!why.empty()) details.text(Detail::kWhy, text(why));
    const analyze::Task* by = context_.analysis.find(runnable.by);
    if (by != nullptr) {
      details.number(Detail::kByTid, static_cast<std::uint64_t>(by->tid))
          .text(Detail::kBy, text(by->comm));
    }
    if (by != nullptr && !by->stranger && runnable.why == analyze::RunnableWhy::kWoken) {
      const std::uint64_t flow = flow_id(kWakeup, writer_.next_flow_++);
      details.last_of_flow(flow);
      const TrackId waker = writer_.thread_of(*by, out_).tracks[kStates];
      writer_.trace_.instant(out_, waker, begin_ns_, writer_.thread_of(task(), out_).woken,
                             SliceDetails().flow(flow).stack(stack(runnable.waker)));
    }
    slice(state_track(), state_name(runnable), details);
  }

  void operator()(const analyze::Blocked& blocked) {
    SliceDetails details;
    if (blocked.key == analyze::BlockedTime::kCreationKey)
      details.last_of_flow(flow_id(kCreation, serial(task().id)));
    slice(state_track(), state_name(blocked), details.stack(stack(blocked.stacks)));
  }

  void operator()(const analyze::Unknown& unknown) {
    slice(state_track(), state_name(unknown),
          SliceDetails().text(Detail::kCause, text(name_of(unknown.cause))));
  }

  void operator()(const analyze::Faulted& faulted) {
    const SliceDetails details =
        SliceDetails()
            .address(Detail::kAddress, faulted.fault->address)
            .number(Detail::kPages, faulted.fault->pages)
            .text(Detail::kClass, text(faulted.fault->major ? "major" : "minor"))
            .stack(stack(faulted.stacks));
    if (interval_.end_ns) {
      slice(kFaults, name_of(faulted.kind), details);
    } else {
      instant(kFaults, name_of(faulted.kind), details);
    }
    Process& process = writer_.process_of(task(), out_);
    writer_.trace_.counter(out_, process.fault_count, end_ns_, ++process.faults);
    if (!is_copy(faulted.kind)) return;
    writer_.trace_.counter(out_, process.copy_count, end_ns_, ++process.copies);
  }

  void operator()(const analyze::Created& created) {
    SliceDetails details;
    details.number(Detail::kTid, static_cast<std::uint64_t>(created.child->tid))
        .stack(stack(created.stacks));
    // An arrow points forward in time.
    if (interval_.begin_ns < created.at_ns) {
      details.flow(flow_id(kCreation, serial(created.child->id)));
    }
    const std::string_view how = name_of(created.child->created_by);
    if (interval_.end_ns) return slice(kCreations, how, details);
    instant(kCreations, how, details);
  }

  void operator()(const analyze::Sampled& sampled) {
    if (interval_.task == nullptr) return;
    writer_.thread_of(task(), out_);  // described before it is sampled
    Cpu& cpu = writer_.cpu_of(sampled.cpu, false, out_);
    cpu.sampled_ns += sampled.period_ns;
    writer_.trace_.sample(out_, {.at_ns = begin_ns_,
                                 .cpu = sampled.cpu,
                                 .tgid = task().tgid,
                                 .tid = task().tid,
                                 .stacks = sampled.stacks,
                                 .in_kernel = sampled.in_kernel,
                                 .period_ns = sampled.period_ns,
                                 .sampled_ns = cpu.sampled_ns});
  }

  void operator()(const analyze::CoroutineStep& step) {
    if (interval_.task == nullptr) return;  // on a thread of which nothing is known
    const std::string name = step.function->name.empty() ? fmt::format("coroutine {}", step.number)
                                                         : step.function->name;
    const SliceDetails details = SliceDetails()
                                     .number(Detail::kCoroutine, step.number)
                                     .number(Detail::kTid, static_cast<std::uint64_t>(task().tid))
                                     .flow(flow_id(kCoroutine, step.number));
    Process& process = writer_.process_of(task(), out_);
    const TrackId lane = writer_.lane_of(process, interval_, step.number, out_);
    writer_.trace_.slice(out_, lane, begin_ns_, end_ns_, name, details);
    slice(kCoroutines, name, SliceDetails().number(Detail::kCoroutine, step.number));
  }

 private:
  [[nodiscard]] const analyze::Task& task() const { return *interval_.task; }
  static std::uint64_t serial(model::TaskId id) { return static_cast<std::uint32_t>(id); }
  [[nodiscard]] ThreadTrack state_track() const { return interval_.late ? kLate : kStates; }

  // Where the trace contradicts itself, one may begin before the one before it has ended: it is
  // shown from there on.
  void slice(ThreadTrack which, std::string_view name, const SliceDetails& details) {
    Thread& thread = writer_.thread_of(task(), out_);
    const TrackId track = writer_.track_of(thread, which, out_);
    model::TimeNs& last = thread.slice_end_ns[which];
    const model::TimeNs begin_ns = std::max(interval_.begin_ns, last);
    last = std::max(*interval_.end_ns, begin_ns);
    writer_.trace_.slice(out_, track, context_.since_origin(begin_ns), context_.since_origin(last),
                         name, details);
  }
  void instant(ThreadTrack which, std::string_view name, const SliceDetails& details) {
    const TrackId track = writer_.track_of(writer_.thread_of(task(), out_), which, out_);
    writer_.trace_.instant(out_, track, begin_ns_, name, details);
  }
  std::uint64_t text(std::string_view text) { return writer_.trace_.text(out_, text); }
  std::uint64_t stack(const analyze::Stacks& stacks) { return writer_.trace_.stack(out_, stacks); }

  PerfettoWriter& writer_;
  const analyze::Interval& interval_;
  const Context& context_;
  std::string& out_;
  std::int64_t begin_ns_, end_ns_;
};

void PerfettoWriter::write(const Context& context, const analyze::Interval& interval,
                           std::string& out) {
  start(context, out);
  trace_.forget_many(out);
  std::visit(Visitor(*this, context, interval, out), interval.doing);
}

void PerfettoWriter::mark(const Context& context, const model::Event& event,
                          const model::Mark& mark, std::string& out) {
  const analyze::Task* task = context.analysis.find(event.task);
  if (task == nullptr) return;
  start(context, out);
  trace_.forget_many(out);
  trace_.instant(out, thread_of(*task, out).tracks[kStates], context.since_origin(event.ts_ns),
                 mark_name(mark), {});
}

void PerfettoWriter::finish(const Context& context, const analyze::Summary& summary,
                            std::string& out) {
  start(context, out);
  std::vector<analyze::LossRange> ranges = summary.losses;
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first_ns < b.first_ns; });
  for (const analyze::LossRange& range : ranges) {
    Cpu& cpu = cpu_of(range.cpu, true, out);
    const model::TimeNs first_ns = std::max(range.first_ns, cpu.end_ns);
    if (first_ns > range.last_ns) continue;
    cpu.end_ns = range.last_ns;
    trace_.slice(out, cpu.track, context.since_origin(first_ns),
                 context.since_origin(range.last_ns), "lost",
                 SliceDetails().number(Detail::kRecords, lost_records(range)));
  }
}

}  // namespace triptych::exports
