// SPDX-License-Identifier: Apache-2.0
#include "record/recording.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "host/host.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"
#include "record/code_maps.hpp"
#include "record/console.hpp"
#include "record/coroutine_probes.hpp"
#include "record/coroutines.hpp"
#include "record/event_loop.hpp"
#include "record/output_file.hpp"
#include "record/shell_words.hpp"
#include "record/target.hpp"
#include "trace/writer.hpp"

namespace triptych::record {
namespace {

// For use in functions that return an Outcome: our own failures.
#define TRIPTYCH_RECORD_TRY(declaration, expression)                                   \
  auto TRIPTYCH_CONCAT(outcome_, __LINE__) = (expression);                             \
  if (!TRIPTYCH_CONCAT(outcome_, __LINE__)) {                                          \
    return tl::unexpected<Failure>(                                                    \
        Failure{std::move(TRIPTYCH_CONCAT(outcome_, __LINE__).error()), kOwnFailure}); \
  }                                                                                    \
  declaration = std::move(*TRIPTYCH_CONCAT(outcome_, __LINE__))

// Everything that a recording is made of, ready to go.
struct Prepared {
  launch::Signals& signals;
  Console& console;
  Target target;
  probe::AttachPlan plan;
  OutputFile file;
  probe::Session session;
  Coroutines coroutines;
  CoroutineProbes coroutine_probes;
  CodeMaps code_maps;

