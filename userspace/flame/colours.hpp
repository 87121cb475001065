// SPDX-License-Identifier: Apache-2.0
//
// What colour a frame of a flame graph has: by what it is, a little lighter or darker by its name,
// so that neighbours are told apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "profile/profile.hpp"

namespace triptych::flame {

struct FrameColour {
  std::string name;  // of the class, which changes it in the dark
  std::string fill;  // in the light: "#d7e0ff"
};

FrameColour colour_of(const profile::Frame& frame);
FrameColour colour_of_all();
FrameColour colour_of(profile::Category category);  // in the legend

// By how much it was before and is now: of both together, how much more or less one of them is.
FrameColour colour_of_change(std::uint64_t before, std::uint64_t now);
inline constexpr int kMostChange = 5;  // steps of colour to either side

// The style of all classes: where frames have their fill with them, in the dark; on a page, where
// they have not, whole. The latter is html/flame_colours.css.
std::string colour_style();
std::string page_colour_style();
std::string change_style();

// What people call frames of this category.
std::string_view label_of(profile::Category category);

}  // namespace triptych::flame
