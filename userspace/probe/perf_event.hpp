// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::probe {

enum class PageFaultEvent : std::uint8_t { kMinor, kMajor };

// CPUs that are online now, in ascending order.
Result<std::vector<int>> online_cpus();

// Overflows at each page fault that is completed on `cpu`, in whatever task.
Result<UniqueFd> open_fault_sampler(PageFaultEvent event, int cpu);

// Overflows on `cpu` each time that `period_ns` have passed, whatever runs but for nothing at all.
Result<UniqueFd> open_clock_sampler(std::uint64_t period_ns, int cpu);

// Counts the completed page faults of `tid` and of all that it will create.
Result<UniqueFd> open_fault_counter(PageFaultEvent event, pid_t tid);

// A tracepoint by its id. For BPF one event on one CPU serves the whole machine.
Result<UniqueFd> open_tracepoint(unsigned id);

Result<std::uint64_t> read_counter(const UniqueFd& event);

}  // namespace triptych::probe
