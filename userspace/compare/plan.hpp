// SPDX-License-Identifier: Apache-2.0
//
// What a comparison will run: chosen from the registry before anything is started.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "workloads/scenario.hpp"

namespace triptych::compare {

enum class Effort : std::uint8_t { kQuick, kDefault, kThorough };
std::string_view name_of(Effort effort);  // "quick"

// Placement can change a result five-fold, so it is part of a cell.
enum class Placement : std::uint8_t { kPinned, kUnpinned };
std::string_view name_of(Placement placement);  // "pinned"

struct Options {
  std::vector<std::string> scenarios;  // empty: all
  std::vector<std::string> models;     // empty: all
  std::vector<std::string> settings;   // "key=value"
  Effort effort = Effort::kDefault;
  std::optional<unsigned> repetitions;
  bool traced = true;        // record every cell as well: needs root
  std::string why_untraced;  // what would have to be given, when `traced` is false
  std::string keep_traces;   // a directory; empty: traces are removed once they are analysed
  std::string program;       // path of triptych itself
  std::string tool_version;
  std::vector<std::string> command_line;  // as given, for the document
};

// A scenario with one set of parameters.
struct PlannedScenario {
  const workloads::Scenario* scenario = nullptr;
  std::string label;  // "units=1": beside the scenario's main set, which has none
  std::vector<std::string> settings;
  workloads::Parameters parameters;
};

struct PlannedCell {
  std::size_t scenario = 0;  // in Plan::scenarios
  const workloads::Variant* variant = nullptr;
  Placement placement = Placement::kPinned;
  bool traced = false;
};

struct Plan {
  std::vector<PlannedScenario> scenarios;  // a main set stands before its others
  std::vector<PlannedCell> cells;  // by scenario, then placement, then as the scenario lists them
  unsigned repetitions = 10;
  unsigned cpu = 0;               // the pinned cells' one
  std::uint64_t untraced_ns = 0;  // what the untraced runs of all cells may take together
};

inline constexpr unsigned kFewestRepetitions = 10;
inline constexpr unsigned kMostRepetitions = 1000;

// Fails, naming what there is, on scenarios, models and settings that the registry does not have.
// `cpu`: for the pinned cells.
Result<Plan> make_plan(const Options& options, unsigned cpu);

}  // namespace triptych::compare
