// SPDX-License-Identifier: Apache-2.0
//
// Units of the models that the kernel schedules: processes or threads that are started once, sleep
// between the runs and do their share of each. Starting them is thereby no part of a run.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "workloads/scenario.hpp"

namespace triptych::workloads {

struct CrewGate;

class Crew {
 public:
  // What a unit does in a run: `unit` counts from 0. Returns 0 or an errno. Memory that it writes
  // for others to see must be shared by processes; everything that it uses must be kept alive by
  // what it captures.
  using Work = std::function<int(unsigned unit, std::uint64_t operations)>;

  // model: kProcess forks, kThread starts threads with the default stack.
  static Result<std::unique_ptr<Crew>> start(Model model, unsigned units, Work work);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  // Ends the units and waits for them. After a failed run processes are killed; threads that cannot
  // be are left to the end of the program.
  ~Crew();

  // Lets the units do `operations` in all, as evenly as they divide, or each of them that many, and
  // returns when the last unit is done. Fails when a unit failed or ended: then the crew is of no
  // more use.
  Result<void> run_divided(std::uint64_t operations);
  Result<void> run_each(std::uint64_t operations);

  // Of all units, in all runs so far, between a unit's awakening and its going back to sleep: the
  // unit's own getrusage.
  Usage usage() const;
  // The same if the units are processes, else nothing: for Cell::usage_of_living_processes.
  Usage usage_of_processes() const;

 private:
  struct State;
  explicit Crew(std::shared_ptr<State> state);

  Result<void> release_and_wait();
  Result<void> check_units();

  std::shared_ptr<State> state_;
  bool failed_ = false;
};

// The units' switches in all runs, divided by the operations of all runs.
std::vector<Metric> switch_metrics(const Crew& crew, std::uint64_t operations);

}  // namespace triptych::workloads
