// SPDX-License-Identifier: Apache-2.0
#include "stats/holm.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace triptych::stats {

std::vector<HolmEntry> holm(std::span<const double> p, double alpha) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<HolmEntry> entries(p.size());
  bool failed = false;
  double share = alpha;
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto left = static_cast<double>(order.size() - i);
    HolmEntry& entry = entries[order[i]];
    largest = std::max(largest, std::min(1.0, p[order[i]] * left));
    entry.adjusted_p = largest;
    if (!failed) {
      share = alpha / left;
      failed = p[order[i]] > share;
    }
    entry.rejected = !failed;
    entry.alpha = share;
  }
  return entries;
}

}  // namespace triptych::stats
