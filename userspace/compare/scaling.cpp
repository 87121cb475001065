// SPDX-License-Identifier: Apache-2.0
#include "compare/scaling.hpp"

#include <algorithm>
#include <cstdlib>

namespace triptych::compare {
namespace {

unsigned units_of(const ScenarioResult& scenario) {
  for (const auto& [key, value] : scenario.parameters) {
    if (key == "units") return static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 10));
  }
  return 0;
}

// Null where there is none.
const Figure* time_of(const Document& document, std::size_t scenario, const CellResult& like) {
  const CellResult* cell =
      find_cell(document, scenario, like.model, like.variant, Placement::kUnpinned);
  const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
  return time == nullptr || !(time->median > 0) ? nullptr : time;
}

ScalingPoint point_of(unsigned units, const Figure& alone, const Figure& together) {
  ScalingPoint point{units, alone.median / together.median, {}, false};
  const std::optional<stats::Answer>& answer = together.against_one_unit;
  if (!answer || !answer->interval) return point;
  point.interval = {1 / answer->interval->high, 1 / answer->interval->low};
  point.proven = answer->verdict == stats::Verdict::kFaster;
  return point;
}

// The sets of parameters of one scenario.
std::vector<std::size_t> sets_of(const Document& document, std::size_t scenario) {
  std::vector<std::size_t> sets;
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (document.scenarios[i].name == document.scenarios[scenario].name) sets.push_back(i);
  }
  std::sort(sets.begin(), sets.end(), [&document](std::size_t a, std::size_t b) {
    return units_of(document.scenarios[a]) < units_of(document.scenarios[b]);
  });
  return sets;
}

}  // namespace

std::optional<std::size_t> set_of_one_unit(const Document& document, std::size_t scenario) {
  const std::vector<std::size_t> sets = sets_of(document, scenario);
  if (sets.size() < 2 || units_of(document.scenarios[sets.front()]) != 1) return std::nullopt;
  return sets.front();
}

std::optional<double> fit_serial_fraction(const std::vector<ScalingPoint>& points, unsigned cpus) {
  // 1/S - 1/n = s (1 - 1/n), so s is a slope through the origin.
  double above = 0, below = 0;
  for (const ScalingPoint& point : points) {
    const unsigned parallel = std::min(point.units, cpus);
    if (parallel < 2 || !(point.speed_up > 0)) continue;
    const double share = 1.0 / parallel;
    above += (1 / point.speed_up - share) * (1 - share);
    below += (1 - share) * (1 - share);
  }
  if (below == 0) return std::nullopt;
  return std::clamp(above / below, 0.0, 1.0);
}

std::vector<Scaling> scalings_of(const Document& document, std::size_t scenario) {
  std::vector<Scaling> scalings;
  if (!set_of_one_unit(document, scenario)) return scalings;
  const std::vector<std::size_t> sets = sets_of(document, scenario);
  for (const CellResult* cell : cells_of(document, sets.front(), Placement::kUnpinned)) {
    const Figure* alone = time_of(document, sets.front(), *cell);
    if (alone == nullptr) continue;
    Scaling scaling;
    scaling.model = cell->model;
    scaling.title = cell->title();
    for (std::size_t i = 1; i < sets.size(); ++i) {
      const Figure* time = time_of(document, sets[i], *cell);
      if (time == nullptr) continue;
      scaling.points.push_back(point_of(units_of(document.scenarios[sets[i]]), *alone, *time));
    }
    if (std::any_of(scaling.points.begin(), scaling.points.end(),
                    [](const ScalingPoint& point) { return point.proven; })) {
      scaling.serial_fraction =
          fit_serial_fraction(scaling.points, document.environment.usable_cpus);
    }
    scalings.push_back(std::move(scaling));
  }
  return scalings;
}

}  // namespace triptych::compare
