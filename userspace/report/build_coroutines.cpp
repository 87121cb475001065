// SPDX-License-Identifier: Apache-2.0
//
// Coroutines beside the kernel's own switches: where their time went, who blocked an event loop,
// and what the loops did.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/coroutine_view.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::BlockedLoop;
using analyze::Coroutine;
using analyze::CoroutineFunction;
using analyze::Coroutines;
using analyze::EventLoop;

constexpr std::size_t kThreadsShown = 3;

std::string left_out(std::size_t all, std::size_t shown) {
  return all > shown ? fmt::format("… and {} more (--top 0 shows all)", format_count(all - shown))
                     : "";
}

// "1:N" is one thread for all of them, "M:N" several among which they move.
std::string arrangement(const Coroutines& all) {
  const bool moves = std::any_of(all.rows.begin(), all.rows.end(),
                                 [](const Coroutine& each) { return each.migrations != 0; });
  if (all.loops.size() == 1) return "all on one thread (1:N)";
  return fmt::format("on {}, {}", counted(all.loops.size(), "thread", "threads"),
                     moves ? "moving between them (M:N)" : "each staying on its own");
}

std::string what_there_was(const View& view) {
  const Coroutines& all = view.summary().coroutines;
  const analyze::SwitchCounts& kernel = view.summary().totals.switches;
  std::string text = fmt::format(
      "{} of {}, {}: {}", counted(all.count, "coroutine", "coroutines"),
      counted(coroutine_functions_of(view).size(), "function", "functions"), arrangement(all),
      counted(all.switches, "coroutine switch", "coroutine switches"));
  if (view.available().switches) {
    text += fmt::format(" beside {}", counted(kernel.voluntary + kernel.involuntary,
                                              "context switch", "context switches"));
  }
  return text + ".";
}

// By the program's own count, which is kept apart from the events, where there is one.
Paragraph account(const View& view) {
  const Coroutines& all = view.summary().coroutines;
  std::uint64_t recorded = 0, counted_by_program = 0;
  bool known = !all.functions.empty();
  for (const CoroutineFunction& each : all.functions) {
    const auto sum = [](const analyze::CoroutineCounts& counts) {
      return counts.created + counts.resumed + counts.suspended + counts.finished +
             counts.destroyed;
    };
    recorded += sum(each.counts);
    known = known && each.own_counts.has_value();
    if (each.own_counts) counted_by_program += sum(*each.own_counts);
  }
  const auto seen_by = [&all](model::CoroutineSource source) {
    return std::any_of(all.spaces.begin(), all.spaces.end(),
                       [source](const auto& space) { return space.source == source; });
  };
  if (are_only_hits(view)) {
    return {fmt::format(
                "{} of the function that was named, {} lost: that a coroutine was resumed "
                "then, by its first argument. Until when it ran, and whether one of this number "
                "is always the same, nobody sees.",
                counted(recorded, "hit", "hits"), all.lost == 0 ? "none" : format_count(all.lost)),
            all.lost == 0 ? Tone::kGood : Tone::kWarning};
  }
  if (seen_by(model::CoroutineSource::kUprobe)) {
    const bool compiled = std::any_of(all.rows.begin(), all.rows.end(), [](const auto& each) {
      return each.runtime == model::CoroutineRuntime::kCpp;
    });
    return {
        fmt::format("{} events of coroutines recorded by probes in the program, {} lost; none of "
                    "coroutines that were never resumed{}.",
                    format_count(recorded), all.lost == 0 ? "none" : format_count(all.lost),
                    compiled ? ", or that the compiler inlined: where it does, as clang above all "
                               "with link-time optimisation, the counts are lower bounds"
                             : ""),
        all.lost == 0 ? Tone::kGood : Tone::kWarning};
  }
  if (seen_by(model::CoroutineSource::kUsdt)) {
    return {fmt::format("{} events of coroutines recorded, one for each marker of the program that "
                        "was reached (USDT), and {} lost.",
                        format_count(recorded), all.lost == 0 ? "none" : format_count(all.lost)),
            all.lost == 0 ? Tone::kGood : Tone::kWarning};
  }
  if (!known) {
    return {"How many events there were is not known: the recording was cut, or marks limit it.",
            Tone::kWarning};
  }
  if (recorded == counted_by_program) {
    return {fmt::format("Every event of a coroutine is accounted for: {} recorded, {} counted by "
                        "the program itself.",
                        format_count(recorded), format_count(counted_by_program)),
            Tone::kGood};
  }
  return {fmt::format("{} events of coroutines recorded, {} counted by the program itself: times "
                      "and counts below are those of the recorded ones.",
                      format_count(recorded), format_count(counted_by_program)),
          Tone::kWarning};
}

