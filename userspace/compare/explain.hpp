// SPDX-License-Identifier: Apache-2.0
//
// What the counts say about the times: one line for each difference that they explain, in words and
// numbers. A rule says nothing where its evidence is missing or the difference is not proven.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compare/document.hpp"

namespace triptych::compare {

// What a rule looks at: one cell beside the reference of its table, both pinned unless the scenario
// has no pinned cells.
struct Pair {
  const Document& document;
  std::size_t scenario;
  const CellResult& cell;
  const CellResult& reference;

  [[nodiscard]] double time_ns(const CellResult& of) const;  // 0 if it has none
  [[nodiscard]] stats::Verdict verdict() const;              // of the cell's time
  [[nodiscard]] std::string ratio() const;                   // "27.9x"
  // Per operation, of the recorded run; 0 without one.
  [[nodiscard]] static double traced(const CellResult& of, std::string_view name);
  [[nodiscard]] bool both_traced() const;
  // Another cell of the same table; null if there is none that was measured.
  [[nodiscard]] const CellResult* other(std::string_view model, std::string_view variant) const;
};

using PairRule = std::function<std::optional<std::string>(const Pair&)>;
using ScenarioRule =
    std::function<std::optional<std::string>(const Document&, std::size_t scenario)>;

std::vector<PairRule> creation_rules();
std::vector<PairRule> memory_rules();
std::vector<PairRule> switching_rules();
std::vector<ScenarioRule> scenario_rules();

// Fills ScenarioResult::explanations.
void explain(Document& document);

}  // namespace triptych::compare
