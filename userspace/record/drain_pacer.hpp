// SPDX-License-Identifier: Apache-2.0
//
// How long to sleep between two looks at the rings: long enough to cost little, short enough that
// no ring fills up. Pure arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace triptych::record {

class DrainPacer {
 public:
  DrainPacer(std::uint32_t rings, std::uint64_t buffer_bytes);

  // A record of `bytes` came out of `ring`.
  void add(std::uint32_t ring, std::size_t bytes) { drained_[ring] += bytes; }

  // To be called after each drain, `elapsed_ns` after the one before: the sleep until the next.
  std::uint64_t next_sleep_ns(std::uint64_t elapsed_ns);

  static constexpr std::uint64_t kShortestNs = 1'000'000;
  static constexpr std::uint64_t kLongestNs = 100'000'000;

 private:
  std::uint64_t ring_bytes_;  // of one ring
  std::uint64_t idle_ns_;     // the longest sleep that a sudden burst may find us in
  std::vector<std::uint64_t> drained_;
};

}  // namespace triptych::record
