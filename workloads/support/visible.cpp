// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/visible.hpp"

#include <ctime>

namespace triptych::workloads {

#ifdef TRIPTYCH_VISIBLE_COROUTINES

namespace {

// Ten times what the two clocks differ by.
constexpr std::uint64_t kApartNs = 20'000;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

// Without a sleep, which would be a switch between the marks.
void stand_off_from_mark() {
  const std::uint64_t start = now_ns();
  while (now_ns() - start < kApartNs) {
  }
}

#else

void stand_off_from_mark() {}

#endif

}  // namespace triptych::workloads
