// SPDX-License-Identifier: Apache-2.0
//
// A row for each cell, all on one logarithmic scale: the median as a point, its interval as a line
// through it. Positions are shares of the width, so that points stay round however wide it is.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/html.hpp"
#include "compare/quantities.hpp"
#include "html/chart.hpp"

namespace triptych::compare {
namespace {

using html::Markup;

struct Point {
  const CellResult* cell = nullptr;
  const Figure* time = nullptr;
};

struct Scale {  // exponents of ten
  double low = 0, high = 1;

  [[nodiscard]] std::string at(double ns) const {
    const double share = (std::log10(ns) - low) / (high - low);
    return html::coordinate(std::clamp(share, 0.0, 1.0) * 100) + "%";
  }
};

std::vector<Point> points_of(const std::vector<Column>& columns) {
  std::vector<Point> points;
  for (const Column& column : columns) {
    for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
      const CellResult* cell = column.in(placement);
      const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
      if (time != nullptr && time->median > 0) points.push_back({cell, time});
    }
  }
  return points;
}

bool has_interval(const Figure& time) {
  return time.values.size() > 1 && time.interval.low > 0 && time.interval.high > 0;
}

Scale scale_of(const std::vector<Point>& points) {
  double least = points.front().time->median, most = least;
  for (const Point& point : points) {
    least = std::min(least, point.time->median);
    most = std::max(most, point.time->median);
    if (!has_interval(*point.time)) continue;
    least = std::min(least, point.time->interval.low);
    most = std::max(most, point.time->interval.high);
  }
  Scale scale{std::floor(std::log10(least)), std::ceil(std::log10(most))};
  if (!(scale.high > scale.low)) scale.high = scale.low + 1;
  return scale;
}

void write_grid(Markup& page, const Scale& scale) {
  for (double exponent = scale.low; exponent <= scale.high; exponent += 1) {
    const std::string x = scale.at(std::pow(10, exponent));
    page.single("line", {{"class", "grid"}, {"x1", x}, {"x2", x}, {"y1", "0"}, {"y2", "100%"}});
  }
}

std::string interval_words(const Figure& time) {
  if (!has_interval(time)) return {};
  return fmt::format(", 95 % interval of the median {} to {}", format_ns(time.interval.low),
                     format_ns(time.interval.high));
}

void write_point(Markup& page, const Point& point, const Scale& scale) {
  const std::string& model = point.cell->model;
  const bool pinned = point.cell->placement == Placement::kPinned;
  const char* colour = model == "process" ? "process" : model == "thread" ? "thread" : "coroutine";
  const std::string name =
      fmt::format("{}, {}", point.cell->title(), name_of(point.cell->placement));
  page.open("tr");
  page.leaf("th", name, {{"scope", "row"}});
  page.open("td", {{"class", "number"}});
  page.leaf("data", format_ns(point.time->median),
            {{"value", fmt::format("{}", point.time->median)}});
  page.close();
  page.open("td");
  page.open("svg", {{"role", "img"}, {"class", "point"}});
  page.leaf("title", fmt::format("{}: {}{}", name, format_ns(point.time->median),
                                 interval_words(*point.time)));
  write_grid(page, scale);
  if (has_interval(*point.time)) {
    page.single("line", {{"class", colour},
                         {"x1", scale.at(point.time->interval.low)},
                         {"x2", scale.at(point.time->interval.high)},
                         {"y1", "50%"},
                         {"y2", "50%"}});
  }
  page.single("circle", {{"class", fmt::format("{}{}", colour, pinned ? "" : " hollow")},
                         {"cx", scale.at(point.time->median)},
                         {"cy", "50%"},
                         {"r", "4.5"}});
  page.close();
  page.close();
  page.close();
}

void write_axis(Markup& page, const Scale& scale) {
  page.open("tr", {{"aria-hidden", "true"}});
  page.leaf("th", "");
  page.leaf("td", "");
  page.open("td");
  page.open("svg", {{"class", "axis"}});
  // Decades that stand too close for their names are left without.
  const double every = std::ceil((scale.high - scale.low) / 6);
  for (double exponent = scale.low; exponent <= scale.high; exponent += every) {
    const double ns = std::pow(10, exponent);
    const std::string x = scale.at(ns);
    page.single("line", {{"x1", x}, {"x2", x}, {"y1", "0"}, {"y2", "5"}});
    page.leaf("text", format_ns(ns), {{"x", x}, {"y", "17"}, {"text-anchor", "middle"}});
  }
  page.close();
  page.close();
  page.close();
}

}  // namespace

void write_plot(Markup& page, const std::vector<Column>& columns) {
  const std::vector<Point> points = points_of(columns);
  if (points.size() < 2) return;
  const Scale scale = scale_of(points);
  page.open("figure");
  page.leaf("figcaption",
            "Time per operation on a logarithmic scale: the median of all repetitions, and the "
            "interval that holds it with 95 %. Filled: pinned to one CPU; hollow: not pinned.");
  page.open("table", {{"class", "plot"}});
  page.open("tbody");
  for (const Point& point : points) write_point(page, point, scale);
  write_axis(page, scale);
  page.close();
  page.close();
  page.close();
}

}  // namespace triptych::compare
