// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "report/document.hpp"

namespace triptych::report {

struct TextStyle {
  bool colours = false;
  std::size_t width = 100;  // columns; words and names that are longer go beyond it
};

std::string write_text(const Document& document, const TextStyle& style = {});

// One value as it stands in a table.
std::string format_value(const Value& value);

// Columns that valid UTF-8 takes on a terminal, one a character: wide characters count too little.
std::size_t display_width(std::string_view text);

}  // namespace triptych::report
