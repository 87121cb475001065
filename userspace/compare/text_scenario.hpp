// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "compare/document.hpp"
#include "compare/text_table.hpp"

namespace triptych::compare {

// The table, the bars and the explanations of one scenario.
void write_scenario(Page& page, const Document& document, std::size_t index);

}  // namespace triptych::compare