void add_time_cells(const View& view, const analyze::CoroutineTimes& times, Row& row) {
  const auto time = [&](std::uint64_t ns) -> Value {
    if (!view.available().switches || are_only_hits(view)) return NotAvailable{};
    return Duration{ns};
  };
  const auto own = [&](std::uint64_t ns) -> Value {
    if (are_only_hits(view)) return NotAvailable{};
    return Duration{ns};
  };
  row.cells.insert(row.cells.end(),
                   {own(times.mounted_ns), time(times.on_cpu_ns), time(times.runnable_ns),
                    time(times.blocked_ns), time(times.unknown_ns), own(times.suspended_ns)});
}

Table functions_table(const View& view, const CoroutineNames& names) {
  Table table;
  table.columns = {{"function", true}, {"created"}, {"resumes"}, {"mounted"},  {"on CPU"},
                   {"runnable"},       {"blocked"}, {"unknown"}, {"suspended"}};
  const std::vector<const CoroutineFunction*> all = coroutine_functions_of(view);
  const std::size_t shown = view.shown(all.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const CoroutineFunction& each = *all[i];
    Row row;
    row.cells = {names.shown(each.number), Count{each.counts.created}, Count{each.counts.resumed}};
    if (are_only_hits(view) || each.creations_unseen) row.cells[1] = NotAvailable{};
    add_time_cells(view, each.times, row);
    table.rows.push_back(std::move(row));
  }
  table.more = left_out(all.size(), shown);
  return table;
}

std::string life_of(const View& view, const CoroutineNames& names, const Coroutine& each) {
  std::vector<std::string> words;
  if (each.created_ns) {
    std::string by = each.first_seen ? "first seen " : "created ";
    by += at_words(view, *each.created_ns);
    if (each.creator == 0 && !each.first_seen) by += " by " + task_label(view, each.creator_task);
    if (each.creator != 0) by += fmt::format(" by coroutine {}", each.creator);
    words.push_back(by);
  } else if (each.source == model::CoroutineSource::kUprobe) {
    if (each.runtime != model::CoroutineRuntime::kFunction) {
      words.emplace_back("creation not seen");
    }
  } else {
    words.emplace_back("there before the recording");
  }
  if (!each.generation_known) words.emplace_back("generation unknown: it may be several in turn");
  if (each.awaited_by != 0)
    words.push_back(fmt::format("awaited by coroutine {}", each.awaited_by));
  if (each.ended_ns) {
    const char* how = each.finished ? "finished " : "gone by ";
    if (each.destroyed) how = each.finished ? "finished, destroyed " : "destroyed unfinished ";
    words.push_back(how + at_words(view, *each.ended_ns));
  }
  std::vector<std::string> threads;
  for (const model::TaskId task : each.threads) {
    if (threads.size() == kThreadsShown) break;
    threads.push_back(task_label(view, task));
  }
  if (!threads.empty()) {
    words.push_back("on " + joined(threads) + (each.threads.size() > kThreadsShown ? ", …" : ""));
  }
  if (each.migrations != 0) words.push_back(counted(each.migrations, "migration", "migrations"));
  if (const model::Tid tgid = names.tgid(each.space); tgid != 0 && each.threads.empty()) {
    words.push_back(fmt::format("in process {}", tgid));
  }
  return joined(words);
}

