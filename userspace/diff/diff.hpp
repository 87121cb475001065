// SPDX-License-Identifier: Apache-2.0
//
// Two comparisons, or two reports, against each other: by the rule that `compare` uses too.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "diff/input.hpp"
#include "stats/decision.hpp"

namespace triptych::diff {

struct Row {
  std::string name, unit;
  double before = 0, after = 0;  // medians
  std::size_t before_values = 0, after_values = 0;
  stats::Answer answer;  // of after against before

  // One value on a side: it is shown, and nothing can be claimed about it.
  [[nodiscard]] bool counted_once() const { return before_values < 2 || after_values < 2; }
};

struct Difference {
  std::string schema;
  std::string before_name, after_name;
  stats::Rule rule;  // its allowance is twice the drift
  // Of the machine while it measured: see drift.hpp. Where it is not known nothing is claimed.
  std::optional<double> drift;
  std::size_t questions = 0;
  // What differs between the files beside the figures: name, before, after.
  struct Circumstance {
    std::string name, before, after;
  };
  std::vector<Circumstance> circumstances;
  std::vector<Row> rows;  // the largest ratio, either way, first
  std::vector<std::string> only_before, only_after;

  [[nodiscard]] std::size_t count(stats::Verdict verdict) const;
  // Whether anything could be called slower or faster, however much it differs.
  [[nodiscard]] bool can_claim() const { return questions > 0 && drift.has_value(); }
};

// Fails when the files are of different kinds or have no figure in common.
Result<Difference> compare_inputs(const Input& before, const Input& after);

std::string write_text(const Difference& difference, unsigned width, bool colours);
std::string write_json(const Difference& difference);  // triptych.diff/1

}  // namespace triptych::diff
