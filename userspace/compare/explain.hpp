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
// What holds of several cells for the same reason is one line.
using GroupRule = std::function<std::optional<std::string>(const std::vector<Pair>&)>;
using ScenarioRule =
    std::function<std::optional<std::string>(const Document&, std::size_t scenario)>;

std::vector<PairRule> creation_rules();
std::vector<PairRule> memory_rules();
std::vector<PairRule> switching_rules();
std::vector<GroupRule> creation_group_rules();
std::vector<GroupRule> switching_group_rules();
std::vector<ScenarioRule> scenario_rules();

// For group rules. "process pipe 0.620x, process fifo 0.637x"
std::string listed(const std::vector<Pair>& pairs,
                   const std::function<std::string(const Pair&)>& what);
std::vector<Pair> those_of(const std::vector<Pair>& pairs,
                           const std::function<bool(const Pair&)>& wanted);

// Fills ScenarioResult::explanations.
void explain(Document& document);

}  // namespace triptych::compare
