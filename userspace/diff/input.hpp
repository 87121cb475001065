// SPDX-License-Identifier: Apache-2.0
//
// One of the two files that are held against each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace triptych::diff {

// Of which more is worse. With one value nothing is known about how it varies.
struct Metric {
  std::string name;  // "create process fork, pinned: time_per_operation"; unique in its file
  std::string unit;  // "ns", "bytes", "1"
  std::vector<double> values;  // of a comparison: in the order in which they ran
};

struct Input {
  std::string schema;  // "triptych.compare/1" or "triptych.report/1"
  // Kernel, machine, settings and parameters: what may be why.
  std::vector<std::pair<std::string, std::string>> circumstances;
  std::vector<Metric> metrics;
};

// Bytes that anybody may have written. `name` is for messages.
Result<Input> parse_input(std::string_view text, const std::string& name);
Result<Input> read_input(const std::string& path);

}  // namespace triptych::diff
