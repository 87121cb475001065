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

// "400 to 402"
std::string range_of(const std::vector<Pair>& pairs,
                     const std::function<double(const CellResult&)>& count) {
  double least = count(pairs.front().cell), most = least;
  for (const Pair& pair : pairs) {
    least = std::min(least, count(pair.cell));
    most = std::max(most, count(pair.cell));
  }
  const std::string from = format_number(least), to = format_number(most);
  return from == to ? from : fmt::format("{} to {}", from, to);
}

double coroutine_switches(const CellResult& cell) {
  return Pair::traced(cell, "coroutine_switches");
}

bool is_without_the_kernel(const Pair& pair) {
  const double theirs = kernel_switches(pair.reference);
  return pair.both_traced() && !creates_tasks(pair.reference) &&
         coroutine_switches(pair.cell) >= 0.5 && theirs >= 0.5 &&
         kernel_switches(pair.cell) <= 0.05 * theirs && pair.verdict() == stats::Verdict::kFaster;
}

// Switches in the program itself instead of in the kernel.
std::optional<std::string> without_the_kernel(const std::vector<Pair>& pairs) {
  const std::vector<Pair> those = those_of(pairs, is_without_the_kernel);
  if (those.empty()) return std::nullopt;
  const CellResult& reference = those.front().reference;
  return fmt::format(
      "{}: {} switches in the program itself instead of the kernel; {} ({}) has {} in the "
      "kernel{}",
      listed(those, [](const Pair& pair) { return format_ns(pair.time_ns(pair.cell)); }),
      range_of(those, coroutine_switches), reference.title(),
      format_ns(those.front().time_ns(reference)), format_number(kernel_switches(reference)),
      where_it_sleeps(reference));
}

// Whether the cell's verdict is this one and its switches say why.
bool is_about_their_number(const Pair& pair, stats::Verdict verdict) {
  const double own = kernel_switches(pair.cell);
  const double theirs = kernel_switches(pair.reference);
  if (!pair.both_traced() || pair.verdict() != verdict || creates_tasks(pair.cell) ||
      creates_tasks(pair.reference) || pair.cell.model == "coroutine") {
    return false;
  }
  const bool more = verdict == stats::Verdict::kSlower;
  return (more ? own > 1.25 * theirs : own < 0.8 * theirs) && std::max(own, theirs) >= 0.5 &&
         is_about_switches(pair, more ? pair.cell : pair.reference);
}

std::optional<std::string> number_of_switches(const std::vector<Pair>& pairs,
                                              stats::Verdict verdict) {
  const std::vector<Pair> those =
      those_of(pairs, [verdict](const Pair& pair) { return is_about_their_number(pair, verdict); });
  if (those.empty()) return std::nullopt;
  const CellResult& reference = those.front().reference;
  return fmt::format(
      "{} the time of {}: {} kernel switches an operation against {}{}",
      listed(those, [](const Pair& pair) { return pair.ratio(); }), reference.title(),
      range_of(those, kernel_switches), format_number(kernel_switches(reference)),
      verdict == stats::Verdict::kFaster ? where_it_sleeps(reference) : std::string());
}

}  // namespace

std::vector<PairRule> switching_rules() {
  return {address_spaces};
}

std::vector<GroupRule> switching_group_rules() {
  const auto number_rule = [](stats::Verdict verdict) {
    return [verdict](const std::vector<Pair>& pairs) { return number_of_switches(pairs, verdict); };
  };
  return {without_the_kernel, number_rule(stats::Verdict::kFaster),
          number_rule(stats::Verdict::kSlower)};
}

}  // namespace triptych::compare
