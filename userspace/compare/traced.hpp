// SPDX-License-Identifier: Apache-2.0
//
// The traced half: the same cells once more, recorded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "compare/document.hpp"
#include "compare/recorded_batch.hpp"
#include "compare/runner.hpp"

namespace triptych::compare {

// A round number of operations (1, 2 or 5 times a power of ten) that takes about `slice_ns`; at
// least one.
std::uint64_t traced_operations(double operation_ns, double slice_ns);

// What happened per operation, the control run's taken off; nothing that did not occur.
TracedCell make_traced(const CellRun& run, const CellWindows& windows);

// Where the recorder and the program itself count differently; else empty.
std::string coroutine_disagreement(const CellRun& run, const CellWindows& windows);

// How often each kind of event of calibration.hpp occurred per operation.
std::map<std::string, double> event_rates(const TracedCell& traced);
// Whether what recording these events costs was measured. Of processes it was for those of fork,
// which copies page tables: one that begins in its parent's memory (vfork, spawn) has other events.
bool costs_are_known(const TracedCell& traced);

struct TracedCells {
  std::vector<std::optional<TracedCell>> cells;  // in the order of the plan's
  std::vector<std::string> failures;             // and doubts: "create process fork: …"
};

// `measured` gives each cell's time per operation. `keep` is a directory or empty.
Result<TracedCells> trace_cells(const Runner& runner, const std::vector<MeasuredCell>& measured,
                                const std::string& program, const std::string& keep,
                                double slice_ns, Progress& progress);

}  // namespace triptych::compare
