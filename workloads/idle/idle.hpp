// SPDX-License-Identifier: Apache-2.0
//
// idle: many units are alive at once, and blocked.
#pragma once

#include "workloads/limits.hpp"
#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario idle_scenario();

namespace idle {

// What a unit takes, roughly and rather more than it does, to find out beforehand how many fit.
struct UnitNeeds {
  std::uint64_t tasks = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t mappings = 0;
  std::uint64_t most = 0;  // units, by the scenario's own decision
};

// How many units there will be, and why not more.
struct Decision {
  std::uint64_t units = 0;
  std::uint64_t allowed = 0;
  std::string limit;            // the narrowest one
  std::string raise;            // how it is raised; empty: it is the scenario's own
  bool fewer = false;           // than were asked for
  std::string as_note() const;  // "kernel.pid_max allows 5,000 units"
};

// `wanted` units, or, if `fewer_will_do`, as many as the limits allow. Fails naming the narrowest
// limit.
Result<Decision> decide(std::uint64_t wanted, bool fewer_will_do, const UnitNeeds& needs,
                        const Limits& limits);
// The same with the scenario's parameters and this machine's limits.
Result<Decision> decide(const Parameters& parameters, const UnitNeeds& needs);

Result<std::unique_ptr<Cell>> make_processes(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_threads(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_small_stack_threads(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

}  // namespace idle
}  // namespace triptych::workloads