Table coroutines_table(const View& view, const CoroutineNames& names) {
  Table table;
  table.columns = {{"coroutine"}, {"function", true}, {"resumes"}, {"mounted"},  {"on CPU"},
                   {"runnable"},  {"blocked"},        {"unknown"}, {"suspended"}};
  const std::vector<const Coroutine*> all = coroutines_of(view);
  const std::size_t shown = view.shown(all.size());
  for (std::size_t i = 0; i < shown; ++i) {
    Row row;
    row.cells = {std::to_string(all[i]->number), names.shown(all[i]->function),
                 Count{all[i]->resumes}};
    add_time_cells(view, all[i]->times, row);
    row.detail = life_of(view, names, *all[i]);
    table.rows.push_back(std::move(row));
  }
  table.more = left_out(all.size() + view.summary().coroutines.omitted, shown);
  return table;
}

std::string how_words(const BlockedLoop& block) {
  switch (block.how) {
    case analyze::BlockedHow::kRunnable:
      return "waiting for a CPU";
    case analyze::BlockedHow::kGil:
      return "waiting for the GIL";
    case analyze::BlockedHow::kBlocked:
    case analyze::BlockedHow::kComputing:
      break;
  }
  std::string how(analyze::name_of(block.how));
  if (!block.syscall.empty()) how += " in " + escape(block.syscall);
  return how;
}

// Which function it was that the coroutine had called, and where it is.
std::string innermost_words(const CoroutineFunction* function) {
  if (function == nullptr || function->name.empty()) return {};
  std::string words = "called by " + escape(function->name);
  if (!function->file.empty()) words += ", " + escape(function->file);
  if (function->line != 0) words += fmt::format(":{}", function->line);
  return words;
}

// "2.5 steps an iteration; 12 % of its time in coroutines, 80 % idle, 8 % elsewhere"
std::string loop_words(const View& view, const EventLoop& loop) {
  std::vector<std::string> words;
  if (loop.iterations != 0) {
    words.push_back(
        fmt::format("{:.1f} steps an iteration",
                    static_cast<double>(loop.steps) / static_cast<double>(loop.iterations)));
  }
  const std::uint64_t all = loop.coroutine_ns + loop.idle_ns + loop.elsewhere_ns + loop.unknown_ns;
  if (view.available().switches && all != 0) {
    const auto share = [all](std::uint64_t ns) {
      return 100 * static_cast<double>(ns) / static_cast<double>(all);
    };
    words.push_back(
        fmt::format("{:.1f} % of its time in coroutines, {:.1f} % idle, {:.1f} % elsewhere",
                    share(loop.coroutine_ns), share(loop.idle_ns), share(loop.elsewhere_ns)));
  }
  const analyze::Task* task = view.find(loop.task);
  if (task != nullptr && task->system_ns) {
    words.push_back(fmt::format("{} in the kernel, by its own count of the thread",
                                format_value(Duration{*task->system_ns})));
  }
  return joined(words);
}

// Silence is not the same as none.
bool were_probes_silent(const View& view) {
  if (view.summary().coroutines.recorded || view.summary().coroutines.lost != 0) return false;
  const auto& plan = view.summary().metadata.plan;
  return std::any_of(plan.begin(), plan.end(), [](const model::PlannedEvent& each) {
    return each.event == "coroutine" && each.hook.starts_with("uprobe");
  });
}

}  // namespace

