// SPDX-License-Identifier: Apache-2.0
//
// Cycles, instructions, cache and TLB misses of a process and its children, where the machine
// counts them: many virtual ones do not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::compare {

// As perf_event_attr has them.
struct Counter {
  const char* name;  // "cycles"
  std::uint32_t type;
  std::uint64_t config;
};

std::span<const Counter> hardware_counters();

// Counters that start when `task` calls exec, and that its children inherit.
class CounterSet {
 public:
  CounterSet(pid_t task, std::span<const Counter> counters);

  // Counts so far, scaled up where counters had to share the hardware. None for one that this
  // machine, or our rights, do not give.
  [[nodiscard]] std::vector<std::optional<double>> read() const;
  // Why the first counter is not there; 0: it is.
  [[nodiscard]] int error() const { return error_; }

 private:
  std::vector<UniqueFd> counters_;
  int error_ = 0;
};

// Why there are none at all on this machine; empty when there are.
std::string why_no_hardware();

}  // namespace triptych::compare
