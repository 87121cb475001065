// SPDX-License-Identifier: Apache-2.0
//
// What happened, in sentences, and the figures to be seen first. Nothing is said of what was not
// recorded: the sections say that it was not.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "report/coroutine_view.hpp"
#include "report/page.hpp"
#include "report/report.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

constexpr std::size_t kCallsNamed = 3;

std::uint64_t duration_of(const View& view) {
  return view.summary().end_ns - view.summary().begin_ns;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// "0.3 %", "12 %": to be read, not to be computed with.
std::string percent(std::uint64_t part, std::uint64_t whole) {
  const double share = ratio(part, whole) * 100;
  if (part != 0 && share < 0.1) return "less than 0.1 %";
  return fmt::format("{:.{}f} %", share, share < 10 ? 1 : 0);
}

std::string who(const View& view) {
  const auto& tasks = view.tasks();
  const auto processes = static_cast<std::uint64_t>(std::count_if(
      tasks.begin(), tasks.end(), [](const auto* task) { return task->tid == task->tgid; }));
  std::string words = counted(processes, "process", "processes");
  if (processes != tasks.size()) {
    words +=
        fmt::format(" and {}", counted(tasks.size() - processes, "more thread", "more threads"));
  }
  return words;
}

Paragraph run_words(const View& view) {
  const analyze::Summary& summary = view.summary();
  const bool command = summary.metadata.target.kind == model::TargetKind::kCommand;
  std::string text =
      fmt::format("{} for {}, in {}", command ? "It ran" : "What it did was recorded",
                  format_duration_ns(duration_of(view)), who(view));
  if (summary.metadata.host.cpus != 0) {
    text += fmt::format(" on {}", counted(summary.metadata.host.cpus, "CPU", "CPUs"));
  }
  if (command && summary.ending && summary.ending->wait_status) {
    text += fmt::format(
        ", and {}", wait_status_words(static_cast<std::uint32_t>(*summary.ending->wait_status)));
  }
  return {text + ".", Tone::kPlain};
}

// "mostly in wait4 (2.1 s) and read (300 ms)"
std::string calls_words(const View& view) {
  std::map<std::string, std::uint64_t> together;
  for (const analyze::Task* task : view.tasks()) {
    for (const auto& [name, ns] : task->blocked_by_syscall_ns) together[name] += ns;
  }
  std::vector<std::pair<std::string, std::uint64_t>> calls(together.begin(), together.end());
  std::stable_sort(calls.begin(), calls.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> named;
  for (const auto& call : calls) {
    if (named.size() == kCallsNamed || call.second * 20 < view.totals().blocked_ns) break;
    named.push_back(
        fmt::format("{} ({})", blocked_in(call.first), format_duration_ns(call.second)));
  }
  return named.empty() ? "" : ", most of it in " + joined(named);
}

Paragraph time_words(const View& view) {
  const analyze::Totals& totals = view.totals();
  std::string text =
      fmt::format("All tasks together were on a CPU for {}, as much as {:.2f} CPUs all the time",
                  format_duration_ns(totals.on_cpu_ns), ratio(totals.on_cpu_ns, duration_of(view)));
  if (view.available().wakeups && view.available().event_stream) {
    text += fmt::format(
        "; for {} they were ready but had to wait for one, {} of the time in which they could have "
        "run",
        format_value(Duration{totals.runnable_ns}),
        percent(totals.runnable_ns, totals.runnable_ns + totals.on_cpu_ns));
  }
  text += fmt::format(". They were blocked for {}{}.", format_value(Duration{totals.blocked_ns}),
                      calls_words(view));
  if (totals.unknown_ns != 0) {
    text +=
        fmt::format(" Of {} no event proves what they did.", format_duration_ns(totals.unknown_ns));
  }
  return {text, Tone::kPlain};
}

Paragraph switch_words(const View& view) {
  const analyze::SwitchCounts& switches = view.totals().switches;
  const std::uint64_t all = switches.voluntary + switches.involuntary;
  std::string text =
      fmt::format("There were {}", counted(all, "context switch", "context switches"));
  if (all != 0) {
    text += fmt::format(": in {} the task gave its CPU up to wait, in {} it lost it",
                        format_count(switches.voluntary), format_count(switches.involuntary));
  }
  text += ".";
  const analyze::Histogram& latency = view.totals().run_queue_latency;
  if (latency.count() != 0) {
    text += fmt::format(
        " Half of the waits for a CPU took no longer than {}, 99 of 100 no longer "
        "than {}",
        format_duration_ns(latency.quantile(0.5)), format_duration_ns(latency.quantile(0.99)));
    if (latency.exact())
      text += fmt::format("; the longest, {}", format_duration_ns(latency.max()));
    text += ".";
  }
  return {text, Tone::kPlain};
}

// Of which the duration is known.
std::uint64_t fault_time(const View& view) {
  std::uint64_t time_ns = 0;
  for (const analyze::AddressSpace* space : view.address_spaces()) {
    for (const analyze::FaultStats& stats : space->faults) time_ns += stats.time_ns;
  }
  return time_ns;
}

std::string creation_words(const View& view) {
  const analyze::Totals& totals = view.totals();
  std::vector<std::string> words;
  if (totals.forks != 0) words.push_back(counted(totals.forks, "fork", "forks"));
  if (totals.vforks != 0) words.push_back(counted(totals.vforks, "vfork", "vforks"));
  if (totals.threads_created != 0) {
    words.push_back(counted(totals.threads_created, "thread", "threads"));
  }
  if (totals.other_clones != 0) {
    words.push_back(counted(totals.other_clones, "other clone", "other clones"));
  }
  return words.empty() ? "" : " Created: " + joined(words) + ".";
}

Paragraph memory_words(const View& view) {
  const analyze::Totals& totals = view.totals();
  std::string text = counted(totals.faults.total, "page fault", "page faults");
  text += fmt::format(", {} of them major", format_count(totals.faults.major));
  // Address spaces are of processes, not of one thread.
  const std::uint64_t time_ns = view.options().tid ? 0 : fault_time(view);
  if (time_ns != 0) text += fmt::format(", took {}", format_duration_ns(time_ns));
  if (time_ns != 0 && view.available().switches && totals.on_cpu_ns > time_ns) {
    text += fmt::format(" (beside {} on a CPU)", format_duration_ns(totals.on_cpu_ns));
  }
  text += ".";
  if (totals.cow.copies != 0) {
    text +=
        fmt::format(" Copied on write: {} ({}) in {}.", counted(totals.cow.copies, "page", "pages"),
                    format_bytes(totals.cow.bytes), format_value(Duration{totals.cow.time_ns}));
  }
  return {text, Tone::kPlain};
}

Paragraph coroutine_words(const View& view) {
  const analyze::Coroutines& all = view.summary().coroutines;
  std::string text =
      fmt::format("{} ran, resumed {} times", counted(all.count, "coroutine", "coroutines"),
                  format_count(all.switches));
  const std::vector<const analyze::BlockedLoop*> blocks = blocks_of(view);
  if (blocks.empty()) {
    return {fmt::format("{}; none kept its thread for {} or longer.", text,
                        format_duration_ns(all.slow_step_ns)),
            Tone::kPlain};
  }
  const auto* const longest = *std::max_element(
      blocks.begin(), blocks.end(),
      [](const auto* a, const auto* b) { return a->duration_ns < b->duration_ns; });
  text += fmt::format(
      "; {} one kept its thread from all others for {} or longer, at most for {} "
      "(in {})",
      counted(blocks.size() + all.blocked_omitted, "time", "times"),
      format_duration_ns(all.slow_step_ns), format_duration_ns(longest->duration_ns),
      CoroutineNames(view).shown(longest->function));
  return {text + ".", Tone::kWarning};
}

}  // namespace

std::vector<Paragraph> words_of(const View& view) {
  std::vector<Paragraph> words;
  if (view.tasks().empty()) return words;
  Paragraph run = run_words(view);
  run.text += creation_words(view);
  words.push_back(std::move(run));
  if (view.available().switches) {
    words.push_back(time_words(view));
    words.push_back(switch_words(view));
  }
  if (view.available().faults && view.totals().faults.total != 0) {
    words.push_back(memory_words(view));
  }
  if (!view.summary().coroutines.functions.empty()) words.push_back(coroutine_words(view));
  return words;
}

Fields facts_of(const View& view) {
  const analyze::Totals& totals = view.totals();
  const Available& available = view.available();
  const auto when = [](bool recorded, Value value) -> Value {
    if (recorded) return value;
    return NotAvailable{};
  };
  const analyze::SwitchCounts& switches = totals.switches;
  Fields facts;
  facts.fields.push_back({"recorded time", Duration{duration_of(view)}, ""});
  facts.fields.push_back({"tasks", Count{view.tasks().size()}, ""});
  facts.fields.push_back({"on CPU", when(available.switches, Duration{totals.on_cpu_ns}), ""});
  facts.fields.push_back(
      {"context switches",
       when(available.switches, Count{switches.voluntary + switches.involuntary}), ""});
  facts.fields.push_back({"CPU wait, p99",
                          when(available.switches && totals.run_queue_latency.count() != 0,
                               Duration{totals.run_queue_latency.quantile(0.99)}),
                          ""});
  facts.fields.push_back({"page faults", when(available.faults, Count{totals.faults.total}), ""});
  facts.fields.push_back({"copied on write", when(available.faults, Bytes{totals.cow.bytes}), ""});
  return facts;
}

}  // namespace triptych::report
