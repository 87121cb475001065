// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace triptych {

inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// CLOCK_MONOTONIC, which is what the kernel's events are stamped with too.
std::uint64_t monotonic_ns();

}  // namespace triptych
