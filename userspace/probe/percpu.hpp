// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

struct btf;

namespace triptych::probe {

// How far, in bytes, a CPU's preemption count lies behind its run queue: both are per-CPU
// variables, so the distance is the same on all CPUs. Read from the kernel's type information; 0
// when it is not there.
std::int64_t preempt_count_distance(const btf* kernel_types);

}  // namespace triptych::probe
