// SPDX-License-Identifier: Apache-2.0
#include "record/drain_pacer.hpp"

#include <algorithm>

namespace triptych::record {
namespace {

// One CPU that does nothing but switch produces some 60 bytes a microsecond. Half a ring of room at
// twice that rate is what a burst that begins while we sleep may count on.
constexpr std::uint64_t kBurstBytesPerMs = 120'000;
constexpr std::uint64_t kNsPerMs = 1'000'000;

// A ring that goes on at its present rate is this full when we look again.
constexpr double kWantedFill = 0.125;

}  // namespace

DrainPacer::DrainPacer(std::uint32_t rings, std::uint64_t buffer_bytes)
    : ring_bytes_(buffer_bytes / std::max(rings, 1u)),
      idle_ns_(std::clamp(ring_bytes_ / 2 / kBurstBytesPerMs * kNsPerMs, kShortestNs, kLongestNs)),
      drained_(rings) {}

std::uint64_t DrainPacer::next_sleep_ns(std::uint64_t elapsed_ns) {
  const std::uint64_t most =
      drained_.empty() ? 0 : *std::max_element(drained_.begin(), drained_.end());
  std::fill(drained_.begin(), drained_.end(), 0);
  if (most == 0) return idle_ns_;
  // In doubles: the product of a long pause and a big ring does not fit 64 bits.
  const double sleep = kWantedFill * static_cast<double>(ring_bytes_) *
                       static_cast<double>(std::max<std::uint64_t>(elapsed_ns, 1)) /
                       static_cast<double>(most);
  if (sleep >= static_cast<double>(idle_ns_)) return idle_ns_;
  return std::max(static_cast<std::uint64_t>(sleep), kShortestNs);
}

}  // namespace triptych::record
