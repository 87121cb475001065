// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace triptych::analyze {

// Counts of durations in logarithmic buckets, each power of two cut into 16: a quantile is off by at
// most 1/32 (3 %). Bounded memory, whatever the number of values; sum, minimum and maximum are exact.
class Histogram {
 public:
  static constexpr unsigned kSubBits = 4;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  void add(std::uint64_t value, std::uint64_t times = 1);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  // The value that a share `q` (0…1) of all values does not exceed; 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double q) const;
  // How many values were in [2^exponent, 2^(exponent+1)); exponent 0 also takes the value 0.
  [[nodiscard]] std::uint64_t octave(unsigned exponent) const;

 private:
  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0, sum_ = 0, min_ = ~0ull, max_ = 0;
};

}  // namespace triptych::analyze
