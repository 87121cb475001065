// SPDX-License-Identifier: Apache-2.0
#include "compare/sizing.hpp"

#include <algorithm>

namespace triptych::compare {
namespace {

constexpr double kShortestNs = 1e6;
constexpr double kLongestNs = 60e6;
constexpr double kWarmUpShare = 0.1;
constexpr double kSurprise = 4;
constexpr unsigned kMostGrowths = 2;

Size size_for(const Cost& cost, double slice_ns) {
  Size size;
  if (cost.counted_once) return size;
  const double fit = slice_ns / cost.operation_ns;
  size.operations = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(fit));
  // One operation at least: the first one finds units that never ran, and caches of their birth.
  size.warm_up = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(fit * kWarmUpShare));
  return size;
}

std::vector<Size> sizes_for(std::span<const Cost> costs, double slice_ns) {
  std::vector<Size> sizes;
  for (const Cost& cost : costs) sizes.push_back(size_for(cost, slice_ns));
  return sizes;
}

}  // namespace

double run_ns(const Cost& cost, const Size& size) {
  return cost.fixed_ns + static_cast<double>(size.operations + size.warm_up) * cost.operation_ns;
}

double total_ns(std::span<const Cost> costs, std::span<const Size> sizes) {
  double total = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    total += run_ns(costs[i], sizes[i]) * (costs[i].counted_once ? 1 : costs[i].repetitions);
  }
  return total;
}

std::optional<Size> corrected(const Size& size, const Cost& cost, double operation_ns) {
  if (cost.counted_once) return std::nullopt;
  const bool shrinks = size.operations > 1 && operation_ns >= kSurprise * cost.operation_ns;
  const bool grows = cost.growths < kMostGrowths && kSurprise * operation_ns <= cost.operation_ns;
  if (!shrinks && !grows) return std::nullopt;
  const double planned_ns = static_cast<double>(size.operations) * cost.operation_ns;
  Cost found = cost;
  found.operation_ns = operation_ns;
  return size_for(found, std::min(planned_ns, kLongestNs));
}

std::vector<Size> size_runs(std::span<const Cost> costs, std::uint64_t budget_ns) {
  double shortest = kShortestNs;
  double longest = kLongestNs;
  for (int step = 0; step < 40; ++step) {
    const double middle = (shortest + longest) / 2;
    const bool fits = total_ns(costs, sizes_for(costs, middle)) <= static_cast<double>(budget_ns);
    (fits ? shortest : longest) = middle;
  }
  return sizes_for(costs, shortest);
}

}  // namespace triptych::compare
