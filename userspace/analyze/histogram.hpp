// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace triptych::analyze {

// Counts of durations in logarithmic buckets, each power of two cut into 16: a quantile is off by
// at most 1/32 (3 %). Sum, minimum and maximum are exact, unless whole octaves were added. Memory
// is taken by the power of two that occurs, so that tens of thousands of tasks can each have their
// own.
class Histogram {
 public:
  static constexpr unsigned kSubBits = 4;
  static constexpr std::size_t kSubBuckets = 1u << kSubBits;
  static constexpr std::size_t kBlocks = 64 - kSubBits + 1;

  void add(std::uint64_t value, std::uint64_t times = 1) {
    if (times == 0) return;
    const unsigned block = block_of(value);
    if (slots_[block] == 0) allocate(block);
    blocks_[slots_[block] - 1u][sub_bucket_of(value, block)] += times;
    count_ += times;
    sum_ += value * times;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  // `times` values of which no more is known than that they are in [2^exponent, 2^(exponent+1)):
  // from then on a quantile may be off by a factor of 2, and there are no sum, minimum and maximum.
  void add_octave(unsigned exponent, std::uint64_t times);
  void merge(const Histogram& other);

  [[nodiscard]] bool exact() const { return exact_; }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  // The value that a share `q` (0…1) of all values does not exceed; 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double q) const;
  // How many values were in [2^exponent, 2^(exponent+1)); exponent 0 also takes the value 0.
  [[nodiscard]] std::uint64_t octave(unsigned exponent) const;

 private:
  using Block = std::array<std::uint64_t, kSubBuckets>;

  // Block 0 holds 0…15 exactly; block b > 0 holds [2^(b+3), 2^(b+4)).
  static unsigned block_of(std::uint64_t value) {
    if (value < kSubBuckets) return 0;
    return 64u - static_cast<unsigned>(__builtin_clzll(value)) - kSubBits;
  }
  static std::size_t sub_bucket_of(std::uint64_t value, unsigned block) {
    return block == 0 ? value : (value >> (block - 1)) & (kSubBuckets - 1);
  }
  void allocate(unsigned block);

  std::array<std::uint8_t, kBlocks> slots_{};  // 1 + index into blocks_; 0: nothing there
  std::vector<Block> blocks_;
  std::uint64_t count_ = 0, sum_ = 0, min_ = ~0ull, max_ = 0;
  bool exact_ = true;
};

}  // namespace triptych::analyze
