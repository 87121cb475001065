// SPDX-License-Identifier: Apache-2.0
//
// Where the time of each task went, who took its CPU, and how long it waited for one.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/bars.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Task;

constexpr std::size_t kSyscallsShown = 4;
constexpr std::uint64_t kSmallestShare = 100;  // what took less of a task's life is not named
constexpr std::size_t kNameWidth = 20;

std::string blocked_words(const Task& task) {
  std::vector<std::pair<std::string, std::uint64_t>> reasons(task.blocked_by_syscall_ns.begin(),
                                                             task.blocked_by_syscall_ns.end());
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const std::uint64_t life_ns =
      task.on_cpu_ns + task.runnable_ns + task.blocked_ns + task.unknown_ns;
  std::vector<std::string> words;
  for (const auto& reason : reasons) {
    if (words.size() == kSyscallsShown || reason.second < life_ns / kSmallestShare) break;
    words.push_back(blocked_in(reason.first) + " " + format_value(Duration{reason.second}));
  }
  if (!words.empty() && words.size() < reasons.size()) {
    words.push_back(fmt::format("{} more", reasons.size() - words.size()));
  }
  return words.empty() ? "" : "blocked in: " + joined(words);
}

Row task_row(const View& view, const Task& task) {
  const bool switches = view.available().switches;
  const auto time = [&](std::uint64_t ns) -> Value {
    if (!switches) return NotAvailable{};
    return Duration{ns};
  };
  const auto count = [&](std::uint64_t value) -> Value {
    if (!switches) return NotAvailable{};
    return Count{value};
  };
  Row row;
  row.cells = {std::to_string(task.tid),
               cut(task.comm.empty() ? "(no name)" : escape(task.comm), kNameWidth),
               time(task.on_cpu_ns),
               time(task.runnable_ns),
               time(task.blocked_ns),
               time(task.unknown_ns),
               count(task.switches.voluntary),
               count(task.switches.involuntary),
               count(task.migrations),
               view.available().faults ? Value(Count{task.faults.total}) : NotAvailable{}};
  if (view.summary().coroutines.recorded) row.cells.emplace_back(Count{task.coroutine_switches});
  row.detail = blocked_words(task);
  row.task = static_cast<std::uint32_t>(task.id);
  if (switches) {
    row.states = StateTimes{task.on_cpu_ns, task.runnable_ns, task.blocked_ns, task.unknown_ns};
  }
  return row;
}

const char* sorted_words(Sort sort) {
  switch (sort) {
    case Sort::kOnCpu:
      return "most time on CPU first";
    case Sort::kRunnable:
      return "longest waiting for a CPU first";
    case Sort::kBlocked:
      return "longest blocked first";
    case Sort::kSwitches:
      return "most context switches first";
    case Sort::kFaults:
      return "most page faults first";
    case Sort::kStart:
      return "in order of start";
  }
  return "";
}

struct Loss {
  const Task* victim;
  model::TaskId by;
  analyze::Preemption preemption;
};

}  // namespace

Section tasks_section(const View& view) {
  if (view.tasks().empty()) return {};
  Table table;
  table.columns = {{"tid"},     {"name", true}, {"on CPU"},      {"runnable"}, {"blocked"},
                   {"unknown"}, {"voluntary"},  {"involuntary"}, {"moves"},    {"faults"}};
  if (view.summary().coroutines.recorded) table.columns.push_back({"resumes"});
  const std::vector<const Task*> tasks = view.sorted_tasks();
  const std::size_t shown = view.shown(tasks.size());
  for (std::size_t i = 0; i < shown; ++i) table.rows.push_back(task_row(view, *tasks[i]));
  if (shown < tasks.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(tasks.size() - shown, "more task", "more tasks"));
  }
  std::string hint = fmt::format(
      "Tasks, {}. Runnable: ready, waiting for a CPU. Voluntary: switches by which the task gave "
      "the CPU "
      "up, to wait; involuntary: by which it lost it. Moves: times it ran on another CPU than "
      "before.",
      sorted_words(view.options().sort));
  if (view.summary().coroutines.recorded) hint += " Resumes: of coroutines on it.";
  if (view.totals().unknown_by_cause_ns[static_cast<std::size_t>(
          analyze::UnknownCause::kBeforeFirstEvent)] != 0) {
    hint +=
        " Unknown: among others what tasks that existed already did before their first event; that "
        "is "
        "no loss.";
  }
  if (!view.available().event_stream) hint += " Summary mode does not tell what tasks blocked in.";
  Section section("Time of each task", hint);
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section preemption_section(const View& view) {
  Section section;
  section.title = "Who ran instead";
  section.hint =
      "A task that could have gone on lost its CPU to another, and waited until it ran again.";
  if (!view.available().switches || !view.available().event_stream) {
    section.blocks.emplace_back(
        Paragraph{"n/a: needs the events of switches, one by one.", Tone::kPlain});
    return section;
  }
  std::vector<Loss> losses;
  for (const Task* task : view.tasks()) {
    for (const auto& entry : task->preempted_by)
      losses.push_back({task, entry.first, entry.second});
  }
  if (losses.empty()) return {};
  std::stable_sort(losses.begin(), losses.end(), [](const Loss& a, const Loss& b) {
    return a.preemption.waited_ns > b.preemption.waited_ns;
  });
  Table table;
  table.columns = {{"task", true}, {"lost its CPU to", true}, {"times"}, {"waited"}};
  const std::size_t shown = view.shown(losses.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Loss& loss = losses[i];
    // The analysis keeps a bounded number of names a task; the others are one.
    const std::string name = loss.by == model::kNoTask ? "others" : task_label(view, loss.by);
    const Task* by = view.find(loss.by);
    const bool stranger = by != nullptr && by->stranger;
    Row row;
    row.cells = {task_label(view, loss.victim->id), name + (stranger ? " (not recorded)" : ""),
                 Count{loss.preemption.count}, Duration{loss.preemption.waited_ns}};
    table.rows.push_back(std::move(row));
  }
  if (shown < losses.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(losses.size() - shown, "more pair", "more pairs"));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section latency_section(const View& view) {
  if (view.tasks().empty()) return {};
  Section section;
  section.title = "Waiting for a CPU, and running";
  if (!view.available().switches) {
    section.blocks.emplace_back(
        Paragraph{"n/a: context switches were not recorded.", Tone::kPlain});
    return section;
  }
  section.hint =
      "p50: half of them took no longer; p99: 99 of 100. Quantiles are up to 3 % too high or low.";
  if (!view.available().event_stream) {
    section.hint =
        "p50: half of them took no longer; p99: 99 of 100. Summary mode keeps one count an "
        "octave: quantiles are up to a factor of 2 off.";
  }
  std::string from = "Run-queue latency: from becoming ready, or losing the CPU, to running";
  if (!view.available().wakeups) {
    from = "Run-queue latency: from losing the CPU to running (wakeups were not recorded)";
  }
  section.blocks.emplace_back(make_bars(from, view.totals().run_queue_latency, "wait", "waits"));
  section.blocks.emplace_back(make_bars("Slice length: from getting a CPU to leaving it",
                                        view.totals().slice_length, "slice", "slices"));
  return section;
}

}  // namespace triptych::report
