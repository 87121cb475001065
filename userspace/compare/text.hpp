// SPDX-License-Identifier: Apache-2.0
//
// A comparison for people: a table and bars for each scenario, what explains the differences, and a
// summary that fits one screen.
#pragma once

#include <string>

#include "compare/document.hpp"

namespace triptych::compare {

struct TextStyle {
  unsigned width = 100;  // columns
  bool colours = false;
};

std::string write_text(const Document& document, const TextStyle& style);

}  // namespace triptych::compare
