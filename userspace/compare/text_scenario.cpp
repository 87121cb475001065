// SPDX-License-Identifier: Apache-2.0
#include "compare/text_scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compare/figures.hpp"
#include "compare/quantities.hpp"

namespace triptych::compare {
namespace {

using Cells = std::vector<const CellResult*>;

// The columns of a scenario's table: its variants, each with its cell in both placements.
struct Column {
  const CellResult* pinned = nullptr;
  const CellResult* unpinned = nullptr;
  [[nodiscard]] const CellResult* any() const { return pinned != nullptr ? pinned : unpinned; }
  [[nodiscard]] const CellResult* in(Placement placement) const {
    return placement == Placement::kPinned ? pinned : unpinned;
  }
};

std::vector<Column> columns_of(const Document& document, std::size_t index) {
  std::vector<Column> columns;
  for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
    for (const CellResult* cell : cells_of(document, index, placement)) {
      auto column = std::find_if(columns.begin(), columns.end(), [cell](const Column& each) {
        return each.any()->title() == cell->title();
      });
      if (column == columns.end()) column = columns.insert(columns.end(), Column{});
      (placement == Placement::kPinned ? column->pinned : column->unpinned) = cell;
    }
  }
  return columns;
}

constexpr const char* kNone = "-";

Cell figure_cell(const CellResult* cell, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr) return {kNone, Tone::kFaint};
  const std::string text = format_value(figure->median, figure->unit);
  if (figure->best) return {"*" + text, Tone::kGood};
  return {text};
}

// Half the width of the interval, as a share of the median.
Cell spread_cell(const CellResult* cell, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr || figure->values.size() < 2 || !(figure->median > 0)) {
    return {kNone, Tone::kFaint};
  }
  const double half = (figure->interval.high - figure->interval.low) / 2;
  return {fmt::format("±{:.1f} %", half / figure->median * 100), Tone::kFaint};
}

Cell ratio_cell(const CellResult* cell, const CellResult* reference, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr) return {kNone, Tone::kFaint};
  if (cell == reference) return {"1"};
  if (figure->against && figure->against->ratio) {
    const stats::Answer& answer = *figure->against;
    const char* mark = answer.verdict == stats::Verdict::kNoDifference   ? "="
                       : answer.verdict == stats::Verdict::kInconclusive ? "?"
                                                                         : "";
    return {mark + format_ratio(*answer.ratio)};
  }
  const Figure* base = reference == nullptr ? nullptr : reference->figure(name);
  if (base == nullptr || !(base->median > 0)) return {kNone, Tone::kFaint};
  return {"?" + format_ratio(figure->median / base->median)};
}

Cells in_placement(const std::vector<Column>& columns, Placement placement) {
  Cells cells;
  for (const Column& column : columns) {
    if (column.in(placement) != nullptr) cells.push_back(column.in(placement));
  }
  return cells;
}

template <typename Make>
TableRow make_row(const std::vector<Column>& columns, std::string label, Tone tone,
                  const Make& make) {
  TableRow row{std::move(label), {}, tone};
  for (const Column& column : columns) row.cells.push_back(make(column));
  return row;
}

void add_time_rows(const std::vector<Column>& columns, Placement placement, Table* table) {
  const CellResult* reference = reference_of(in_placement(columns, placement));
  if (reference == nullptr) return;
  const std::string where(name_of(placement));
  table->rows.push_back(make_row(columns, "time, " + where, Tone::kPlain, [&](const Column& each) {
    return figure_cell(each.in(placement), kTime);
  }));
  table->rows.push_back(make_row(columns, "  interval", Tone::kFaint, [&](const Column& each) {
    return spread_cell(each.in(placement), kTime);
  }));
  table->rows.push_back(make_row(
      columns, "  / " + reference->title(), Tone::kPlain,
      [&](const Column& each) { return ratio_cell(each.in(placement), reference, kTime); }));
}

// "pss_bytes_per_unit" → "pss per unit": the unit stands in the cell.
std::string label_of(std::string name) {
  for (const std::string& word : {std::string("_bytes"), std::string("_ns")}) {
    const std::size_t at = name.find(word);
    if (at != std::string::npos && at > 0) name.erase(at, word.size());
  }
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::vector<std::string> other_figures(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) {
    for (const Figure& figure : column.any()->figures) {
      if (figure.name == kTime || figure.name == kCpuTime) continue;
      if (std::find(names.begin(), names.end(), figure.name) == names.end()) {
        names.push_back(figure.name);
      }
    }
  }
  return names;
}

