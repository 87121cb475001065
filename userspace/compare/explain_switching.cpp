// SPDX-License-Identifier: Apache-2.0
//
// Which switches, sleeps and waits a model pays for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/explain.hpp"
#include "compare/quantities.hpp"

namespace triptych::compare {
namespace {

double kernel_switches(const CellResult& cell) {
  return Pair::traced(cell, "voluntary_switches") + Pair::traced(cell, "involuntary_switches");
}

bool creates_tasks(const CellResult& cell) {
  return Pair::traced(cell, "processes_created") + Pair::traced(cell, "threads_created") >= 0.5;
}

// " and sleep 1.13 times in futex"
std::string where_it_sleeps(const CellResult& cell) {
  const auto& calls = cell.traced->blocked_in;
  const auto most = std::max_element(
      calls.begin(), calls.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == calls.end() || most->second < 0.05) return {};
  return fmt::format(", of which {} asleep in {}", format_number(most->second), most->first);
}

// What takes longer than this for each of its switches does something else with its time.
constexpr double kMostBySwitchNs = 50'000;

bool is_about_switches(const Pair& pair, const CellResult& cell) {
  return pair.time_ns(cell) < kMostBySwitchNs * kernel_switches(cell);
}

// As many switches, but dearer ones.
std::optional<std::string> address_spaces(const Pair& pair) {
  const double changes = Pair::traced(pair.cell, "address_space_switches");
  if (!pair.both_traced() || creates_tasks(pair.cell) || changes < 0.5 ||
      !is_about_switches(pair, pair.cell) ||
      Pair::traced(pair.reference, "address_space_switches") > 0.05 * changes ||
      pair.verdict() != stats::Verdict::kSlower) {
    return std::nullopt;
  }
  const double switches = kernel_switches(pair.cell);
  if (std::fabs(switches - kernel_switches(pair.reference)) > 0.25 * switches) return std::nullopt;
  return fmt::format(
      "{} takes {} the time of {} for as many switches ({} and {}): {} of its own change the "
      "address space, of the other's none",
      pair.cell.title(), pair.ratio(), pair.reference.title(), format_number(switches),
      format_number(kernel_switches(pair.reference)), format_number(changes));
}

// Switches in the program itself instead of in the kernel.
std::optional<std::string> without_the_kernel(const Pair& pair) {
  const double own = Pair::traced(pair.cell, "coroutine_switches");
  const double theirs = kernel_switches(pair.reference);
  if (!pair.both_traced() || creates_tasks(pair.reference) || own < 0.5 || theirs < 0.5 ||
      kernel_switches(pair.cell) > 0.05 * theirs || pair.verdict() != stats::Verdict::kFaster) {
    return std::nullopt;
  }
  return fmt::format(
      "{} takes {} because its {} switches happen in the program itself and none in the kernel; {} "
      "takes {} with {} in the kernel{}",
      pair.cell.title(), format_ns(pair.time_ns(pair.cell)), format_number(own),
      pair.reference.title(), format_ns(pair.time_ns(pair.reference)), format_number(theirs),
      where_it_sleeps(pair.reference));
}

std::optional<std::string> more_switches(const Pair& pair) {
  const double own = kernel_switches(pair.cell);
  const double theirs = kernel_switches(pair.reference);
  const stats::Verdict verdict = pair.verdict();
  const bool decided = verdict == stats::Verdict::kSlower || verdict == stats::Verdict::kFaster;
  if (!pair.both_traced() || !decided || creates_tasks(pair.cell) ||
      creates_tasks(pair.reference) || pair.cell.model == "coroutine" ||
      std::max(own, theirs) < 0.5) {
    return std::nullopt;
  }
  const bool more = own > 1.25 * theirs && verdict == stats::Verdict::kSlower;
  const bool fewer = own < 0.8 * theirs && verdict == stats::Verdict::kFaster;
  if (!more && !fewer) return std::nullopt;
  if (!is_about_switches(pair, more ? pair.cell : pair.reference)) return std::nullopt;
  return fmt::format("{} takes {} the time of {} with {} kernel switches an operation against {}{}",
                     pair.cell.title(), pair.ratio(), pair.reference.title(), format_number(own),
                     format_number(theirs), where_it_sleeps(more ? pair.cell : pair.reference));
}

}  // namespace

std::vector<PairRule> switching_rules() {
  return {address_spaces, without_the_kernel, more_switches};
}

}  // namespace triptych::compare
