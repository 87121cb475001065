// SPDX-License-Identifier: Apache-2.0
#include "diff/drift.hpp"

#include <algorithm>
#include <cmath>

#include "stats/sample.hpp"

namespace triptych::diff {
namespace {

constexpr std::size_t kFewest = 8;

struct Half {
  double median = 0;
  double variance = 0;  // of one value, from the median of the distances to the median
};

Half describe(std::span<const double> values) {
  Half half;
  half.median = stats::median(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::fabs(value - half.median));
  const double spread = 1.4826 * stats::median(distances);  // of a normal distribution
  half.variance = spread * spread;
  return half;
}

// The squared difference of the halves' medians beyond what chance makes of it.
double excess(const std::vector<double>& logs) {
  const std::size_t middle = logs.size() / 2;
  const std::span<const double> all(logs);
  const Half first = describe(all.first(middle));
  const Half second = describe(all.subspan(middle));
  constexpr double kOfMedian = 1.5708;  // variance of a median against that of a mean: pi / 2
  const double chance = kOfMedian * (first.variance / static_cast<double>(middle) +
                                     second.variance / static_cast<double>(logs.size() - middle));
  const double difference = second.median - first.median;
  return difference * difference - chance;
}

}  // namespace

std::optional<double> drift_of(std::span<const Metric> metrics) {
  std::vector<double> excesses;
  for (const Metric& metric : metrics) {
    if (metric.values.size() < kFewest) continue;
    std::vector<double> logs;
    for (const double value : metric.values) {
      if (value > 0) logs.push_back(std::log(value));
    }
    if (logs.size() == metric.values.size()) excesses.push_back(excess(logs));
  }
  if (excesses.empty()) return std::nullopt;
  double sum = 0;
  for (const double each : excesses) sum += each;
  // Half a run apart in time; two runs are a whole one apart.
  return std::sqrt(std::max(0.0, 2 * sum / static_cast<double>(excesses.size())));
}

}  // namespace triptych::diff