Section coroutines_section(const View& view) {
  if (were_probes_silent(view)) {
    Section silent("Coroutines", "");
    silent.blocks.emplace_back(Paragraph{
        "Not known: no probe was hit. The program came to no coroutine, or they are elsewhere.",
        Tone::kWarning});
    return silent;
  }
  if (view.summary().coroutines.functions.empty()) {
    Section none("Coroutines", "");
    for (const std::string& reason : why_none_was_seen(view)) {
      none.blocks.emplace_back(Paragraph{"Not known: " + escape(reason) + ".", Tone::kWarning});
    }
    return none;
  }
  Section section("Coroutines", "longest mounted first; mounted: on top of a thread");
  const CoroutineNames names(view);
  section.blocks.emplace_back(Paragraph{what_there_was(view), Tone::kPlain});
  section.blocks.emplace_back(account(view));
  if (const auto ended = view.summary().coroutines.budget_ended_ns) {
    section.blocks.emplace_back(Paragraph{
        fmt::format("None was recorded any more {}: the probes cost more than --coroutine-budget "
                    "allows.",
                    at_words(view, *ended)),
        Tone::kWarning});
  }
  if (const std::uint64_t unseen = view.summary().coroutines.ends_unseen; unseen != 0) {
    section.blocks.emplace_back(Paragraph{
        fmt::format(
            "After {} nobody saw until when the coroutine ran: where it returned to there "
            "was no probe. That time is unknown, and whether it blocked an event loop, too.",
            counted(unseen, "resumption", "resumptions")),
        Tone::kWarning});
  }
  if (recorder_clock(view) == model::CoroutineClock::kMonotonic) {
    section.blocks.emplace_back(
        Paragraph{"The times are of CLOCK_MONOTONIC: the program's recorder found that the TSC is "
                  "not this machine's clock source. An event costs the program more so.",
                  Tone::kWarning});
  }
  section.blocks.emplace_back(functions_table(view, names));
  section.blocks.emplace_back(coroutines_table(view, names));
  return section;
}

Section blocked_loops_section(const View& view) {
  const Coroutines& all = view.summary().coroutines;
  Section section("Blocked event loops",
                  fmt::format("a coroutine kept its thread for {} or longer; most damage first",
                              format_duration_ns(all.slow_step_ns)));
  const std::vector<const BlockedLoop*> blocks = blocks_of(view);
  if (blocks.empty()) return section;
  const CoroutineNames names(view);
  Table table;
  table.columns = {{"function", true}, {"coroutine"},     {"thread", true}, {"at"}, {"for"},
                   {"how", true},      {"others delayed"}};
  const std::size_t shown = view.shown(blocks.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const BlockedLoop& each = *blocks[i];
    Row row;
    row.cells = {names.shown(each.function),  std::to_string(each.coroutine),
                 task_label(view, each.task), moment(view, each.begin_ns),
                 Duration{each.duration_ns},  how_words(each),
                 Count{each.delayed}};
    row.detail = innermost_words(names.find(each.innermost));
    table.rows.push_back(std::move(row));
  }
  table.more = left_out(blocks.size(), shown);
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section event_loops_section(const View& view) {
  Section section("Event loops", "threads that ran coroutines; an iteration ends where it slept");
  const std::vector<const EventLoop*> loops = loops_of(view);
  if (loops.empty()) return section;
  Table table;
  table.columns = {{"thread", true},  {"iterations"}, {"steps"},     {"longest step"},
                   {"in coroutines"}, {"idle"},       {"elsewhere"}, {"unknown"}};
  const std::size_t shown = view.shown(loops.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const EventLoop& each = *loops[i];
    const auto time = [&](std::uint64_t ns) -> Value {
      if (!view.available().switches) return NotAvailable{};
      return Duration{ns};
    };
    Row row;
    row.cells = {task_label(view, each.task),    Count{each.iterations},      Count{each.steps},
                 Duration{each.longest_step_ns}, Duration{each.coroutine_ns}, time(each.idle_ns),
                 time(each.elsewhere_ns),        Duration{each.unknown_ns}};
    row.detail = loop_words(view, each);
    table.rows.push_back(std::move(row));
  }
  table.more = left_out(loops.size(), shown);
  section.blocks.emplace_back(std::move(table));
  return section;
}

}  // namespace triptych::report
