// SPDX-License-Identifier: Apache-2.0
#include "compare/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "compare/quantities.hpp"
#include "compare/text_scenario.hpp"
#include "compare/text_table.hpp"

namespace triptych::compare {
namespace {

std::string or_unknown(const std::string& text) {
  return text.empty() ? "unknown" : text;
}

std::string what_did_not_hold(const Document& document) {
  std::string changed;
  for (const EventCost& cost : document.event_costs) {
    if (cost.held()) continue;
    changed +=
        fmt::format("{}{} ± {} for each {}", changed.empty() ? "" : ", ",
                    format_ns(cost.at_end->ns), format_ns(cost.at_end->uncertainty_ns), cost.event);
  }
  return changed;
}

void write_calibration(Page& page, const Document& document) {
  if (!document.calibrated_after_ns) return;
  const auto time = [](std::uint64_t ns) { return format_ns(static_cast<double>(ns)); };
  std::string text = fmt::format("these costs were known after {}, before anything was timed",
                                 time(*document.calibrated_after_ns));
  if (document.checked_after_ns) {
    const std::string changed = what_did_not_hold(document);
    text += fmt::format(", and measured again at the end, {} later: ",
                        time(*document.checked_after_ns - *document.calibrated_after_ns));
    text += changed.empty() ? "they held"
                            : fmt::format(
                                  "they had changed to {}; what is expected of them is that "
                                  "much less certain",
                                  changed);
  }
  page.filled("  tracing      ", text);
}

void write_head(Page& page, const Document& document) {
  const host::Environment& environment = document.environment;
  page.filled("",
              fmt::format("triptych compare: {}, each a process of its own, in {}",
                          counted(document.repetitions, "repetition", "repetitions"),
                          format_ns(static_cast<double>(document.elapsed_ns))),
              Tone::kTitle);
  page.line();
  page.filled(
      "  machine      ",
      fmt::format("Linux {} {}, {} of {}, {}, {}{}", environment.machine.kernel,
                  environment.machine.machine, environment.usable_cpus,
                  counted(environment.machine.cpus, "CPU", "CPUs"),
                  or_unknown(environment.machine.cpu_model), format_bytes(environment.memory_bytes),
                  environment.machine.virtual_machine ? ", virtual machine" : ""));
  page.filled(
      "  settings     ",
      fmt::format("huge pages {}, governor {}, clock {}, SMT {}, ASLR {}, {} mitigations, "
                  "load {:.2f}",
                  or_unknown(environment.transparent_huge_pages), or_unknown(environment.governor),
                  or_unknown(environment.clock_source), or_unknown(environment.smt),
                  or_unknown(environment.aslr), environment.mitigations.size(), environment.load));
  page.filled("  statistics   ",
              fmt::format("medians; a difference is claimed where the interval of the ratio, "
                          "corrected for the {} of this report, lies beyond {:.0f} %",
                          counted(document.statistics.hypotheses, "question", "questions"),
                          document.statistics.rule.threshold * 100));
  if (document.repetitions < kFewestRepetitions) {
    page.filled(
        "  few runs     ",
        fmt::format("fewer than {} repetitions were asked for: intervals are wide or cannot "
                    "be given, and few differences can be shown",
                    kFewestRepetitions));
  }
  page.filled("  timed by     ",
              fmt::format("{}, its clock read before the first and after the last operation; "
                          "triptych-bench times the same cells by Google Benchmark",
                          kCellProgram));
  if (environment.load > 0.5 * environment.machine.cpus) {
    page.filled("  busy         ",
                fmt::format("the load was {:.1f} on {} when this began: other programs make "
                            "intervals wider than they need be, and speed-ups smaller",
                            environment.load, counted(environment.machine.cpus, "CPU", "CPUs")));
  }
  if (!document.why_untraced.empty()) {
    page.filled("  not recorded ", document.why_untraced);
  }
  if (!document.why_no_hardware.empty()) page.filled("  no counters  ", document.why_no_hardware);
  for (const std::string& remark : document.tracing_remarks) {
    page.filled("  not recorded ", remark);
  }
  for (const EventCost& cost : document.event_costs) {
    const bool known = cost.ns > cost.uncertainty_ns;
    page.filled("  tracing      ",
                known ? fmt::format("costs {} ± {} for each {}", format_ns(cost.ns),
                                    format_ns(cost.uncertainty_ns), cost.event)
                      : fmt::format("costs less than can be told for each {}: {} ± {}", cost.event,
                                    format_ns(cost.ns), format_ns(cost.uncertainty_ns)));
  }
  write_calibration(page, document);
}

void write_ladder(Page& page, const Document& document) {
  if (document.ladder.empty()) return;
  page.line();
  page.line("In short", Tone::kTitle);
  page.line();
  std::size_t widest = 0;
  for (const Rung& rung : document.ladder) widest = std::max(widest, rung.question.size());
  for (const Rung& rung : document.ladder) {
    page.filled(fmt::format("  {:<{}}  ", rung.question, widest), rung.answer);
  }
}

}  // namespace

std::string write_text(const Document& document, const TextStyle& style) {
  Page page(style.width, style.colours);
  write_head(page, document);
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (document.scenarios[i].label.empty()) write_scenario(page, document, i);
  }
  write_ladder(page, document);
  page.line();
  page.filled("  ",
              "* the best of its row, beyond doubt.  = no difference.  ? inconclusive: more "
              "repetitions may tell.  - does not apply, or was not measured.  ~0 next to nothing: "
              "less than once in 200 operations, less than 1 ns.  noise: no more than chance. "
              "Figures that are the same in a whole row, and rows of zeros, are left out; the JSON "
              "has them.",
              Tone::kFaint);
  return page.take();
}

}  // namespace triptych::compare
