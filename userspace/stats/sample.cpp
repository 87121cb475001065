// SPDX-License-Identifier: Apache-2.0
#include "stats/sample.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace triptych::stats {
namespace {

double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = at - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

std::vector<double> sorted_copy(std::span<const double> sample) {
  TRIPTYCH_CHECK(!sample.empty());
  std::vector<double> sorted(sample.begin(), sample.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

double quantile(std::span<const double> sample, double q) {
  return quantile_of_sorted(sorted_copy(sample), q);
}

double median(std::span<const double> sample) {
  return quantile(sample, 0.5);
}

std::vector<std::size_t> outliers(std::span<const double> sample) {
  std::vector<std::size_t> found;
  if (sample.size() < 4) return found;
  const std::vector<double> sorted = sorted_copy(sample);
  const double first = quantile_of_sorted(sorted, 0.25);
  const double third = quantile_of_sorted(sorted, 0.75);
  const double fence = 1.5 * (third - first);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (sample[i] < first - fence || sample[i] > third + fence) found.push_back(i);
  }
  return found;
}

}  // namespace triptych::stats
