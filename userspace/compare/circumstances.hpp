// SPDX-License-Identifier: Apache-2.0
//
// Under what circumstances a comparison was made, in words.
#pragma once

#include <string>
#include <vector>

#include "compare/document.hpp"

namespace triptych::compare {

struct Circumstance {
  std::string name, what;
};

std::vector<Circumstance> circumstances_of(const Document& document);

}  // namespace triptych::compare
