// SPDX-License-Identifier: Apache-2.0
//
// A comparison as one page: the summary, and for each scenario its times on a logarithmic scale,
// its table and what explains it; at the end how to do it again.
#pragma once

#include <string>
#include <vector>

#include "compare/document.hpp"
#include "compare/scenario_table.hpp"
#include "html/markup.hpp"

namespace triptych::compare {

std::string write_html(const Document& document);

// Time per operation of each cell with its interval; nothing where less than two were timed.
void write_plot(html::Markup& page, const std::vector<Column>& columns);

}  // namespace triptych::compare
