// SPDX-License-Identifier: Apache-2.0
//
// What the table of a scenario says, before it has a form: all writers for people share it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compare/document.hpp"
#include "compare/text_table.hpp"

namespace triptych::compare {

// The columns of a scenario's table: its variants, each with its cell in both placements.
struct Column {
  const CellResult* pinned = nullptr;
  const CellResult* unpinned = nullptr;
  [[nodiscard]] const CellResult* any() const { return pinned != nullptr ? pinned : unpinned; }
  [[nodiscard]] const CellResult* in(Placement placement) const {
    return placement == Placement::kPinned ? pinned : unpinned;
  }
};

std::vector<Column> columns_of(const Document& document, std::size_t index);

Table scenario_table(const Document& document, std::size_t index,
                     const std::vector<Column>& columns);

// "units=16 bytes=4096"
std::string parameter_words(const ScenarioResult& scenario);
// What a scenario's recording lost; empty when it lost nothing.
std::string lost_words(const std::vector<Column>& columns);

inline constexpr const char* kAtLeast = "≥";

// What the signs in the tables mean.
inline constexpr const char* kSigns =
    "* the best of its row, beyond doubt.  = no difference.  ? inconclusive: more "
    "repetitions may tell.  - does not apply, or was not measured.  ~0 next to nothing: "
    "less than once in 200 operations, less than 1 ns.  noise: no more than chance. "
    "Figures that are the same in a whole row, and rows of zeros, are left out; the JSON "
    "has them.";

}  // namespace triptych::compare
