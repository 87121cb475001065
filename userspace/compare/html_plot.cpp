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

// A point of a row; null: not measured.
struct PlotRow {
  const CellResult* cell = nullptr;  // any
  const Figure* pinned = nullptr;
  const Figure* unpinned = nullptr;
};

struct Scale {  // exponents of ten
  double low = 0, high = 1;

  [[nodiscard]] std::string at(double ns) const {
    const double share = (std::log10(ns) - low) / (high - low);
    return html::coordinate(std::clamp(share, 0.0, 1.0) * 100) + "%";
  }
};

const Figure* time_of(const CellResult* cell) {
  const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
  return time != nullptr && time->median > 0 ? time : nullptr;
}

std::vector<PlotRow> plot_rows_of(const std::vector<Column>& columns) {
  std::vector<PlotRow> rows;
  for (const Column& column : columns) {
    const PlotRow row{column.any(), time_of(column.pinned), time_of(column.unpinned)};
    if (row.pinned != nullptr || row.unpinned != nullptr) rows.push_back(row);
  }
  return rows;
}

bool has_interval(const Figure& time) {
  return time.values.size() > 1 && time.interval.low > 0 && time.interval.high > 0;
}

Scale scale_of(const std::vector<PlotRow>& rows) {
  double least = 0, most = 0;
  const auto take = [&](double value) {
    if (least == 0 || value < least) least = value;
    most = std::max(most, value);
  };
  for (const PlotRow& row : rows) {
    for (const Figure* time : {row.pinned, row.unpinned}) {
      if (time == nullptr) continue;
      take(time->median);
      if (!has_interval(*time)) continue;
      take(time->interval.low);
      take(time->interval.high);
    }
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

const char* colour_of(const CellResult& cell) {
  if (cell.model == "process") return "process";
  return cell.model == "thread" ? "thread" : "coroutine";
}

void write_figure(Markup& page, const Figure* time) {
  page.open("td", {{"class", "number"}});
  if (time != nullptr) {
    page.leaf("data", format_ns(time->median), {{"value", fmt::format("{}", time->median)}});
  }
  page.close();
}

void write_point(Markup& page, const PlotRow& row, Placement placement, const Scale& scale) {
  const bool pinned = placement == Placement::kPinned;
  const Figure* time = pinned ? row.pinned : row.unpinned;
  if (time == nullptr) return;
  const std::string y = pinned ? "33%" : "67%";
  page.open("g");
  page.leaf("title", fmt::format("{}, {}: {}{}", row.cell->title(), name_of(placement),
                                 format_ns(time->median), interval_words(*time)));
  if (has_interval(*time)) {
    page.single("line", {{"class", colour_of(*row.cell)},
                         {"x1", scale.at(time->interval.low)},
                         {"x2", scale.at(time->interval.high)},
                         {"y1", y},
                         {"y2", y}});
  }
  page.single("circle",
              {{"class", fmt::format("{}{}", colour_of(*row.cell), pinned ? "" : " hollow")},
               {"cx", scale.at(time->median)},
               {"cy", y},
               {"r", "4.5"}});
  page.close();
}

void write_row(Markup& page, const PlotRow& row, const Scale& scale) {
  page.open("tr");
  page.leaf("th", row.cell->title(), {{"scope", "row"}});
  write_figure(page, row.pinned);
  write_figure(page, row.unpinned);
  page.open("td");
  page.open("svg", {{"role", "img"}, {"class", "points"}});
  write_grid(page, scale);
  for (const Placement each : {Placement::kPinned, Placement::kUnpinned}) {
    write_point(page, row, each, scale);
  }
  page.close();
  page.close();
  page.close();
}

void write_axis(Markup& page, const Scale& scale) {
  page.open("tr", {{"aria-hidden", "true"}});
  page.leaf("th", "");
  page.leaf("td", "");
  page.leaf("td", "");
  page.open("td");
  page.open("svg", {{"class", "axis"}});
  // Decades that stand too close for their names are left without.
  const double every = std::ceil((scale.high - scale.low) / 6);
  bool between = false;  // on a narrow page it goes without, too
  for (double exponent = scale.low; exponent <= scale.high; exponent += every) {
    const double ns = std::pow(10, exponent);
    const std::string x = scale.at(ns);
    page.single("line", {{"x1", x}, {"x2", x}, {"y1", "0"}, {"y2", "5"}});
    page.leaf("text", format_ns(ns),
              {{"x", x},
               {"y", "17"},
               {"text-anchor", exponent > scale.high - 0.2 ? "end" : "middle"},
               {"class", between ? "between" : "each"}});
    between = !between;
  }
  page.close();
  page.close();
  page.close();
}

}  // namespace

void write_plot(Markup& page, const std::vector<Column>& columns) {
  const std::vector<PlotRow> rows = plot_rows_of(columns);
  if (rows.size() < 2) return;
  const Scale scale = scale_of(rows);
  page.open("figure");
  page.leaf("figcaption",
            "Time per operation on a logarithmic scale: the median of all repetitions, and the "
            "interval that holds it with 95 %. Filled: pinned to one CPU; hollow: not pinned.");
  page.open("table", {{"class", "plot"}});
  page.open("thead");
  page.open("tr");
  page.leaf("th", "");
  page.leaf("th", "pinned", {{"scope", "col"}, {"class", "number"}});
  page.leaf("th", "not pinned", {{"scope", "col"}, {"class", "number"}});
  page.leaf("th", "");
  page.close();
  page.close();
  page.open("tbody");
  for (const PlotRow& row : rows) write_row(page, row, scale);
  write_axis(page, scale);
  page.close();
  page.close();
  page.close();
}

}  // namespace triptych::compare
