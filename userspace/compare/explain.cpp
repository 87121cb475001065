// SPDX-License-Identifier: Apache-2.0
#include "compare/explain.hpp"

#include "compare/quantities.hpp"

namespace triptych::compare {
namespace {

std::vector<const CellResult*> main_cells(const Document& document, std::size_t scenario) {
  std::vector<const CellResult*> cells = cells_of(document, scenario, Placement::kPinned);
  return cells.empty() ? cells_of(document, scenario, Placement::kUnpinned) : cells;
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

void explain(Document& document) {
  const std::vector<PairRule> rules = pair_rules();
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (!document.scenarios[i].label.empty()) continue;
    std::vector<std::string> lines;
    const std::vector<const CellResult*> cells = main_cells(document, i);
    const CellResult* reference = reference_of(cells);
    for (const CellResult* cell : cells) {
      if (reference == nullptr || cell == reference || !cell->refused.empty()) continue;
      const Pair pair{document, i, *cell, *reference};
      for (const PairRule& rule : rules) {
        if (std::optional<std::string> line = rule(pair)) lines.push_back(std::move(*line));
      }
    }
    for (const ScenarioRule& rule : scenario_rules()) {
      if (std::optional<std::string> line = rule(document, i)) lines.push_back(std::move(*line));
    }
    document.scenarios[i].explanations = std::move(lines);
  }
}

}  // namespace triptych::compare
