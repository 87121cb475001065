// SPDX-License-Identifier: Apache-2.0
//
// How well a median is known, by resampling the repetitions.
#pragma once

#include <cstdint>
#include <span>

#include "stats/sample.hpp"

namespace triptych::stats {

struct Bootstrap {
  double level = 0.95;
  std::uint32_t resamples = 2000;
  std::uint64_t seed = 1;  // the same seed gives the same interval
};

// The middle `level` of the medians of as many samples drawn with replacement. For one value the
// interval is that value: nothing is known about it.
Interval median_interval(std::span<const double> sample, const Bootstrap& how);

}  // namespace triptych::stats
