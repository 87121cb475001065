// SPDX-License-Identifier: Apache-2.0
#include "compare/text_scenario.hpp"

#include <fmt/format.h>

#include "compare/quantities.hpp"
#include "compare/scenario_table.hpp"

namespace triptych::compare {
namespace {

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

}  // namespace

void write_scenario(Page& page, const Document& document, std::size_t index) {
  const ScenarioResult& scenario = document.scenarios[index];
  const std::vector<Column> columns = columns_of(document, index);
  page.line();
  page.filled("", fmt::format("{}: {}", scenario.name, scenario.operation), Tone::kTitle);
  page.filled("  ", "different: " + scenario.different);
  const std::string parameters = parameter_words(scenario);
  if (!parameters.empty()) page.filled("  ", parameters, Tone::kFaint);
  if (columns.empty()) return;
  page.line();
  write_table(page, scenario_table(document, index, columns));
  if (!scenario.counted_once) {
    const bool pinned = columns.front().pinned != nullptr;
    write_time_bars(page, columns, pinned ? Placement::kPinned : Placement::kUnpinned);
  }
  for (const Column& column : columns) {
    if (column.any()->refused.empty()) continue;
    page.filled("  ! ", fmt::format("{}: {}", column.any()->title(), column.any()->refused));
  }
  const std::string lost = lost_words(columns);
  if (!lost.empty()) page.filled("  ! ", lost);
  if (!scenario.explanations.empty() || !scenario.remarks.empty()) page.line();
  for (const std::string& text : scenario.explanations) page.filled("  > ", text);
  for (const std::string& text : scenario.remarks) page.filled("  ! ", text);
}

}  // namespace triptych::compare
