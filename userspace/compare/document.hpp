// SPDX-License-Identifier: Apache-2.0
//
// What a comparison found, as plain data: all that the writers know. Times are nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compare/plan.hpp"
#include "host/environment.hpp"
#include "stats/decision.hpp"
#include "stats/sample.hpp"

namespace triptych::compare {

// One figure of a cell over its repetitions.
struct Figure {
  std::string name;            // "time_per_operation"
  std::string unit;            // "ns", "bytes", "1"
  std::string source;          // where it was read
  std::vector<double> values;  // of each repetition, in the order in which they ran
  double median = 0;
  stats::Interval interval;           // of the median, 95 %
  std::vector<std::size_t> outliers;  // which of `values`
  // Against the reference cell of its table; none for the reference itself, and where more is not
  // worse or nothing was repeated.
  std::optional<stats::Answer> against;
  std::optional<stats::Answer> against_pinned;    // the same cell, pinned
  std::optional<stats::Answer> against_one_unit;  // the same cell with one unit, both unpinned
  bool best = false;                              // of its row, beyond doubt
};

// Counts of the recorded run, per operation and less the control run's. Names as in
// docs/compare-schema.md.
struct TracedFigure {
  std::string name, unit, source;
  double value = 0;
};

struct TracedCell {
  std::uint64_t operations = 0;
  double time_per_operation_ns = 0;  // while being recorded
  // How far one run like this may lie from the others by chance alone: twice their standard
  // deviation, untraced. A difference to the untraced time below it says nothing.
  std::optional<double> time_uncertainty_ns;
  std::uint64_t lost = 0;  // records; more than 0: counts are lower bounds
  std::vector<TracedFigure> figures;
  std::map<std::string, double> blocked_in;  // blocking system calls per operation, by name
  std::string trace;                         // the file, when it was kept
  // What tracing costs by calibration, per operation, and how well that is known (both ns).
  std::optional<double> expected_cost_ns, cost_uncertainty_ns;

  // 0 when there is none of that name: it did not occur.
  [[nodiscard]] double value(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] bool complete() const { return lost == 0; }
};

// One hardware counter per operation; counted in a run of its own.
struct HardwareFigure {
  std::string name;  // "cycles"
  std::optional<double> value;
};

struct CellResult {
  std::size_t scenario = 0;  // in Document::scenarios
  std::string model, variant;
  Placement placement = Placement::kPinned;
  std::uint64_t operations = 0, warm_up = 0;
  std::string refused;  // why it could not be run; then there are no figures
  std::vector<Figure> figures;
  std::optional<TracedCell> traced;
  std::vector<HardwareFigure> hardware;

  [[nodiscard]] const Figure* figure(std::string_view name) const;  // null if there is none
  [[nodiscard]] std::string title() const;                          // "process fork"
};

struct ScenarioResult {
  std::string name, operation, alike, different;
  std::string label;  // of a set of parameters beside the main one: "units=1"
  bool counted_once = false;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> explanations;
  std::vector<std::string> remarks;  // what could not be tested here, and why
};

// What one event of a kind costs while it is recorded.
struct EventCost {
  struct Again {
    double ns = 0, uncertainty_ns = 0;
  };
  std::string event;  // "switch"
  double ns = 0;
  double uncertainty_ns = 0;  // half the width of a 95 % interval
  std::size_t pairs = 0;
  std::optional<Again> at_end;  // measured once more when all was recorded

  [[nodiscard]] double drift_ns() const;  // 0 as well where it was not measured again
  // Whether the two differ by no more than both uncertainties allow.
  [[nodiscard]] bool held() const;
};

struct Rung {  // of the summary ladder
  std::string question;
  std::string answer;
};

struct Statistics {
  stats::Rule rule;
  double level = 0.95;  // of the medians' intervals
  std::uint32_t resamples = 0;
  std::uint64_t seed = 0;
  std::size_t hypotheses = 0;  // that the correction is for
};

struct Document {
  std::string tool_version;
  std::vector<std::string> command_line;
  std::string started;  // ISO 8601, UTC
  std::uint64_t elapsed_ns = 0;
  std::string effort;
  unsigned repetitions = 0;
  unsigned pinned_cpu = 0;
  host::Environment environment;
  std::string why_untraced;                  // empty: there is a traced half
  std::string why_no_hardware;               // empty: there are hardware counters
  std::vector<std::string> tracing_remarks;  // what could not be recorded, and why
  std::vector<EventCost> event_costs;
  // When these costs were known, and known again, counted from the beginning.
  std::optional<std::uint64_t> calibrated_after_ns, checked_after_ns;
  Statistics statistics;
  std::vector<ScenarioResult> scenarios;
  std::vector<CellResult> cells;
  std::vector<Rung> ladder;
};

// The program that times the operations, beside triptych.
inline constexpr const char* kCellProgram = "triptych-cell";
// The same with the recorder of coroutines in it: only ever run while somebody records.
inline constexpr const char* kCoroutineCellProgram = "triptych-coroutine-cell";

inline constexpr const char* kTime = "time_per_operation";
inline constexpr const char* kCpuTime = "cpu_time_per_operation";

// The cells of one scenario and placement, in the document's order.
std::vector<const CellResult*> cells_of(const Document& document, std::size_t scenario,
                                        Placement placement);

// The first cell in document order that fits; null if there is none.
const CellResult* find_cell(const Document& document, std::size_t scenario, std::string_view model,
                            std::string_view variant, Placement placement);

// The cell that the others of its table are held against: the first thread, else the first cell
// that could be run.
const CellResult* reference_of(const std::vector<const CellResult*>& cells);

}  // namespace triptych::compare
