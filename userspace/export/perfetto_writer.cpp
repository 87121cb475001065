// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/task_record.hpp"
#include "export/time_line.hpp"

namespace triptych::exports {
namespace {

// What a track's number is made of. Serials have 32 bits.
constexpr std::uint64_t kCpus = 1, kCpu = 2, kCpuLosses = 3, kOfProcess = 4, kFaultCount = 5;
constexpr std::uint64_t kCopyCount = 6, kCoroutineLane = 7, kThreadTracks = 16;

TrackId track_id(std::uint64_t kind, std::uint64_t number) {
  return kind << 56 | number;
}

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
  PerfettoTrace::begin(out, realtime_ns - std::min(realtime_ns, before_ns), context.origin_ns);
}

PerfettoWriter::Process& PerfettoWriter::process_of(const analyze::Task& task, std::string& out) {
  const auto [entry, first] = processes_.try_emplace(task.tgid);
  if (!first) return entry->second;
  const auto number = static_cast<std::uint32_t>(task.tgid);
  const TrackId id = track_id(kOfProcess, number);
  PerfettoTrace::process(out, id, task.tgid, task.comm);
  PerfettoTrace::counter_track(out, track_id(kFaultCount, number), id, "page faults");
  PerfettoTrace::counter_track(out, track_id(kCopyCount, number), id, "copy-on-write copies");
  return entry->second;
}

// An exec in a thread gives it another tid, which has a track of its own: one cannot change its
// tid.
TrackId PerfettoWriter::track_of(const analyze::Task& task, ThreadTrack which, std::string& out) {
  const auto serial = static_cast<std::uint32_t>(task.id);
  const std::uint64_t number = static_cast<std::uint64_t>(task.tid) << 32 | serial;
  Thread& thread = threads_[serial];
  if (thread.tid != task.tid) {
    thread.tid = task.tid;
    thread.described = {};
  }
  if (!thread.described[kStates] || thread.name != task.comm) {
    process_of(task, out);
    // The process has the name of its first thread.
    if (task.tid == task.tgid && thread.described[kStates]) {
      const auto owner = static_cast<std::uint32_t>(task.tgid);
      PerfettoTrace::process(out, track_id(kOfProcess, owner), task.tgid, task.comm);
    }
    PerfettoTrace::thread(out, track_id(kThreadTracks, number), task.tgid, task.tid, task.comm);
    thread.name = task.comm;
    thread.described[kStates] = true;
  }
  const TrackId wanted = track_id(kThreadTracks + which, number);
  if (!thread.described[which]) {
    PerfettoTrace::track(out, wanted, track_id(kThreadTracks, number), kThreadTrackNames[which]);
    thread.described[which] = true;
  }
  return wanted;
}

TrackId PerfettoWriter::cpu_track(std::uint32_t cpu, bool losses, std::string& out) {
  if (!cpus_described_) PerfettoTrace::track(out, track_id(kCpus, 0), 0, "CPUs");
  cpus_described_ = true;
  const TrackId id = track_id(losses ? kCpuLosses : kCpu, cpu);
  Cpu& known = (losses ? cpu_losses_ : cpus_)[cpu];
  if (!known.described) {
    PerfettoTrace::track(out, id, track_id(kCpus, 0),
                         fmt::format("CPU {}{}", cpu, losses ? ": lost records" : ""));
  }
  known.described = true;
  return id;
}

// A coroutine keeps its lane as long as there are not many of them; then the free ones are shared.
TrackId PerfettoWriter::lane_of(Process& process, model::Tid tgid,
                                const analyze::Interval& interval, std::uint64_t coroutine,
                                std::string& out) {
  std::vector<Lane>& lanes = process.lanes;
  const auto is_free = [&](const Lane& lane) { return lane.end_ns <= interval.begin_ns; };
  auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const Lane& each) {
    return each.coroutine == coroutine && is_free(each);
  });
  if (lane == lanes.end() && lanes.size() >= kMostOwnLanes) {
    lane = std::find_if(lanes.begin(), lanes.end(), is_free);
  }
  const auto number = static_cast<std::uint64_t>(lane - lanes.begin());
  const auto owner = static_cast<std::uint32_t>(tgid);
  const TrackId id = track_id(kCoroutineLane, number << 32 | owner);
  if (lane == lanes.end()) {
    lanes.emplace_back();
    lane = lanes.end() - 1;
    PerfettoTrace::track(out, id, track_id(kOfProcess, owner), fmt::format("coroutines {}", number));
  }
  lane->coroutine = coroutine;
  lane->end_ns = interval.end_ns.value_or(interval.begin_ns);
  return id;
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
    slice(state_track(), state_name(running), SliceDetails().number("cpu", running.cpu));
    // Where the trace contradicts itself, two tasks seem to run on one CPU at a time.
    const TrackId track = writer_.cpu_track(running.cpu, false, out_);
    Cpu& cpu = writer_.cpus_[running.cpu];
    const model::TimeNs begin_ns = std::max(interval_.begin_ns, cpu.end_ns);
    if (begin_ns >= *interval_.end_ns) return;
    cpu.end_ns = *interval_.end_ns;
    PerfettoTrace::slice(out_, track, context_.since_origin(begin_ns), end_ns_,
                         fmt::format("{} {}", task().comm, task().tid),
                         SliceDetails()
                             .number("tid", static_cast<std::uint64_t>(task().tid))
                             .number("task", serial(task().id)));
  }

  void operator()(const analyze::Runnable& runnable) {
    SliceDetails details;
    const std::string_view why = name_of(runnable.why);
    if (!why.empty()) details.text("why", why);
    const analyze::Task* by = context_.analysis.find(runnable.by);
    if (by != nullptr) {
      details.number("by tid", static_cast<std::uint64_t>(by->tid)).text("by", by->comm);
    }
    if (by != nullptr && !by->stranger && runnable.why == analyze::RunnableWhy::kWoken) {
      const std::uint64_t flow = flow_id(kWakeup, writer_.next_flow_++);
      details.last_of_flow(flow);
      PerfettoTrace::instant(out_, writer_.track_of(*by, kStates, out_), begin_ns_,
                             fmt::format("wakes {} {}", task().comm, task().tid),
                             SliceDetails().flow(flow));
    }
    slice(state_track(), state_name(runnable), details);
  }

  void operator()(const analyze::Blocked& blocked) {
    SliceDetails details;
    if (blocked.key == analyze::BlockedTime::kCreationKey)
      details.last_of_flow(flow_id(kCreation, serial(task().id)));
    slice(state_track(), state_name(blocked), details);
  }

  void operator()(const analyze::Unknown& unknown) {
    slice(state_track(), state_name(unknown), SliceDetails().text("cause", name_of(unknown.cause)));
  }

  void operator()(const analyze::Faulted& faulted) {
    const SliceDetails details = SliceDetails()
                                     .address("address", faulted.fault->address)
                                     .number("pages", faulted.fault->pages)
                                     .text("class", faulted.fault->major ? "major" : "minor");
    if (interval_.end_ns) {
      slice(kFaults, name_of(faulted.kind), details);
    } else {
      instant(kFaults, name_of(faulted.kind), details);
    }
    Process& process = writer_.process_of(task(), out_);
    const auto number = static_cast<std::uint32_t>(task().tgid);
    PerfettoTrace::counter(out_, track_id(kFaultCount, number), end_ns_, ++process.faults);
    if (!is_copy(faulted.kind)) return;
    PerfettoTrace::counter(out_, track_id(kCopyCount, number), end_ns_, ++process.copies);
  }

  void operator()(const analyze::Created& created) {
    SliceDetails details;
    details.number("tid", static_cast<std::uint64_t>(created.child->tid));
    // An arrow points forward in time.
    if (interval_.begin_ns < created.at_ns) {
      details.flow(flow_id(kCreation, serial(created.child->id)));
    }
    const std::string_view how = name_of(created.child->created_by);
    if (interval_.end_ns) return slice(kCreations, how, details);
    instant(kCreations, how, details);
  }

  void operator()(const analyze::Sampled&) {}  // comes to no time line

  void operator()(const analyze::CoroutineStep& step) {
    if (interval_.task == nullptr) return;  // on a thread of which nothing is known
    const std::string name = step.function->name.empty() ? fmt::format("coroutine {}", step.number)
                                                         : step.function->name;
    const SliceDetails details = SliceDetails()
                                     .number("coroutine", step.number)
                                     .number("tid", static_cast<std::uint64_t>(task().tid))
                                     .flow(flow_id(kCoroutine, step.number));
    Process& process = writer_.process_of(task(), out_);
    const TrackId lane = writer_.lane_of(process, task().tgid, interval_, step.number, out_);
    PerfettoTrace::slice(out_, lane, begin_ns_, end_ns_, name, details);
    slice(kCoroutines, name, SliceDetails().number("coroutine", step.number));
  }

 private:
  [[nodiscard]] const analyze::Task& task() const { return *interval_.task; }
  static std::uint64_t serial(model::TaskId id) { return static_cast<std::uint32_t>(id); }
  [[nodiscard]] ThreadTrack state_track() const { return interval_.late ? kLate : kStates; }

  // Where the trace contradicts itself, one may begin before the one before it has ended: it is
  // shown from there on.
  void slice(ThreadTrack which, std::string_view name, const SliceDetails& details) {
    const TrackId track = writer_.track_of(task(), which, out_);
    model::TimeNs& last =
        writer_.threads_[static_cast<std::uint32_t>(task().id)].slice_end_ns[which];
    const model::TimeNs begin_ns = std::max(interval_.begin_ns, last);
    last = std::max(*interval_.end_ns, begin_ns);
    PerfettoTrace::slice(out_, track, context_.since_origin(begin_ns), context_.since_origin(last),
                         name, details);
  }
  void instant(ThreadTrack which, std::string_view name, const SliceDetails& details) {
    PerfettoTrace::instant(out_, writer_.track_of(task(), which, out_), begin_ns_, name, details);
  }

  PerfettoWriter& writer_;
  const analyze::Interval& interval_;
  const Context& context_;
  std::string& out_;
  std::int64_t begin_ns_, end_ns_;
};

