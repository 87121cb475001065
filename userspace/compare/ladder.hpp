// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compare/document.hpp"

namespace triptych::compare {

// The summary that fits one screen: creation, switch, memory, copy-on-write, parallelism,
// isolation, each by every model's first variant. What was not measured has no rung.
std::vector<Rung> make_ladder(const Document& document);

}  // namespace triptych::compare
