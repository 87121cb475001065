// SPDX-License-Identifier: Apache-2.0
#include "compare/document.hpp"

#include <algorithm>
#include <cmath>

namespace triptych::compare {

double EventCost::drift_ns() const {
  return at_end ? std::fabs(at_end->ns - ns) : 0;
}

bool EventCost::held() const {
  return !at_end || drift_ns() <= std::hypot(uncertainty_ns, at_end->uncertainty_ns);
}

double TracedCell::value(std::string_view name) const {
  for (const TracedFigure& figure : figures) {
    if (figure.name == name) return figure.value;
  }
  return 0;
}

bool TracedCell::has(std::string_view name) const {
  return std::any_of(figures.begin(), figures.end(),
                     [name](const TracedFigure& figure) { return figure.name == name; });
}

const Figure* CellResult::figure(std::string_view name) const {
  for (const Figure& each : figures) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

std::string CellResult::title() const {
  return model + " " + variant;
}

std::vector<const CellResult*> cells_of(const Document& document, std::size_t scenario,
                                        Placement placement) {
  std::vector<const CellResult*> found;
  for (const CellResult& cell : document.cells) {
    if (cell.scenario == scenario && cell.placement == placement) found.push_back(&cell);
  }
  return found;
}

const CellResult* find_cell(const Document& document, std::size_t scenario, std::string_view model,
                            std::string_view variant, Placement placement) {
  for (const CellResult& cell : document.cells) {
    if (cell.scenario == scenario && cell.placement == placement && cell.model == model &&
        cell.variant == variant) {
      return &cell;
    }
  }
  return nullptr;
}

const CellResult* reference_of(const std::vector<const CellResult*>& cells) {
  const CellResult* first = nullptr;
  for (const CellResult* cell : cells) {
    if (!cell->refused.empty()) continue;
    if (cell->model == "thread") return cell;
    if (first == nullptr) first = cell;
  }
  return first;
}

}  // namespace triptych::compare
