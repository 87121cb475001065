// SPDX-License-Identifier: Apache-2.0
#include "compare/circumstances.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "compare/quantities.hpp"

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

void add_calibration(const Document& document, std::vector<Circumstance>& all) {
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
  all.push_back({"tracing", text});
}

void add_tracing(const Document& document, std::vector<Circumstance>& all) {
  if (!document.why_untraced.empty()) {
    all.push_back({"not recorded", document.why_untraced});
  }
  if (!document.why_no_hardware.empty()) all.push_back({"no counters", document.why_no_hardware});
  for (const std::string& remark : document.tracing_remarks) {
    all.push_back({"not recorded", remark});
  }
  for (const EventCost& cost : document.event_costs) {
    const bool known = cost.ns > cost.uncertainty_ns;
    all.push_back({"tracing",
                   known
                       ? fmt::format("costs {} ± {} for each {}", format_ns(cost.ns),
                                     format_ns(cost.uncertainty_ns), cost.event)
                       : fmt::format("costs less than can be told for each {}: {} ± {}", cost.event,
                                     format_ns(cost.ns), format_ns(cost.uncertainty_ns))});
  }

  add_calibration(document, all);
}

}  // namespace

std::vector<Circumstance> circumstances_of(const Document& document) {
  const host::Environment& environment = document.environment;
  std::vector<Circumstance> all;
  all.push_back(
      {"machine", fmt::format("Linux {} {}, {} of {}, {}, {}{}", environment.machine.kernel,
                              environment.machine.machine, environment.usable_cpus,
                              counted(environment.machine.cpus, "CPU", "CPUs"),
                              or_unknown(environment.machine.cpu_model),
                              format_bytes(environment.memory_bytes),
                              environment.machine.virtual_machine ? ", virtual machine" : "")});
  all.push_back(
      {"settings",
       fmt::format("huge pages {}, governor {}, clock {}, SMT {}, ASLR {}, {} mitigations, "
                   "load {:.2f}",
                   or_unknown(environment.transparent_huge_pages), or_unknown(environment.governor),
                   or_unknown(environment.clock_source), or_unknown(environment.smt),
                   or_unknown(environment.aslr), environment.mitigations.size(),
                   environment.load)});
  all.push_back({"statistics",
                 fmt::format("medians; a difference is claimed where the interval of the ratio, "
                             "corrected for the {} of this report, lies beyond {:.0f} %",
                             counted(document.statistics.hypotheses, "question", "questions"),
                             document.statistics.rule.threshold * 100)});
  if (document.repetitions < kFewestRepetitions) {
    all.push_back(
        {"few runs",
         fmt::format("fewer than {} repetitions were asked for: intervals are wide or cannot "
                     "be given, and few differences can be shown",
                     kFewestRepetitions)});
  }
  all.push_back(
      {"timed by", fmt::format("{}, its clock read before the first and after the last operation; "
                               "triptych-bench times the same cells by Google Benchmark",
                               kCellProgram)});
  if (environment.load > 0.5 * environment.machine.cpus) {
    all.push_back(
        {"busy", fmt::format("the load was {:.1f} on {} when this began: other programs make "
                             "intervals wider than they need be, and speed-ups smaller",
                             environment.load, counted(environment.machine.cpus, "CPU", "CPUs"))});
  }
  add_tracing(document, all);
  return all;
}

}  // namespace triptych::compare
