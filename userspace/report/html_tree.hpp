// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_set>

#include "html/markup.hpp"
#include "report/document.hpp"

namespace triptych::report {

// Lists in lists, each of which can be folded; a task in `linked` leads to its row of a table.
void write_tree(html::Markup& page, const Tree& tree,
                const std::unordered_set<std::uint32_t>& linked);

}  // namespace triptych::report
