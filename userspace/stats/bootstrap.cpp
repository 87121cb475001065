// SPDX-License-Identifier: Apache-2.0
#include "stats/bootstrap.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "stats/random.hpp"

namespace triptych::stats {

Interval median_interval(std::span<const double> sample, const Bootstrap& how) {
  TRIPTYCH_CHECK(!sample.empty() && how.resamples > 0);
  if (sample.size() == 1) return {sample[0], sample[0]};
  Random random(how.seed);
  std::vector<double> medians(how.resamples);
  std::vector<double> drawn(sample.size());
  for (double& each : medians) {
    for (double& value : drawn) value = sample[random.below(sample.size())];
    each = median(drawn);
  }
  const double tail = (1 - how.level) / 2;
  return {quantile(medians, tail), quantile(medians, 1 - tail)};
}

}  // namespace triptych::stats
