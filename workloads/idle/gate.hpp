// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>

#include "workloads/support/futex.hpp"

namespace triptych::workloads::idle {

// Where processes or threads sleep until they may end.
struct Gate {
  std::atomic<std::uint32_t> arrived{0};
  std::atomic<std::uint32_t> open{0};

  void wait(Sharing sharing) {
    if (arrived.fetch_add(1) + 1 == expected) futex_wake(&arrived, 1, sharing);
    while (open.load() == 0) futex_wait(&open, 0, sharing);
  }
  // Whether all expected units are here; looks again after a tenth of a second at the latest.
  bool wait_for_all(Sharing sharing) {
    const timespec interval{0, 100'000'000};
    const std::uint32_t now = arrived.load();
    if (now == expected) return true;
    futex_wait(&arrived, now, sharing, &interval);
    return arrived.load() == expected;
  }
  void let_go(Sharing sharing) {
    open.store(1);
    futex_wake(&open, INT_MAX, sharing);
  }

  std::uint32_t expected = 0;
};

}  // namespace triptych::workloads::idle
