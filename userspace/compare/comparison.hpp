// SPDX-License-Identifier: Apache-2.0
//
// One comparison from beginning to end.
#pragma once

#include "base/error.hpp"
#include "compare/document.hpp"
#include "compare/plan.hpp"

namespace triptych::compare {

// Takes as long as the effort says. What goes wrong with one cell is told in its place; fails when
// nothing could be measured.
Result<Document> compare(const Options& options);

}  // namespace triptych::compare
