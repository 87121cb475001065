// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "analyze/summary.hpp"

namespace triptych::test {

// What of `less` contradicts that it was made from a part of what `full` was made from: every
// count, time and charge that is larger, every moved attribution, every task whose times do not add
// up. Empty when less is known, and nothing else. `unprovable` are tasks whose times are not looked
// at.
std::vector<std::string> what_grew(const analyze::Summary& full, const analyze::Summary& less,
                                   const std::set<model::TaskId>& unprovable);

}  // namespace triptych::test
