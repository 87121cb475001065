// SPDX-License-Identifier: Apache-2.0
#include "stats/rank_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace triptych::stats {
namespace {

// Beyond it the normal distribution differs from the exact one by less than a rank, and the table
// would grow with the fourth power.
constexpr std::size_t kExactUpTo = 64;

using Cumulative = std::vector<double>;  // [u] = P(U <= u)

// The number of orders of i values of one and j of the other sample with statistic u is
// count(i-1, j, u-j) + count(i, j-1, u), by which of them the biggest value is of.
Cumulative exact_cumulative(std::size_t size_a, std::size_t size_b) {
  const std::size_t most = size_a * size_b;
  std::vector<std::vector<double>> row(size_b + 1, std::vector<double>(most + 1, 0));
  for (auto& counts : row) counts[0] = 1;  // of no values of `a`
  for (std::size_t i = 1; i <= size_a; ++i) {
    for (std::size_t j = 1; j <= size_b; ++j) {
      std::vector<double>& counts = row[j];  // of i-1; becomes that of i
      for (std::size_t u = i * j + 1; u-- > 0;) {
        counts[u] = (u >= j ? counts[u - j] : 0) + row[j - 1][u];
      }
    }
  }
  Cumulative cumulative = std::move(row[size_b]);
  for (std::size_t u = 1; u <= most; ++u) cumulative[u] += cumulative[u - 1];
  const double all = cumulative[most];
  for (double& each : cumulative) each /= all;
  return cumulative;
}

const Cumulative& cumulative_of(std::size_t size_a, std::size_t size_b) {
  thread_local std::map<std::pair<std::size_t, std::size_t>, Cumulative> known;
  auto [entry, is_new] = known.try_emplace({size_a, size_b});
  if (is_new) entry->second = exact_cumulative(size_a, size_b);
  return entry->second;
}

double normal_cumulative(std::size_t size_a, std::size_t size_b, std::size_t u) {
  const auto a = static_cast<double>(size_a);
  const auto b = static_cast<double>(size_b);
  const double spread = std::sqrt(a * b * (a + b + 1) / 12);
  const double z = (static_cast<double>(u) + 0.5 - a * b / 2) / spread;
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

std::vector<double> sorted_differences(std::span<const double> a, std::span<const double> b) {
  TRIPTYCH_CHECK(!a.empty() && !b.empty());
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double from : a) {
    for (const double to : b) differences.push_back(from - to);
  }
  std::sort(differences.begin(), differences.end());
  return differences;
}

}  // namespace

double rank_sum_cdf(std::size_t size_a, std::size_t size_b, std::size_t u) {
  if (u >= size_a * size_b) return 1;
  if (std::max(size_a, size_b) > kExactUpTo) return normal_cumulative(size_a, size_b, u);
  return cumulative_of(size_a, size_b)[u];
}

double shift(std::span<const double> a, std::span<const double> b) {
  return median(sorted_differences(a, b));
}

Interval shift_interval(std::span<const double> a, std::span<const double> b, double level) {
  const std::vector<double> differences = sorted_differences(a, b);
  const double tail = (1 - level) / 2;
  // As many differences at each end as can lie beyond the true shift with no more probability.
  std::size_t beyond = 0;
  while (beyond < differences.size() / 2 && rank_sum_cdf(a.size(), b.size(), beyond) <= tail) {
    ++beyond;
  }
  if (beyond == 0) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {-kInfinity, kInfinity};
  }
  return {differences[beyond - 1], differences[differences.size() - beyond]};
}

double p_above(std::span<const double> a, std::span<const double> b, double by) {
  std::size_t not_above = 0;
  for (const double from : a) {
    for (const double to : b) {
      if (!(from - to > by)) ++not_above;
    }
  }
  return rank_sum_cdf(a.size(), b.size(), not_above);
}

}  // namespace triptych::stats
