// SPDX-License-Identifier: Apache-2.0
//
// Two samples by the ranks of their values (Mann and Whitney; Hodges and Lehmann): how far one is
// shifted against the other, an interval for it, and how surprising that would be without a shift.
// Exact for any distribution and for samples as small as five, where intervals from resampling
// medians are too narrow.
#pragma once

#include <span>

#include "stats/sample.hpp"

namespace triptych::stats {

// The median of the differences of each value of `a` to each of `b`.
double shift(std::span<const double> a, std::span<const double> b);

// Holds the true shift in at least a share `level` of cases. Unbounded where the samples are too
// small for the level.
Interval shift_interval(std::span<const double> a, std::span<const double> b, double level);

// The probability that samples of one and the same distribution, `a` moved up by `by`, lie as far
// above each other as these: small when `a` is above `b` by more than `by`. Ties count against it.
double p_above(std::span<const double> a, std::span<const double> b, double by);

// P(U <= u) of the Mann-Whitney statistic of samples of these sizes from one distribution.
double rank_sum_cdf(std::size_t size_a, std::size_t size_b, std::size_t u);

}  // namespace triptych::stats