void add_traced_rows(const std::vector<Column>& columns, Table* table) {
  std::vector<const TracedFigure*> kinds;
  double recorded = 0;
  for (const Column& column : columns) {
    if (!column.any()->traced) continue;
    ++recorded;
    for (const TracedFigure& figure : column.any()->traced->figures) {
      const bool known = std::any_of(kinds.begin(), kinds.end(), [&figure](const TracedFigure* k) {
        return k->name == figure.name;
      });
      if (!known) kinds.push_back(&figure);
    }
  }
  if (recorded == 0) return;
  table->rows.push_back({"recorded, per operation", {}, Tone::kFaint});
  for (const TracedFigure* kind : kinds) {
    table->rows.push_back(
        make_row(columns, label_of(kind->name), Tone::kPlain, [&](const Column& each) -> Cell {
          const auto& traced = each.any()->traced;
          if (!traced || !traced->has(kind->name)) return {kNone, Tone::kFaint};
          return {format_value(traced->value(kind->name), kind->unit)};
        }));
  }
  table->rows.push_back(
      make_row(columns, "time while recorded", Tone::kPlain, [](const Column& each) -> Cell {
        const auto& traced = each.any()->traced;
        if (!traced) return {kNone, Tone::kFaint};
        return {format_ns(traced->time_per_operation_ns)};
      }));
}

void add_hardware_rows(const std::vector<Column>& columns, Table* table) {
  for (const HardwareFigure& kind : columns.front().any()->hardware) {
    table->rows.push_back(
        make_row(columns, label_of(kind.name), Tone::kPlain, [&](const Column& each) -> Cell {
          for (const HardwareFigure& figure : each.any()->hardware) {
            if (figure.name == kind.name && figure.value) return {format_number(*figure.value)};
          }
          return {kNone, Tone::kFaint};
        }));
  }
}

void write_time_bars(Page& page, const std::vector<Column>& columns, Placement placement) {
  std::vector<Bar> bars;
  for (const Column& column : columns) {
    const CellResult* cell = column.in(placement);
    const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
    if (time == nullptr || !(time->median > 0)) continue;
    bars.push_back({cell->title(), format_ns(time->median), time->median});
  }
  if (bars.size() < 2) return;
  page.line();
  page.line(fmt::format("  time per operation, {}, log scale", name_of(placement)), Tone::kFaint);
  write_bars(page, bars);
}

void write_parameters(Page& page, const ScenarioResult& scenario) {
  std::string parameters;
  for (const auto& [key, value] : scenario.parameters) {
    parameters += fmt::format("{}{}={}", parameters.empty() ? "" : " ", key, value);
  }
  if (!parameters.empty()) page.filled("  ", parameters, Tone::kFaint);
}

}  // namespace

void write_scenario(Page& page, const Document& document, std::size_t index) {
  const ScenarioResult& scenario = document.scenarios[index];
  const std::vector<Column> columns = columns_of(document, index);
  page.line();
  page.filled("", fmt::format("{}: {}", scenario.name, scenario.operation), Tone::kTitle);
  write_parameters(page, scenario);
  if (columns.empty()) return;
  page.line();
  Table table;
  for (const Column& column : columns) {
    table.columns.push_back({column.any()->model, column.any()->variant});
  }
  if (!scenario.counted_once) {
    add_time_rows(columns, Placement::kPinned, &table);
    add_time_rows(columns, Placement::kUnpinned, &table);
    table.rows.push_back(make_row(columns, "processor time", Tone::kPlain, [](const Column& each) {
      return figure_cell(each.any(), kCpuTime);
    }));
  }
  for (const std::string& name : other_figures(columns)) {
    table.rows.push_back(make_row(columns, label_of(name), Tone::kPlain, [&](const Column& each) {
      return figure_cell(each.any(), name);
    }));
  }
  add_hardware_rows(columns, &table);
  add_traced_rows(columns, &table);
  write_table(page, table);
  if (!scenario.counted_once) {
    const bool pinned = columns.front().pinned != nullptr;
    write_time_bars(page, columns, pinned ? Placement::kPinned : Placement::kUnpinned);
  }
  for (const Column& column : columns) {
    if (column.any()->refused.empty()) continue;
    page.filled("  ! ", fmt::format("{}: {}", column.any()->title(), column.any()->refused));
  }
  if (!scenario.explanations.empty() || !scenario.remarks.empty()) page.line();
  for (const std::string& text : scenario.explanations) page.filled("  > ", text);
  for (const std::string& text : scenario.remarks) page.filled("  ! ", text);
}

}  // namespace triptych::compare
