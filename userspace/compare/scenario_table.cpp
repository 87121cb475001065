// SPDX-License-Identifier: Apache-2.0
#include "compare/scenario_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "compare/figures.hpp"
#include "compare/quantities.hpp"
#include "workloads/scenario.hpp"

namespace triptych::compare {
namespace {

using Cells = std::vector<const CellResult*>;

Cell nothing() {
  return {kNothing, Tone::kFaint};
}

// So little that it belongs to the machine and not to the operation.
bool is_next_to_nothing(double count) {
  return count > 0 && count < 0.005;
}

Cell figure_cell(const CellResult* cell, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr) return nothing();
  if (figure->unit == "1" && is_next_to_nothing(figure->median)) return {kHardly, Tone::kFaint};
  const std::string text = format_value(figure->median, figure->unit);
  if (figure->best) return {"*" + text, Tone::kGood};
  return {text};
}

// As a share of the median: "+12", "-0.3".
std::string percent(double share) {
  return fmt::format("{:+.{}f}", share * 100, std::fabs(share) < 0.1 ? 1 : 0);
}

// By how much the interval goes below and above the median: half its width tells that where both
// are alike.
Cell spread_cell(const CellResult* cell, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr || figure->values.size() < 2 || !(figure->median > 0)) {
    return nothing();
  }
  const double below = 1 - figure->interval.low / figure->median;
  const double above = figure->interval.high / figure->median - 1;
  if (std::max(below, above) > std::max(0.01, 2 * std::min(below, above))) {
    return {fmt::format("{}…{} %", percent(-below), percent(above)), Tone::kFaint};
  }
  return {fmt::format("±{:.1f} %", (below + above) / 2 * 100), Tone::kFaint};
}

Cell outliers_cell(const CellResult* cell) {
  const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
  if (time == nullptr) return nothing();
  return {fmt::format("{} of {}", time->outliers.size(), time->values.size()), Tone::kFaint};
}

bool has_outliers(const CellResult* cell) {
  const Figure* time = cell == nullptr ? nullptr : cell->figure(kTime);
  return time != nullptr && !time->outliers.empty();
}

Cell ratio_cell(const CellResult* cell, const CellResult* reference, const std::string& name) {
  const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
  if (figure == nullptr) return nothing();
  if (cell == reference) return {"1"};
  if (figure->against && figure->against->ratio) {
    const stats::Answer& answer = *figure->against;
    const char* mark = answer.verdict == stats::Verdict::kNoDifference   ? "="
                       : answer.verdict == stats::Verdict::kInconclusive ? "?"
                                                                         : "";
    return {mark + format_ratio(*answer.ratio)};
  }
  const Figure* base = reference == nullptr ? nullptr : reference->figure(name);
  if (base == nullptr || !(base->median > 0)) return nothing();
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
  table->rows.push_back(make_row(columns, "  95 % interval", Tone::kFaint, [&](const Column& each) {
    return spread_cell(each.in(placement), kTime);
  }));
  if (std::any_of(columns.begin(), columns.end(),
                  [placement](const Column& each) { return has_outliers(each.in(placement)); })) {
    table->rows.push_back(
        make_row(columns, "  outliers, kept", Tone::kFaint,
                 [&](const Column& each) { return outliers_cell(each.in(placement)); }));
  }
  table->rows.push_back(make_row(
      columns, "  / " + reference->title(), Tone::kPlain,
      [&](const Column& each) { return ratio_cell(each.in(placement), reference, kTime); }));
}

// "pss_bytes_per_unit" → "pss per unit": the unit stands in the cell, and of an operation is all
// that does not say of what.
std::string label_of(std::string name) {
  if (name == kCpuTime) return "processor time";
  for (const std::string& word :
       {std::string("_bytes"), std::string("_ns"), std::string("_per_operation")}) {
    const std::size_t at = name.find(word);
    if (at != std::string::npos && at > 0) name.erase(at, word.size());
  }
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// How the figure reads in each column that has it.
std::vector<std::string> readings(const std::vector<Column>& columns, Placement placement,
                                  const std::string& name) {
  std::vector<std::string> texts;
  for (const Column& column : columns) {
    const CellResult* cell = column.in(placement);
    const Figure* figure = cell == nullptr ? nullptr : cell->figure(name);
    if (figure != nullptr) texts.push_back(format_value(figure->median, figure->unit));
  }
  return texts;
}

// Not a place in memory, nor the processor time once more, nor what all cells have in common: that
// is a circumstance.
bool says_something(const std::vector<Column>& columns, const Figure& figure) {
  if (figure.name == workloads::kMemoryAddress || figure.name == "cpu_ns_per_operation") {
    return false;
  }
  for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
    const std::vector<std::string> texts = readings(columns, placement, figure.name);
    const bool in_all = texts.size() == columns.size() && columns.size() > 1;
    const std::string usual = in_all ? texts.front() : format_value(0, figure.unit);
    for (const std::string& text : texts) {
      if (text != usual) return true;
    }
  }
  return false;
}

