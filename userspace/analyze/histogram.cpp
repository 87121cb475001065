// SPDX-License-Identifier: Apache-2.0
#include "analyze/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace triptych::analyze {

void Histogram::allocate(unsigned block) {
  blocks_.emplace_back();
  slots_[block] = static_cast<std::uint8_t>(blocks_.size());
}

void Histogram::add_octave(unsigned exponent, std::uint64_t times) {
  if (times == 0) return;
  add(static_cast<std::uint64_t>(std::exp2(exponent + 0.5)), times);
  exact_ = false;
}

void Histogram::merge(const Histogram& other) {
  for (unsigned block = 0; block < kBlocks; ++block) {
    if (other.slots_[block] == 0) continue;
    if (slots_[block] == 0) allocate(block);
    Block& into = blocks_[slots_[block] - 1u];
    const Block& from = other.blocks_[other.slots_[block] - 1u];
    for (std::size_t i = 0; i < kSubBuckets; ++i) into[i] += from[i];
  }
  count_ += other.count_;
  exact_ = exact_ && other.exact_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (unsigned block = 0; block < kBlocks; ++block) {
    if (slots_[block] == 0) continue;
    for (std::size_t i = 0; i < kSubBuckets; ++i) {
      seen += blocks_[slots_[block] - 1u][i];
      if (seen < rank) continue;
      if (block == 0) return std::clamp<std::uint64_t>(i, min(), max_);
      const std::uint64_t width = 1ull << (block - 1);
      const std::uint64_t middle = (kSubBuckets + i) * width + width / 2;
      return std::clamp(middle, min(), max_);
    }
  }
  return max_;
}

std::uint64_t Histogram::octave(unsigned exponent) const {
  const unsigned block = exponent < kSubBits ? 0 : exponent - kSubBits + 1;
  if (block >= kBlocks || slots_[block] == 0) return 0;
  const Block& counts = blocks_[slots_[block] - 1u];
  const std::size_t first = block != 0 || exponent == 0 ? 0 : std::size_t{1} << exponent;
  const std::size_t end = block != 0 ? kSubBuckets : std::size_t{2} << exponent;
  std::uint64_t sum = 0;
  for (std::size_t i = first; i < end; ++i) sum += counts[i];
  return sum;
}

}  // namespace triptych::analyze
