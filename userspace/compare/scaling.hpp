// SPDX-License-Identifier: Apache-2.0
//
// How the time of a scenario changes with the number of its units.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compare/document.hpp"
#include "stats/sample.hpp"

namespace triptych::compare {

struct ScalingPoint {
  unsigned units = 0;
  double speed_up = 0;         // the time with one unit over this one's
  stats::Interval interval{};  // of it, corrected; both ends 0 where there are too few repetitions
  bool proven = false;         // by the one rule
};

struct Scaling {
  std::string model, title;
  std::vector<ScalingPoint> points;  // with more than one unit
  // By Amdahl's law, least squares over the points; units beyond the CPUs count as that many. None
  // where no speed-up is proven.
  std::optional<double> serial_fraction;
};

// Where the scenario is measured with one unit, beside other numbers of them.
std::optional<std::size_t> set_of_one_unit(const Document& document, std::size_t scenario);

// Of the unpinned cells of the scenario and of its further sets of parameters. Empty where there is
// no set with one unit.
std::vector<Scaling> scalings_of(const Document& document, std::size_t scenario);

// The share s for which 1/speed_up = s + (1-s)/min(units, cpus) fits best, from 0 to 1. None where
// no point has more than one CPU.
std::optional<double> fit_serial_fraction(const std::vector<ScalingPoint>& points, unsigned cpus);

}  // namespace triptych::compare
