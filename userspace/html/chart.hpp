// SPDX-License-Identifier: Apache-2.0
//
// Small drawings that stretch to the room they are given. Their colours are the style sheet's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "html/markup.hpp"

namespace triptych::html {

struct Part {
  std::string_view colour;  // a class of the style sheet
  double share = 0;         // of the whole, 0…1
};

// Parts beside each other; `description` is what it says to those who do not see it.
void write_stack(Markup& page, const std::vector<Part>& parts, std::string_view description);

// One bar from the left; whatever is more than nothing is seen.
void write_bar(Markup& page, double share);

// A square of a colour, and what it stands for.
void write_key(Markup& page, std::string_view colour, std::string_view meaning);

// At most three decimals, and no more than are needed.
std::string coordinate(double value);

}  // namespace triptych::html
