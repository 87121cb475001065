// SPDX-License-Identifier: Apache-2.0
//
// Many comparisons in one report: each alone is wrong in 5 % of cases, so a report with many would
// nearly always have a wrong one. Holm's correction bounds the probability of one or more.
#pragma once

#include <span>
#include <vector>

namespace triptych::stats {

struct HolmEntry {
  bool rejected = false;
  double adjusted_p = 1;  // rejected when this is at most alpha
  double alpha = 0;       // the share of error left to this one: its interval has level 1 - alpha
  bool operator==(const HolmEntry&) const = default;
};

// In the order of `p`. The smallest p is held against alpha / n, the next one against
// alpha / (n-1), and so on; from the first one that fails all fail, and share that one's alpha.
std::vector<HolmEntry> holm(std::span<const double> p, double alpha);

}  // namespace triptych::stats