  // Streams of the trace: the rings', then the others'.
  [[nodiscard]] std::uint32_t coroutine_stream() const { return session.rings(); }
  [[nodiscard]] std::uint32_t map_stream() const {
    return session.rings() + (coroutines.recorded() ? 1 : 0);
  }
  [[nodiscard]] std::uint32_t streams() const {
    return map_stream() + (code_maps.recorded() ? 1 : 0);
  }
};

Result<void> check_rights(const Options& options) {
  if (::geteuid() == 0) return {};
  return fail("recording needs root: it looks into the kernel",
              fmt::format("sudo {}", shell_words(options.record_command)), ErrorCode::kCapability);
}

Outcome<Prepared> prepare(const Options& options, launch::Signals& signals, Console& console) {
  TRIPTYCH_RECORD_TRY(const launch::User caller, launch::calling_user());
  TRIPTYCH_RECORD_TRY(Coroutines coroutines, Coroutines::prepare(options));
  // What can be wrong with the command line comes first: it costs nothing to find out.
  Outcome<Target> target = Target::prepare(options, caller, signals, coroutines.environment());
  if (!target) return tl::unexpected<Failure>(target.error());
  TRIPTYCH_RECORD_TRY(CoroutineProbes coroutine_probes, CoroutineProbes::plan(options, caller));
  Result<CodeMaps> code_maps = CodeMaps::prepare(options, coroutine_probes.watches());
  if (!code_maps && !options.stacks.any()) {
    coroutine_probes.cannot_watch(code_maps.error());
    code_maps = CodeMaps::prepare(options, false);
  }
  if (!code_maps) return tl::unexpected<Failure>(Failure{code_maps.error()});
  TRIPTYCH_RECORD_TRY(OutputFile file, OutputFile::create(options.output, caller));
  auto preparation = probe::Preparation::start({options.buffer_bytes, options.events.faults});
  TRIPTYCH_RECORD_TRY(const probe::Capabilities capabilities,
                      probe::probe_capabilities(options.without_hooks));
  if (const auto settled = coroutine_probes.settle_for(capabilities); !settled) {
    return tl::unexpected<Failure>(Failure{settled.error()});
  }
  const bool is_command = options.kind == model::TargetKind::kCommand;
  TRIPTYCH_RECORD_TRY(
      probe::AttachPlan plan,
      probe::make_attach_plan(capabilities, {options.events, options.summary_only, is_command,
                                             coroutine_probes.programs(), options.stacks}));
  probe::Session::Options wanted;
  wanted.plan = plan;
  wanted.summary_only = options.summary_only;
  wanted.whole_machine = options.kind == model::TargetKind::kMachine;
  wanted.sample_period_ns = kNsPerSecond / options.frequency;
  wanted.coroutines_from_start = is_command;
  TRIPTYCH_RECORD_TRY(probe::Session session, probe::Session::open(wanted, std::move(preparation)));
  if (const auto attached = coroutine_probes.attach(session.coroutines()); !attached) {
    return tl::unexpected<Failure>(Failure{attached.error()});
  }
  return Prepared{signals,
                  console,
                  std::move(*target),
                  std::move(plan),
                  std::move(file),
                  std::move(session),
                  std::move(coroutines),
                  std::move(coroutine_probes),
                  std::move(*code_maps)};
}

model::Metadata describe(const Options& options, const Prepared& prepared, std::uint64_t start_ns) {
  model::Metadata metadata;
  metadata.tool_version = options.tool_version;
  metadata.record_command = options.record_command;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto since_start = static_cast<std::int64_t>(monotonic_ns() - start_ns);
  metadata.start_realtime_ns =
      now.tv_sec * static_cast<std::int64_t>(kNsPerSecond) + now.tv_nsec - since_start;
  metadata.start_ns = start_ns;
  metadata.host = host::describe_host();
  metadata.host.tier = prepared.plan.tier;
  metadata.target = prepared.target.describe();
  metadata.plan = prepared.plan.events;
  const bool watches = prepared.coroutine_probes.watches();
  const bool probes = prepared.coroutine_probes.wanted();
  for (model::PlannedEvent& event : metadata.plan) {
    if (event.event == "coroutine" && !probes) event.reason = "none yet: in what is mapped later";
  }
  prepared.coroutine_probes.explain(metadata.plan);
  if (!(probes || watches) || prepared.coroutines.recorded()) {
    metadata.plan.push_back(prepared.coroutines.plan());
  }
  for (const model::PlannedEvent& remark : prepared.coroutine_probes.remarks()) {
    metadata.plan.push_back(remark);
  }
  if (prepared.session.first_process_hidden()) {
    metadata.plan.push_back({"process 1", "", "not shown to BPF programs by this kernel"});
  }
  metadata.summary_only = options.summary_only;
  if (prepared.coroutines.recorded()) metadata.coroutine_stream = prepared.coroutine_stream();
  if (prepared.code_maps.recorded()) metadata.map_stream = prepared.map_stream();
  return metadata;
}

std::string reason_of(Stop stop, const std::optional<Error>& error) {
  if (error) return error->message;
  switch (stop) {
    case Stop::kTargetEnded:
      return "target ended";
    case Stop::kDuration:
      return "duration";
    case Stop::kInterrupted:
      return "interrupted";
    case Stop::kFailed:
      break;
  }
  return {};
}

std::uint64_t own_cpu_ns() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto ns = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond +
           static_cast<std::uint64_t>(time.tv_usec) * 1000;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

void say_result(Console& console, const OutputFile& file, const trace::Writer& writer,
                const model::Ending& ending, std::uint64_t start_ns) {
  std::uint64_t lost = ending.counters.disk_lost;
  for (const std::uint64_t count : ending.counters.lost) lost += count;
  const std::uint64_t of_stacks = writer.records_of_stacks();
  const std::uint64_t recorded = writer.records() - writer.records_lost() - of_stacks;
  std::string what = counted(recorded, "event", "events");
  if (of_stacks != 0) what += " and " + counted(of_stacks, "record of stacks", "records of stacks");
  const std::uint64_t lost_stacks =
      ending.counters.stacks.lost + ending.counters.stacks.lost_samples;
  const std::string stacks =
      lost_stacks == 0 ? "" : fmt::format(", and {}", counted(lost_stacks, "stack", "stacks"));
  console.say(fmt::format(
      "recorded {} in {}, {} in {}, {} lost{}", what, format_duration_ns(ending.end_ns - start_ns),
      format_bytes(writer.bytes_written()), quote(file.path()), format_count(lost), stacks));
  console.say(fmt::format("next: triptych report {}", shell_word(file.path())));
}

// Ends the recording: the gate is closed, the file is whole.
Result<void> finish(Prepared& prepared, EventLoop& loop, trace::Writer& writer, Stop stop,
                    std::uint64_t start_ns) {
  // Reaped first: that is then part of the recording.
  launch::Child* child = prepared.target.child();
  if (child != nullptr) child->try_wait();
  prepared.coroutines.disarm();
  TRIPTYCH_TRY_ASSIGN(const std::uint64_t end_ns,
                      prepared.session.close_gate([&loop] { loop.drain_rest(); }));
  loop.drain_rest();
  // What goes wrong with the file now is told by its finish.
  if (!loop.error() && !prepared.coroutines.finish(writer)) prepared.coroutines.disarm();
  if (!loop.error()) static_cast<void>(prepared.code_maps.finish(writer));
  for (const std::string& news : prepared.code_maps.take_news()) prepared.console.say(news);

  model::Ending ending;
  ending.end_ns = end_ns;
  ending.reason = reason_of(stop, loop.error());
  if (child != nullptr) ending.wait_status = child->try_wait();
  ending.counters = prepared.session.counters();
  ending.counters.stacks.lost_maps = prepared.code_maps.lost();
  ending.counters.disk_lost = writer.records_lost() + loop.dropped();
  ending.counted_faults = prepared.session.counted_faults();
  const probe::CoroutinePrograms::Cost cost = prepared.session.coroutines().cost();
  ending.coroutine_probes = {cost.hits, cost.ns};
  ending.recorder_cpu_ns = own_cpu_ns() + prepared.coroutine_probes.readers_cpu_ns();
  Result<void> finished = writer.finish(ending);
  ending.counters.disk_lost = writer.records_lost() + loop.dropped();
  if (loop.error()) {  // main tells it, too, but only when the command has ended
    prepared.console.say(fmt::format("the recording had to end: {}", loop.error()->message));
  }
  if (prepared.coroutines.silent()) {
    prepared.console.say(
        "no program that links triptych's recorder was met: of coroutines nothing is known");
  } else if (prepared.coroutine_probes.silent() && !prepared.coroutines.met()) {
    prepared.console.say(
        prepared.coroutine_probes.markers()
            ? "no coroutine marker was reached: no coroutines, or none from here"
            : "no probe of a coroutine was hit: it had none, or they are elsewhere");
  }
  say_result(prepared.console, prepared.file, writer, ending, start_ns);
  if (prepared.target.ended_fd() >= 0 && stop == Stop::kTargetEnded) {
    const std::uint64_t alive = prepared.session.tasks_alive();
    if (alive > 0) {
      prepared.console.say(fmt::format("{} of its descendants still {}, no longer recorded",
                                       format_count(alive), alive == 1 ? "runs" : "run"));
    }
  }
  if (loop.error()) return tl::unexpected<Error>(*loop.error());
  return finished;
}

// After the file is finished: the status to end with. Leaving a command in the foreground of the
// terminal behind would mix it up with whatever is typed next.
int status_of_command(Prepared& prepared, EventLoop& loop, const char* outcome) {
  if (prepared.target.child() == nullptr) return 0;
  std::optional<int> status = prepared.target.child()->try_wait();
  if (!status) {
    prepared.console.say(fmt::format("{}; waiting for the command to end", outcome));
    status = loop.wait_for_command();
  }
  if (status) return launch::exit_status_of_wait(*status);
  prepared.console.say("the command still runs");
  return 128 + loop.last_signal();
}

// While the command runs on, nothing slows it or the machine down any more.
void take_probes_away(Prepared& prepared) {
  const bool slow = prepared.coroutine_probes.sit_one_by_one();
  prepared.coroutine_probes.stop_looking();
  const std::uint64_t begin_ns = monotonic_ns();
  { const probe::Session over = std::move(prepared.session); }
  if (!slow) return;
  prepared.console.say(fmt::format("the probes in programs are gone; taking them away took {}",
                                   format_duration_ns(monotonic_ns() - begin_ns)));
}

Outcome<int> record(const Options& options, Prepared& prepared) {
  TRIPTYCH_RECORD_TRY(auto end_of_file, prepared.file.writing_end());
  if (const auto tracked = prepared.target.track(prepared.session); !tracked) {
    return tl::unexpected<Failure>(Failure{tracked.error()});
  }
  TRIPTYCH_RECORD_TRY(const std::uint64_t start_ns, prepared.session.open_gate());
  TRIPTYCH_RECORD_TRY(
      trace::Writer writer,
      trace::Writer::create(std::move(end_of_file), describe(options, prepared, start_ns),
                            prepared.streams()));
  prepared.coroutines.start(prepared.target.describe(), prepared.coroutine_stream(),
                            prepared.console);
  if (const auto watched =
          prepared.code_maps.start(prepared.target.describe(), prepared.map_stream());
      !watched) {
    return tl::unexpected<Failure>(Failure{watched.error()});
  }
  if (prepared.session.first_process_hidden()) {
    prepared.console.say(
        "not recorded: process 1, which this kernel does not show to BPF programs");
  }
  for (const std::string& others : prepared.coroutine_probes.bystanders()) {
    prepared.console.say(others);
  }
  if (const auto how = prepared.coroutine_probes.one_by_one(); !how.empty()) {
    prepared.console.say(how);
  }
  const bool is_command = options.kind == model::TargetKind::kCommand;
  if (is_command) {
    prepared.console.say(fmt::format("{} runs as {}", quote(options.command.front()),
                                     escape(prepared.target.user())));
  }
  if (const auto started = prepared.target.start(); !started) {
    return tl::unexpected<Failure>(started.error());
  }
  EventLoop loop(
      {options, prepared.session, writer, prepared.target, prepared.signals, prepared.console,
       prepared.coroutines, prepared.coroutine_probes, prepared.code_maps},
      start_ns);
  Result<void> finished = prepared.file.publish();
  const char* outcome = "there is no recording";
  if (finished) {
    const Stop stop = loop.run();
    finished = finish(prepared, loop, writer, stop, start_ns);
    outcome = finished ? "the recording is finished" : "the recording ended early";
  }
  take_probes_away(prepared);
  const int status = status_of_command(prepared, loop, outcome);
  if (!finished) return tl::unexpected<Failure>(Failure{std::move(finished.error())});
  return status;
}

}  // namespace

Outcome<int> run(const Options& options) {
  if (const auto allowed = check_rights(options); !allowed) {
    return tl::unexpected<Failure>(Failure{allowed.error()});
  }
  TRIPTYCH_RECORD_TRY(launch::Signals signals, launch::Signals::take_over());
  if (options.kind == model::TargetKind::kCommand) signals.watch_group();
  Console console;
  Outcome<Prepared> prepared = prepare(options, signals, console);
  if (!prepared) return tl::unexpected<Failure>(prepared.error());
  return record(options, *prepared);
}

}  // namespace triptych::record
