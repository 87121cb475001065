// SPDX-License-Identifier: Apache-2.0
//
// io: many units wait, each for something of its own.
#pragma once

#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario io_scenario();

namespace io {

enum class Wait : std::uint8_t { kTimer, kSocket };

struct Options {
  unsigned units;
  std::uint64_t delay_ns;
  Wait wait;
};

Options read_options(const Parameters& parameters);

// What `units` of `tasks` kernel tasks may take of the machine is there.
Result<void> check_machine(const Options& options, unsigned tasks);

// Switches of the units' tasks by the number of waits of all units, and how many tasks there were.
std::vector<Metric> wait_metrics(std::uint64_t voluntary_switches,
                                 std::uint64_t involuntary_switches, std::uint64_t waits,
                                 unsigned tasks);

Result<std::unique_ptr<Cell>> make_blocking_processes(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_epoll_processes(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_blocking_threads(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_epoll_threads(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

}  // namespace io
}  // namespace triptych::workloads
