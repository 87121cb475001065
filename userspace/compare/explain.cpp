// SPDX-License-Identifier: Apache-2.0
#include "compare/explain.hpp"

#include <fmt/format.h>

#include "compare/quantities.hpp"

namespace triptych::compare {
namespace {

std::vector<const CellResult*> main_cells(const Document& document, std::size_t scenario) {
  std::vector<const CellResult*> cells = cells_of(document, scenario, Placement::kPinned);
  return cells.empty() ? cells_of(document, scenario, Placement::kUnpinned) : cells;
}

// Each cell that was measured beside the reference.
std::vector<Pair> pairs_of(const Document& document, std::size_t scenario) {
  const std::vector<const CellResult*> cells = main_cells(document, scenario);
  const CellResult* reference = reference_of(cells);
  std::vector<Pair> pairs;
  for (const CellResult* cell : cells) {
    if (reference == nullptr || cell == reference || !cell->refused.empty()) continue;
    pairs.push_back({document, scenario, *cell, *reference});
  }
  return pairs;
}

std::vector<GroupRule> group_rules() {
  std::vector<GroupRule> rules = creation_group_rules();
  for (GroupRule& rule : switching_group_rules()) rules.push_back(std::move(rule));
  return rules;
}

std::vector<PairRule> pair_rules() {
  std::vector<PairRule> rules = creation_rules();
  for (PairRule& rule : memory_rules()) rules.push_back(std::move(rule));
  for (PairRule& rule : switching_rules()) rules.push_back(std::move(rule));
  return rules;
}

}  // namespace

double Pair::time_ns(const CellResult& of) const {
  const Figure* time = of.figure(kTime);
  return time == nullptr ? 0 : time->median;
}

stats::Verdict Pair::verdict() const {
  const Figure* time = cell.figure(kTime);
  return time == nullptr || !time->against ? stats::Verdict::kInconclusive : time->against->verdict;
}

std::string Pair::ratio() const {
  const Figure* time = cell.figure(kTime);
  if (time == nullptr || !time->against || !time->against->ratio) return "?";
  return format_ratio(*time->against->ratio);
}

double Pair::traced(const CellResult& of, std::string_view name) {
  return of.traced ? of.traced->value(name) : 0;
}

bool Pair::both_traced() const {
  return cell.traced.has_value() && reference.traced.has_value();
}

const CellResult* Pair::other(std::string_view model, std::string_view variant) const {
  const CellResult* found = find_cell(document, scenario, model, variant, cell.placement);
  return found == nullptr || !found->refused.empty() ? nullptr : found;
}

std::string listed(const std::vector<Pair>& pairs,
                   const std::function<std::string(const Pair&)>& what) {
  std::string text;
  for (const Pair& pair : pairs) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", pair.cell.title(), what(pair));
  }
  return text;
}

std::vector<Pair> those_of(const std::vector<Pair>& pairs,
                           const std::function<bool(const Pair&)>& wanted) {
  std::vector<Pair> chosen;
  for (const Pair& pair : pairs) {
    if (wanted(pair)) chosen.push_back(pair);
  }
  return chosen;
}

// Counts that are lower bounds explain nothing: the rules do not get to see them.
void explain(Document& document) {
  Document evidence = document;
  for (CellResult& cell : evidence.cells) {
    if (cell.traced && !cell.traced->complete()) cell.traced.reset();
  }
  const std::vector<PairRule> by_pair = pair_rules();
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (!document.scenarios[i].label.empty()) continue;
    std::vector<std::string> lines;
    const auto say = [&lines](std::optional<std::string> line) {
      if (line) lines.push_back(std::move(*line));
    };
    const std::vector<Pair> pairs = pairs_of(evidence, i);
    for (const Pair& pair : pairs) {
      for (const PairRule& rule : by_pair) say(rule(pair));
    }
    for (const GroupRule& rule : group_rules()) say(rule(pairs));
    for (const ScenarioRule& rule : scenario_rules()) say(rule(evidence, i));
    document.scenarios[i].explanations = std::move(lines);
  }
}

}  // namespace triptych::compare
