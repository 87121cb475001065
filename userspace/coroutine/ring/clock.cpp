// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/clock.hpp"

#include <time.h>

#include <limits>

namespace triptych::coroutine::ring {
namespace {

using Wide = unsigned __int128;

std::uint64_t scale(std::uint64_t ticks, std::uint64_t ns, std::uint64_t all_ticks) {
  if (all_ticks == 0) return 0;
  const Wide scaled = Wide{ticks} * ns / all_ticks;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return scaled > kMost ? kMost : static_cast<std::uint64_t>(scaled);
}

}  // namespace

Anchor read_anchor() {
  Anchor best;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 5; ++i) {
    timespec now{};
    const std::uint64_t before = __builtin_ia32_rdtsc();
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::uint64_t after = __builtin_ia32_rdtsc();
    if (after - before >= least) continue;
    least = after - before;
    best = {before + least / 2, static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                                    static_cast<std::uint64_t>(now.tv_nsec)};
  }
  return best;
}

void Clock::advance(Anchor to) {
  from_ = to_;
  to_ = to;
}

model::TimeNs Clock::ns_of(std::uint64_t tsc) const {
  const std::uint64_t ticks = to_.tsc - from_.tsc;
  const std::uint64_t ns = to_.ns - from_.ns;
  if (tsc < from_.tsc) {
    const std::uint64_t before = scale(from_.tsc - tsc, ns, ticks);
    return before < from_.ns ? from_.ns - before : 0;
  }
  const std::uint64_t after = scale(tsc - from_.tsc, ns, ticks);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return after < kMost - from_.ns ? from_.ns + after : kMost;
}

std::uint64_t Clock::duration_ns(std::uint64_t ticks) const {
  return scale(ticks, to_.ns - first_.ns, to_.tsc - first_.tsc);
}

}  // namespace triptych::coroutine::ring
