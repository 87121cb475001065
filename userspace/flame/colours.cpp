// SPDX-License-Identifier: Apache-2.0
#include "flame/colours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace triptych::flame {
namespace {

constexpr std::size_t kShades = 4;
constexpr std::string_view kAllInTheDark = "#303138";

struct Palette {
  profile::Category category;
  std::string_view label;
  double hue, saturation, light, dark;  // lightness in the light and in the dark
};

constexpr Palette kPalettes[] = {
    {profile::Category::kModel, "model", 222, 0.16, 0.84, 0.31},
    {profile::Category::kProcess, "process", 228, 0.72, 0.85, 0.38},
    {profile::Category::kThread, "thread", 199, 0.64, 0.79, 0.31},
    {profile::Category::kCoroutine, "coroutine", 268, 0.66, 0.85, 0.41},
    {profile::Category::kReason, "what happened", 37, 0.88, 0.75, 0.31},
    {profile::Category::kTask, "by whom", 346, 0.74, 0.84, 0.38},
    {profile::Category::kFork, "fork", 152, 0.44, 0.76, 0.27},
    {profile::Category::kUser, "function", 14, 0.86, 0.81, 0.36},
    {profile::Category::kKernel, "kernel function", 62, 0.62, 0.74, 0.25},
};
constexpr std::size_t kCategories = sizeof(kPalettes) / sizeof(kPalettes[0]);

std::string hex(double hue, double saturation, double lightness) {
  const double chroma = (1 - std::abs(2 * lightness - 1)) * saturation;
  const auto channel = [&](double offset) {
    const double sector = std::fmod(offset + hue / 30, 12);
    const double value =
        lightness - chroma / 2 * std::max(-1.0, std::min({sector - 3, 9 - sector, 1.0}));
    return static_cast<unsigned>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(8), channel(4));
}

// Between -1 and 1.
double shift_of(std::size_t shade) {
  return static_cast<double>(shade) / (kShades - 1) * 2 - 1;
}

std::string in_the_light(const Palette& palette, std::size_t shade) {
  return hex(palette.hue + 5 * shift_of(shade), palette.saturation,
             palette.light + 0.025 * shift_of(shade));
}

std::string in_the_dark(const Palette& palette, std::size_t shade) {
  return hex(palette.hue + 5 * shift_of(shade), palette.saturation * 0.72,
             palette.dark + 0.03 * shift_of(shade));
}

// FNV-1a: the same name has the same colour in every graph.
std::size_t shade_of(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619u;
  }
  return (hash >> 16) % kShades;
}

// Red for more, blue for less: told apart by those too who do not see red and green.
std::string change_fill(int step, bool dark) {
  const double strength = std::abs(step) / static_cast<double>(kMostChange);
  const double hue = step > 0 ? 8 : 214;
  const double saturation = step == 0 ? 0.06 : 0.45 + 0.4 * strength;
  const double lightness = dark ? 0.24 + 0.15 * strength : 0.91 - 0.2 * strength;
  return hex(hue, saturation, lightness);
}

// "m3" has become more, "l3" less, by three steps of five.
std::string change_class(int step) {
  return fmt::format("{}{}", step < 0 ? 'l' : 'm', std::abs(step));
}

FrameColour colour(std::size_t category, std::size_t shade) {
  return {fmt::format("c{}{}", category, shade), in_the_light(kPalettes[category], shade)};
}

}  // namespace

FrameColour colour_of(const profile::Frame& frame) {
  return colour(static_cast<std::size_t>(frame.category), shade_of(frame.text));
}

FrameColour colour_of_all() {
  return {"all", "#e7e7ec"};
}

FrameColour colour_of(profile::Category category) {
  return colour(static_cast<std::size_t>(category), 1);
}

std::string colour_style() {
  std::string style = fmt::format(
      "@media screen and (prefers-color-scheme: dark) {{\n  .all rect {{ fill: {}; }}\n",
      kAllInTheDark);
  for (std::size_t category = 0; category < kCategories; ++category) {
    for (std::size_t shade = 0; shade < kShades; ++shade) {
      style += fmt::format("  .c{}{} rect {{ fill: {}; }}\n", category, shade,
                           in_the_dark(kPalettes[category], shade));
    }
  }
  return style + "}\n";
}

std::string page_colour_style() {
  const std::string all(colour_of_all().name);
  std::string light = fmt::format(".{} {{ fill: {}; }}\n", all, colour_of_all().fill);
  std::string dark = fmt::format("  .{} {{ fill: {}; }}\n", all, kAllInTheDark);
  for (std::size_t category = 0; category < kCategories; ++category) {
    for (std::size_t shade = 0; shade < kShades; ++shade) {
      const std::string name = colour(category, shade).name;
      const Palette& palette = kPalettes[category];
      light += fmt::format(".{} {{ fill: {}; }}\n", name, in_the_light(palette, shade));
      dark += fmt::format("  .{} {{ fill: {}; }}\n", name, in_the_dark(palette, shade));
    }
  }
  return light + "@media screen and (prefers-color-scheme: dark) {\n" + dark + "}\n";
}

FrameColour colour_of_change(std::uint64_t before, std::uint64_t now) {
  const double sum = static_cast<double>(before) + static_cast<double>(now);
  const double difference = static_cast<double>(now) - static_cast<double>(before);
  const int step = sum == 0 ? 0 : static_cast<int>(std::lround(kMostChange * difference / sum));
  return {change_class(step), change_fill(step, false)};
}

std::string change_style() {
  std::string light, dark;
  for (int step = -kMostChange; step <= kMostChange; ++step) {
    const std::string name = change_class(step);
    light += fmt::format(".{} rect {{ fill: {}; }}\n", name, change_fill(step, false));
    dark += fmt::format("  .{} rect {{ fill: {}; }}\n", name, change_fill(step, true));
  }
  return light + "@media screen and (prefers-color-scheme: dark) {\n" + dark + "}\n";
}

std::string_view label_of(profile::Category category) {
  return kPalettes[static_cast<std::size_t>(category)].label;
}

}  // namespace triptych::flame
