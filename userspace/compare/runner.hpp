// SPDX-License-Identifier: Apache-2.0
//
// The untraced half: every repetition a process of its own, all cells in a random order in every
// round, so that what changes in the machine meanwhile falls on all alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "compare/cell_run.hpp"
#include "compare/hardware.hpp"
#include "compare/plan.hpp"
#include "compare/progress.hpp"
#include "compare/sizing.hpp"
#include "launch/user.hpp"
#include "workloads/run.hpp"

namespace triptych::compare {

struct MeasuredCell {
  Size size;
  double operation_ns = 0;    // by the first, short run
  std::vector<CellRun> runs;  // in the order in which they ran
  std::string refused;        // why there are none
};

class Runner {
 public:
  // `program` is triptych; what runs the cells lies beside it.
  Runner(const Plan& plan, const std::string& program, std::optional<launch::User> become);

  // The argument list that runs the cell, for whoever starts it himself.
  [[nodiscard]] std::vector<std::string> words(const PlannedCell& cell,
                                               const workloads::RunOptions& options) const;
  // The same to be recorded: coroutines in a program that makes them visible.
  [[nodiscard]] std::vector<std::string> recorded_words(const PlannedCell& cell,
                                                        const workloads::RunOptions& options) const;
  // One run, in a process of its own.
  Result<CellRun> run(const PlannedCell& cell, const workloads::RunOptions& options) const;

  // What the hardware counted per operation: of a run of these operations less one of none.
  Result<std::vector<std::optional<double>>> count_hardware(const PlannedCell& cell,
                                                            const Size& size) const;

  // All runs of all cells of the plan. `after_ns` is what will still be done afterwards, for the
  // progress line.
  std::vector<MeasuredCell> measure(std::uint64_t seed, std::uint64_t after_ns,
                                    Progress& progress) const;

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const std::optional<launch::User>& become() const { return become_; }

 private:
  [[nodiscard]] std::string title(const PlannedCell& cell) const;
  Result<CellRun> shortest_run(const PlannedCell& cell, const workloads::RunOptions& options) const;
  void probe(const PlannedCell& cell, MeasuredCell* measured, Cost* cost) const;
  // Tries out a share of the size, and corrects the cost by what runs of that length show.
  void rehearse(const PlannedCell& cell, const Size& size, Cost* cost) const;
  void choose_sizes(std::uint64_t after_ns, std::vector<MeasuredCell>* measured,
                    std::vector<Cost>* costs, Progress& progress) const;
  void measure_once(const PlannedCell& cell, Cost* cost, MeasuredCell* measured) const;

  const Plan& plan_;
  std::string directory_;  // where the programs of the cells are
  std::optional<launch::User> become_;
};

}  // namespace triptych::compare