std::vector<std::string> other_figures(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) {
    for (const Figure& figure :
         (column.unpinned != nullptr ? column.unpinned : column.pinned)->figures) {
      if (figure.name == kTime || figure.name == kCpuTime || !says_something(columns, figure)) {
        continue;
      }
      if (std::find(names.begin(), names.end(), figure.name) == names.end()) {
        names.push_back(figure.name);
      }
    }
  }
  return names;
}

// A row for each placement where they differ.
void add_figure_rows(const std::vector<Column>& columns, const std::string& name, Table* table) {
  const bool differ = std::any_of(columns.begin(), columns.end(), [&name](const Column& each) {
    if (each.pinned == nullptr || each.unpinned == nullptr) return false;
    const Figure* pinned = each.pinned->figure(name);
    const Figure* unpinned = each.unpinned->figure(name);
    if (pinned == nullptr || unpinned == nullptr) return true;
    return std::fabs(pinned->median - unpinned->median) > 0.2 * std::fabs(pinned->median);
  });
  if (!differ) {
    table->rows.push_back(make_row(columns, label_of(name), Tone::kPlain, [&](const Column& each) {
      return figure_cell(each.any(), name);
    }));
    return;
  }
  for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
    table->rows.push_back(
        make_row(columns, fmt::format("{}, {}", label_of(name), name_of(placement)), Tone::kPlain,
                 [&](const Column& each) { return figure_cell(each.in(placement), name); }));
  }
}

bool is_stray(const TracedFigure& figure) {
  return figure.value < (figure.unit == "ns" ? 1 : 0.005);
}

Cell traced_cell(const Column& column, const TracedFigure& kind) {
  const auto& traced = column.any()->traced;
  if (!traced) return nothing();
  // The times are means, which lost records move either way.
  if (!traced->complete() && kind.unit != "ns") {
    return {kAtLeast + format_value(traced->value(kind.name), kind.unit)};
  }
  // What was counted and did not occur; a time or a size of it there is none.
  if (!traced->has(kind.name)) return kind.unit == "1" ? Cell{"0", Tone::kFaint} : nothing();
  const TracedFigure own{kind.name, kind.unit, kind.source, traced->value(kind.name)};
  if (is_stray(own)) return {kHardly, Tone::kFaint};
  return {format_value(own.value, kind.unit)};
}

// What recording added to the time; "noise" where a run may differ as much by chance.
Cell effect_cell(const Column& column) {
  const auto& traced = column.any()->traced;
  const Figure* time = column.any()->figure(kTime);
  if (!traced || time == nullptr || !(time->median > 0)) return nothing();
  const double added = traced->time_per_operation_ns - time->median;
  if (traced->time_uncertainty_ns && std::fabs(added) < *traced->time_uncertainty_ns) {
    return {"noise", Tone::kFaint};
  }
  return {fmt::format("{:+.0f} %", added / time->median * 100)};
}

// What was to be expected, by the cost of each event. "noise" where that is less than what is known
// of it.
Cell expected_cell(const Column& column) {
  const auto& traced = column.any()->traced;
  const Figure* time = column.any()->figure(kTime);
  if (!traced || !traced->expected_cost_ns || time == nullptr || !(time->median > 0)) {
    return nothing();
  }
  if (std::fabs(*traced->expected_cost_ns) <= traced->cost_uncertainty_ns.value_or(0)) {
    return {"noise", Tone::kFaint};
  }
  const double share = *traced->expected_cost_ns / time->median * 100;
  return {share < 0.5 ? "<1 %" : fmt::format("{:+.0f} %", share)};
}

// The switches in the program itself stand beside the kernel's.
void move_beside_switches(std::vector<const TracedFigure*>* kinds) {
  const auto at = [kinds](std::string_view name) {
    return std::find_if(kinds->begin(), kinds->end(),
                        [name](const TracedFigure* kind) { return kind->name == name; });
  };
  const auto last = at("involuntary_switches");
  const auto own = at("coroutine_switches");
  if (last == kinds->end() || own == kinds->end() || own < last) return;
  std::rotate(last + 1, own, own + 1);
}

