// SPDX-License-Identifier: Apache-2.0
//
// lock: a critical section is entered and left.
#pragma once

#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario lock_scenario();

namespace lock {

enum class Kind : std::uint8_t { kMutex, kSpin, kSemaphore, kCondvar, kBarrier, kAtomic };

struct Options {
  Kind kind;
  unsigned units;
  bool contended;  // one lock for all units, not one for each
};

Options read_options(const Parameters& parameters);

// "n of the N entries were lost": two units were in the section at once.
Result<void> check_entries(std::uint64_t counted, std::uint64_t expected);

Result<std::unique_ptr<Cell>> make_processes(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_threads(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

}  // namespace lock
}  // namespace triptych::workloads
