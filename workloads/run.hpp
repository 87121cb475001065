// SPDX-License-Identifier: Apache-2.0
//
// One run of one cell: what `triptych run` does, and what `triptych compare` starts anew, as a
// process of its own, for each repetition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/scenario.hpp"

namespace triptych::workloads {

// The marks that enclose the operations, to be given to `report --from-mark … --to-mark …`.
inline constexpr const char* kBeginMark = "begin";
inline constexpr const char* kEndMark = "end";
// The marks that enclose the control run: a run of no operations, between the same calls.
inline constexpr const char* kControlBeginMark = "control-begin";
inline constexpr const char* kControlEndMark = "control-end";

struct RunOptions {
  std::uint64_t operations = 0;          // exactly that many, unless `seconds` is set
  double seconds = 0;                    // > 0: as many as fit, in batches that grow
  std::uint64_t warm_up_operations = 0;  // done before the begin mark and not counted
  bool control = false;                  // a control run after the warm-up
  std::optional<unsigned> cpu = {};      // everything on this CPU, from before make() on
};

struct RunResult {
  std::uint64_t operations = 0;
  std::uint64_t elapsed_ns = 0;  // CLOCK_MONOTONIC, of the operations alone, as is the usage
  Usage usage;                   // getrusage(RUSAGE_SELF + RUSAGE_CHILDREN), and of living units
  std::uint64_t coroutine_switches = 0;
  std::vector<Metric> metrics;
  std::vector<std::string> notes;
};

// Fails when the options do not fit the scenario (kUsage), when the machine does not allow what the
// parameters ask for, or when an operation failed.
Result<RunResult> run_cell(const Scenario& scenario, const Variant& variant,
                           const Parameters& parameters, const RunOptions& options);

// For people: a line for each figure.
std::string to_text(const Scenario& scenario, const Variant& variant, const Parameters& parameters,
                    const RunResult& result);

// One JSON object, schema "triptych.run/1": scenario, model, variant, parameters, operations,
// elapsed_ns, usage{}, coroutine_switches, metrics[{name,unit,value,source}], notes[].
std::string to_json(const Scenario& scenario, const Variant& variant, const Parameters& parameters,
                    const RunResult& result);

}  // namespace triptych::workloads
