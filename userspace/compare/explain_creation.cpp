// SPDX-License-Identifier: Apache-2.0
//
// Why creating a process costs what it costs.
#include <fmt/format.h>

#include "compare/explain.hpp"
#include "compare/quantities.hpp"

namespace triptych::compare {
namespace {

bool creates_processes(const CellResult& cell) {
  return Pair::traced(cell, "processes_created") >= 0.9;
}

bool creates_threads(const CellResult& cell) {
  return Pair::traced(cell, "threads_created") >= 0.9;
}

// "a thread shares them and costs 19.8 us"
std::optional<std::string> page_tables(const Pair& pair) {
  const double pages = Pair::traced(pair.cell, "page_table_pages");
  const double call = Pair::traced(pair.cell, "creating_call");
  const double teardown = Pair::traced(pair.cell, "child_teardown");
  // Where most of the time goes elsewhere, the page tables explain nothing.
  const bool explains =
      pair.cell.traced && call + teardown >= 0.3 * pair.cell.traced->time_per_operation_ns;
  if (!explains || !pair.both_traced() || !creates_processes(pair.cell) || pages < 1 ||
      !creates_threads(pair.reference) || Pair::traced(pair.reference, "page_table_pages") >= 0.5 ||
      pair.verdict() != stats::Verdict::kSlower) {
    return std::nullopt;
  }
  return fmt::format(
      "a child by {} costs {} because {} page-table pages are copied for it, {} in the creating "
      "call and {} to take them down at its end (while recorded); a thread shares them and costs "
      "{}",
      pair.cell.variant, format_ns(pair.time_ns(pair.cell)), format_number(pages), format_ns(call),
      format_ns(teardown), format_ns(pair.time_ns(pair.reference)));
}

// Both are held against the same reference, so that their intervals can be held against each other:
// those are corrected for all questions of the report.
bool proven_faster(const Pair& pair, const CellResult& other) {
  if (&other == &pair.reference) return pair.verdict() == stats::Verdict::kFaster;
  const Figure* own = pair.cell.figure(kTime);
  const Figure* theirs = other.figure(kTime);
  if (own == nullptr || theirs == nullptr || !own->against || !theirs->against ||
      !own->against->interval || !theirs->against->interval) {
    return false;
  }
  const double margin = 1 + pair.document.statistics.rule.threshold;
  return own->against->interval->high * margin < theirs->against->interval->low;
}

std::optional<std::string> no_page_tables(const Pair& pair) {
  const CellResult* fork = pair.other("process", "fork");
  if (fork == nullptr || fork == &pair.cell || !fork->traced || !pair.cell.traced ||
      !creates_processes(pair.cell) || Pair::traced(pair.cell, "page_table_pages") >= 1 ||
      Pair::traced(*fork, "page_table_pages") < 1) {
    return std::nullopt;
  }
  // It is no reason for being slower all the same.
  if (!proven_faster(pair, *fork)) return std::nullopt;
  return fmt::format("{} copies no page table where fork copies {} pages: {} against {}",
                     pair.cell.variant, format_number(Pair::traced(*fork, "page_table_pages")),
                     format_ns(pair.time_ns(pair.cell)), format_ns(pair.time_ns(*fork)));
}

// Running another program takes its pages in one by one.
std::optional<std::string> program_start(const Pair& pair) {
  const CellResult* fork = pair.other("process", "fork");
  if (fork == nullptr || fork == &pair.cell || !pair.cell.traced || !fork->traced) {
    return std::nullopt;
  }
  const auto faults = [](const CellResult& cell) {
    double sum = 0;
    for (const TracedFigure& figure : cell.traced->figures) {
      if (figure.name.starts_with("faults_")) sum += figure.value;
    }
    return sum;
  };
  if (!creates_processes(pair.cell) || faults(pair.cell) < 2 * faults(*fork) ||
      faults(pair.cell) < 10) {
    return std::nullopt;
  }
  return fmt::format(
      "{} spends its time in the child, which starts a program: {} page faults, where a forked "
      "child that just ends has {}",
      pair.cell.variant, format_number(faults(pair.cell)), format_number(faults(*fork)));
}

bool is_no_task(const Pair& pair) {
  return pair.both_traced() && pair.cell.model == "coroutine" &&
         (creates_threads(pair.reference) || creates_processes(pair.reference)) &&
         !creates_threads(pair.cell) && !creates_processes(pair.cell) &&
         pair.verdict() == stats::Verdict::kFaster;
}

std::optional<std::string> no_task(const std::vector<Pair>& pairs) {
  const std::vector<Pair> those = those_of(pairs, is_no_task);
  if (those.empty()) return std::nullopt;
  const CellResult& reference = those.front().reference;
  return fmt::format(
      "{}: the kernel makes no task, wakes nobody and does not switch; for {} ({}) it makes one, "
      "and switches {} times",
      listed(those, [](const Pair& pair) { return format_ns(pair.time_ns(pair.cell)); }),
      reference.title(), format_ns(those.front().time_ns(reference)),
      format_number(Pair::traced(reference, "voluntary_switches") +
                    Pair::traced(reference, "involuntary_switches")));
}

}  // namespace

std::vector<PairRule> creation_rules() {
  return {page_tables, no_page_tables, program_start};
}

std::vector<GroupRule> creation_group_rules() {
  return {no_task};
}

}  // namespace triptych::compare
