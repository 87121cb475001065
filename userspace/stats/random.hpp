// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same everywhere for the same seed (the standard's distributions are
// not): SplitMix64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace triptych::stats {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  // One of 0 … bound-1; bound > 0. Off from uniform by less than bound / 2^64.
  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(
        (static_cast<unsigned __int128>(next()) * static_cast<unsigned __int128>(bound)) >> 64);
  }

  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace triptych::stats
