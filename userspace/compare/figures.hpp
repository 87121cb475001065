// SPDX-License-Identifier: Apache-2.0
//
// From runs to figures, and from figures to verdicts.
#pragma once

#include <cstdint>
#include <vector>

#include "compare/document.hpp"
#include "compare/runner.hpp"

namespace triptych::compare {

// Time and processor time per operation, and what the cell found out about itself.
std::vector<Figure> make_figures(const std::vector<CellRun>& runs, double level,
                                 std::uint32_t resamples, std::uint64_t seed);

// Whether more of it is worse, so that it can be slower, faster or best: times.
bool is_cost(const Figure& figure);

// Fills Figure::against and Figure::best of all cells, and Statistics::hypotheses: one decision
// over the whole report.
void decide(Document& document);

}  // namespace triptych::compare
