// SPDX-License-Identifier: Apache-2.0
//
// The page: what the text says, in the order in which a page is read, with what only a page can
// show.
#include <fmt/core.h>

#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "model/event.hpp"
#include "report/page.hpp"
#include "report/report.hpp"
#include "report/sections.hpp"

namespace triptych::report {
namespace {

PageSection page_section(std::string id, Section section) {
  PageSection made;
  made.id = std::move(id);
  made.title = std::move(section.title);
  made.hint = std::move(section.hint);
  for (Block& each : section.blocks) {
    std::visit([&made](auto& block) { made.blocks.emplace_back(std::move(block)); }, each);
  }
  return made;
}

void add(Page& page, PageSection section) {
  if (!section.blocks.empty()) page.sections.push_back(std::move(section));
}

PageSection totals(const View& view) {
  PageSection section = page_section("totals", totals_section(view));
  if (!view.available().switches) return section;
  const analyze::Totals& all = view.totals();
  section.blocks.emplace(section.blocks.begin(), StateBar{{all.on_cpu_ns, all.runnable_ns,
                                                           all.blocked_ns, all.unknown_ns}});
  return section;
}

const char* words_for(HappeningKind kind) {
  switch (kind) {
    case HappeningKind::kMarks:
      return "marks";
    case HappeningKind::kLosses:
      return "places where records were lost";
    case HappeningKind::kBlockedLoops:
      return "blocked event loops";
  }
  return "";
}

std::string left_out(const TimeLine& line) {
  std::string words;
  if (line.cpus_left_out != 0) {
    words += fmt::format(" Of the CPUs those that were busiest with recorded tasks; {} left out.",
                         counted(line.cpus_left_out, "is", "are"));
  }
  if (line.tasks_left_out != 0) {
    words +=
        fmt::format(" Of the tasks the {} with most time on CPU, in order of start; {} left out.",
                    format_count(line.tasks.size()), counted(line.tasks_left_out, "is", "are"));
  }
  if (line.busy_left_out != 0) {
    words +=
        fmt::format(" Among these are {} busy late, after having been idle while hundreds ran.",
                    counted(line.busy_left_out, "that was", "that were"));
  }
  for (const Happenings& each : line.happenings) {
    if (each.left_out == 0) continue;
    words += fmt::format(" Of {} {} the first {} are shown.",
                         format_count(each.items.size() + each.left_out), words_for(each.kind),
                         format_count(each.items.size()));
  }
  return words;
}

PageSection time_line_section(const View& view, std::optional<TimeLine> line) {
  PageSection section;
  section.id = "time-line";
  section.title = "Time line";
  if (!line) {
    const char* why = !view.available().event_stream
                          ? "n/a: a trace of summaries does not say what happened when."
                          : "n/a: no event tells what tasks did when.";
    section.blocks.emplace_back(Paragraph{why, Tone::kPlain});
    return section;
  }
  section.hint =
      fmt::format("Each column adds up {}: the height of a colour is its share of that time. ",
                  format_duration_ns(line->column_ns));
  section.hint += view.narrowed()
                      ? "CPUs and all tasks together are of the whole recording."
                      : "Where a CPU has no colour it was idle, or ran what was not recorded.";
  section.hint += left_out(*line);
  section.blocks.emplace_back(std::move(*line));
  return section;
}

PageSection flame_graphs(const View& view, std::vector<profile::Profile> profiles) {
  PageSection section;
  section.id = "flame-graphs";
  section.title = "Flame graphs";
  section.hint =
      "What was spent, by path: a frame is as wide as what was spent in it, and hangs below the "
      "one "
      "that led to it.";
  section.hint += view.narrowed() ? " Of the chosen tasks only." : "";
  for (profile::Profile& each : profiles) {
    if (each.nodes.size() > 1) section.blocks.emplace_back(FlameGraph{std::move(each)});
  }
  return section;
}

PageSection faults(const View& view) {
  PageSection section = page_section("faults", faults_section(view));
  std::vector<Bars> bars = fault_bars(view);
  if (!bars.empty()) section.blocks.emplace(section.blocks.begin(), BarsGroup{std::move(bars)});
  return section;
}

PageSection forks(const View& view) {
  PageSection section = page_section("forks", forks_section(view));
  std::optional<Table> bills = fork_bills(view);
  if (bills) section.blocks.assign(1, std::move(*bills));
  return section;
}

// Side by side where they are two of a kind.
PageSection latencies(const View& view) {
  PageSection section = page_section("waiting", latency_section(view));
  BarsGroup group;
  std::vector<PageBlock> others;
  for (PageBlock& each : section.blocks) {
    if (auto* bars = std::get_if<Bars>(&each)) {
      group.members.push_back(std::move(*bars));
    } else {
      others.push_back(std::move(each));
    }
  }
  section.blocks = std::move(others);
  if (!group.members.empty()) section.blocks.emplace_back(std::move(group));
  return section;
}

void take_context(const View& view, Page& page) {
  Section section = context_section(view);
  for (Block& each : section.blocks) {
    if (auto* fields = std::get_if<Fields>(&each)) page.context = std::move(*fields);
    if (auto* verdict = std::get_if<Paragraph>(&each)) page.verdicts.push_back(std::move(*verdict));
  }
}

}  // namespace

Page make_page(const View& view, std::optional<TimeLine> time_line,
               std::vector<profile::Profile> profiles) {
  Page page;
  page.title = title_of(view);
  page.subject = subject_of(view);
  page.facts = facts_of(view);
  page.words = words_of(view);
  take_context(view, page);
  add(page, page_section("tree", tree_section(view)));
  add(page, time_line_section(view, std::move(time_line)));
  add(page, totals(view));
  add(page, page_section("tasks", tasks_section(view)));
  add(page, flame_graphs(view, std::move(profiles)));
  add(page, latencies(view));
  add(page, page_section("preemption", preemption_section(view)));
  add(page, faults(view));
  add(page, forks(view));
  add(page, page_section("coroutines", coroutines_section(view)));
  add(page, page_section("blocked-loops", blocked_loops_section(view)));
  add(page, page_section("event-loops", event_loops_section(view)));
  add(page, page_section("marks", marks_section(view)));
  add(page, page_section("audit", audit_section(view)));
  add(page, page_section("quality", quality_section(view)));
  add(page, page_section("provenance", provenance_section(view)));
  const std::string& version = view.summary().metadata.tool_version;
  page.made_by = "triptych report --format html";
  if (!version.empty()) page.made_by += ", of a recording by triptych " + escape(version);
  return page;
}

}  // namespace triptych::report
