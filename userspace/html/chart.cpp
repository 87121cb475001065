// SPDX-License-Identifier: Apache-2.0
#include "html/chart.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace triptych::html {
namespace {

constexpr double kWidth = 1000;

void begin_drawing(Markup& page, std::string_view kind) {
  page.open("svg", {{"class", std::string(kind)},
                    {"viewBox", "0 0 1000 10"},
                    {"preserveAspectRatio", "none"},
                    {"aria-hidden", "true"}});
}

void write_rectangle(Markup& page, std::string_view colour, double x, double width) {
  page.single("rect", {{"class", std::string(colour)},
                       {"x", coordinate(x)},
                       {"width", coordinate(width)},
                       {"height", "10"}});
}

}  // namespace

std::string coordinate(double value) {
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void write_stack(Markup& page, const std::vector<Part>& parts, std::string_view description) {
  page.open("svg", {{"class", "stack"},
                    {"viewBox", "0 0 1000 10"},
                    {"preserveAspectRatio", "none"},
                    {"role", "img"}});
  page.leaf("title", description);
  double x = 0;
  for (const Part& part : parts) {
    if (!(part.share > 0)) continue;
    write_rectangle(page, part.colour, x, part.share * kWidth);
    x += part.share * kWidth;
  }
  page.close();
}

void write_bar(Markup& page, double share) {
  begin_drawing(page, "bar");
  if (share > 0) write_rectangle(page, "running", 0, std::max(share, 0.004) * kWidth);
  page.close();
}

void write_key(Markup& page, std::string_view colour, std::string_view meaning) {
  page.open("span", {{"class", "key"}});
  begin_drawing(page, "swatch");
  write_rectangle(page, colour, 0, kWidth);
  page.close();
  page.text(meaning);
  page.close();
}

}  // namespace triptych::html
