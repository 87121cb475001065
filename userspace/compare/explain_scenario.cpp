// SPDX-License-Identifier: Apache-2.0
//
// What is said of a scenario as a whole.
#include <fmt/format.h>

#include <algorithm>

#include "compare/explain.hpp"
#include "compare/quantities.hpp"
#include "compare/scaling.hpp"

namespace triptych::compare {
namespace {

// The cell that placement changes most, of those where it is proven to.
std::optional<std::string> placement(const Document& document, std::size_t scenario) {
  const CellResult* strongest = nullptr;
  const Figure* figure = nullptr;
  double factor = 1.25;
  for (const CellResult* cell : cells_of(document, scenario, Placement::kUnpinned)) {
    const Figure* time = cell->figure(kTime);
    if (time == nullptr || !time->against_pinned || !time->against_pinned->ratio) continue;
    const stats::Verdict verdict = time->against_pinned->verdict;
    const double ratio = *time->against_pinned->ratio;
    if (verdict == stats::Verdict::kSlower && ratio > factor) {
      factor = ratio;
    } else if (verdict == stats::Verdict::kFaster && 1 / ratio > factor) {
      factor = 1 / ratio;
    } else {
      continue;
    }
    strongest = cell;
    figure = time;
  }
  if (strongest == nullptr) return std::nullopt;
  return fmt::format(
      "left to the scheduler, {} takes {} the time that it takes pinned to one CPU "
      "({})",
      strongest->title(), format_ratio(*figure->against_pinned->ratio), format_ns(figure->median));
}

std::string speed_up(const ScalingPoint& point) {
  if (!point.proven) return fmt::format("none proven with {} units", point.units);
  return fmt::format("{} ({:.2f} to {:.2f}) with {} units", format_ratio(point.speed_up),
                     point.interval.low, point.interval.high, point.units);
}

std::optional<std::string> parallelism(const Document& document, std::size_t scenario) {
  std::string text;
  for (const Scaling& scaling : scalings_of(document, scenario)) {
    text += fmt::format("{}{}: ", text.empty() ? "" : "; ", scaling.title);
    for (std::size_t i = 0; i < scaling.points.size(); ++i) {
      text += fmt::format("{}{}", i == 0 ? "" : ", ", speed_up(scaling.points[i]));
    }
    if (scaling.serial_fraction) {
      text += fmt::format(" (fitted serial fraction {:.1f} %)", *scaling.serial_fraction * 100);
    }
  }
  if (text.empty()) return std::nullopt;
  return "speed-up against one unit: " + text;
}

}  // namespace

std::vector<ScenarioRule> scenario_rules() {
  return {placement, parallelism};
}

}  // namespace triptych::compare
