// SPDX-License-Identifier: Apache-2.0
//
// The figures of one run of one cell, as the run tells them: triptych.run/1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::compare {

struct RunMetric {
  std::string name, unit, source;
  double value = 0;
};

struct CellRun {
  std::uint64_t operations = 0;
  std::uint64_t elapsed_ns = 0;
  std::uint64_t cpu_ns = 0;  // user and system time, of the units too
  std::uint64_t coroutine_switches = 0;
  std::uint64_t wall_ns = 0;  // of the whole process; set by who ran it
  std::vector<RunMetric> metrics;
  std::vector<std::string> notes;  // what the cell could not find out here, and why

  [[nodiscard]] double time_per_operation_ns() const;  // 0 without operations
  [[nodiscard]] double cpu_per_operation_ns() const;
  [[nodiscard]] std::optional<double> metric(std::string_view name) const;
};

Result<CellRun> parse_cell_run(std::string_view json);

}  // namespace triptych::compare