// In the order in which cells have them: what only a later cell has stands before what it has in
// common with the earlier ones and comes next, else at the end.
std::vector<const TracedFigure*> traced_kinds(const std::vector<Column>& columns) {
  std::vector<const TracedFigure*> kinds;
  for (const Column& column : columns) {
    if (!column.any()->traced) continue;
    std::vector<const TracedFigure*> pending;
    for (const TracedFigure& figure : column.any()->traced->figures) {
      // The copies have a row of their own, which those of huge pages are in too.
      if (is_stray(figure) || figure.name == "faults_cow_copy") continue;
      const auto known =
          std::find_if(kinds.begin(), kinds.end(),
                       [&figure](const TracedFigure* kind) { return kind->name == figure.name; });
      if (known == kinds.end()) {
        pending.push_back(&figure);
      } else {
        kinds.insert(known, pending.begin(), pending.end());
        pending.clear();
      }
    }
    kinds.insert(kinds.end(), pending.begin(), pending.end());
  }
  move_beside_switches(&kinds);
  return kinds;
}

void add_traced_rows(const std::vector<Column>& columns, Table* table) {
  const bool any = std::any_of(columns.begin(), columns.end(), [](const Column& column) {
    return column.any()->traced.has_value();
  });
  if (!any) return;
  table->rows.push_back({"recorded, per operation", {}, Tone::kFaint});
  for (const TracedFigure* kind : traced_kinds(columns)) {
    table->rows.push_back(make_row(columns, label_of(kind->name), Tone::kPlain,
                                   [&](const Column& each) { return traced_cell(each, *kind); }));
  }
  table->rows.push_back(
      make_row(columns, "time while recorded", Tone::kPlain, [](const Column& each) -> Cell {
        const auto& traced = each.any()->traced;
        return traced ? Cell{format_ns(traced->time_per_operation_ns)} : nothing();
      }));
  table->rows.push_back(make_row(columns, "  added to untraced", Tone::kPlain, effect_cell));
  table->rows.push_back(make_row(columns, "  by the events' cost", Tone::kFaint, expected_cell));
}

// The same cells with another number of units.
void add_other_sets(const Document& document, std::size_t index, const std::vector<Column>& columns,
                    Table* table) {
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    const ScenarioResult& set = document.scenarios[i];
    if (set.label.empty() || set.name != document.scenarios[index].name) continue;
    table->rows.push_back(
        make_row(columns, "time, unpinned, " + set.label, Tone::kPlain, [&](const Column& each) {
          return figure_cell(
              find_cell(document, i, each.any()->model, each.any()->variant, Placement::kUnpinned),
              kTime);
        }));
  }
}

void add_hardware_rows(const std::vector<Column>& columns, Table* table) {
  const auto counted = std::find_if(columns.begin(), columns.end(), [](const Column& column) {
    return !column.any()->hardware.empty();
  });
  if (counted == columns.end()) return;
  for (const HardwareFigure& kind : counted->any()->hardware) {
    table->rows.push_back(
        make_row(columns, label_of(kind.name), Tone::kPlain, [&](const Column& each) -> Cell {
          for (const HardwareFigure& figure : each.any()->hardware) {
            if (figure.name == kind.name && figure.value) return {format_number(*figure.value)};
          }
          return nothing();
        }));
  }
}

}  // namespace

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

Table scenario_table(const Document& document, std::size_t index,
                     const std::vector<Column>& columns) {
  Table table;
  for (const Column& column : columns) {
    table.columns.push_back({column.any()->model, column.any()->variant});
  }
  if (!document.scenarios[index].counted_once) {
    add_time_rows(columns, Placement::kPinned, &table);
    add_time_rows(columns, Placement::kUnpinned, &table);
    add_other_sets(document, index, columns, &table);
    add_figure_rows(columns, kCpuTime, &table);
  }
  for (const std::string& name : other_figures(columns)) add_figure_rows(columns, name, &table);
  add_hardware_rows(columns, &table);
  add_traced_rows(columns, &table);
  return table;
}

std::string parameter_words(const ScenarioResult& scenario) {
  std::string parameters;
  for (const auto& [key, value] : scenario.parameters) {
    parameters += fmt::format("{}{}={}", parameters.empty() ? "" : " ", key, value);
  }
  return parameters;
}

// The cells of a scenario share a recording, so they lost the same.
std::string lost_words(const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    const auto& traced = column.any()->traced;
    if (!traced || traced->complete()) continue;
    return fmt::format(
        "the recording lost {} of its records: counts with {} are lower "
        "bounds, and are taken to explain nothing",
        format_count(traced->lost), kAtLeast);
  }
  return {};
}

}  // namespace triptych::compare