void PerfettoWriter::write(const Context& context, const analyze::Interval& interval,
                           std::string& out) {
  start(context, out);
  std::visit(Visitor(*this, context, interval, out), interval.doing);
}

void PerfettoWriter::mark(const Context& context, const model::Event& event,
                          const model::Mark& mark, std::string& out) {
  const analyze::Task* task = context.analysis.find(event.task);
  if (task == nullptr) return;
  start(context, out);
  PerfettoTrace::instant(out, track_of(*task, kStates, out), context.since_origin(event.ts_ns),
                         mark_name(mark), {});
}

void PerfettoWriter::finish(const Context& context, const analyze::Summary& summary,
                            std::string& out) {
  start(context, out);
  std::vector<analyze::LossRange> ranges = summary.losses;
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first_ns < b.first_ns; });
  for (const analyze::LossRange& range : ranges) {
    const TrackId track = cpu_track(range.cpu, true, out);
    Cpu& cpu = cpu_losses_[range.cpu];
    const model::TimeNs first_ns = std::max(range.first_ns, cpu.end_ns);
    if (first_ns > range.last_ns) continue;
    cpu.end_ns = range.last_ns;
    PerfettoTrace::slice(out, track, context.since_origin(first_ns),
                         context.since_origin(range.last_ns), "lost",
                         SliceDetails().number("records", lost_records(range)));
  }
}

}  // namespace triptych::exports
