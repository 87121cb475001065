// SPDX-License-Identifier: Apache-2.0
//
// One figure of each repetition. A repetition is a process of its own, and the process is what is
// resampled: layout and placement differ between processes and not within one.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace triptych::stats {

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

// The value that a share q (0…1) of the sample does not exceed, between two values by straight
// line; the sample must not be empty.
double quantile(std::span<const double> sample, double q);
double median(std::span<const double> sample);

// Where the values are that lie beyond the quartiles by more than 1.5 times their distance. They
// are told, never dropped.
std::vector<std::size_t> outliers(std::span<const double> sample);

}  // namespace triptych::stats
