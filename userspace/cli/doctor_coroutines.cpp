// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_coroutines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace triptych::cli {
namespace {

using record::SurveyedFile;

// "34 of 0.4 us"
std::string places_of(const SurveyedFile& file) {
  std::string text;
  if (file.cheap != 0) text = fmt::format("{} of 0.4 us", format_count(file.cheap));
  if (file.dear != 0) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} of 14 us", format_count(file.dear));
  }
  return text.empty() ? "none" : text;
}

std::string remarks_on(const SurveyedFile& file) {
  std::string text;
  if (file.not_understood != 0) {
    text = fmt::format("{} more have no place to probe; ", format_count(file.not_understood));
  }
  if (file.shared) text += "other processes have the file mapped and would pay, too; ";
  return text + "not seen: " + file.invisible;
}

}  // namespace

report::Section coroutines_of_program(const std::vector<SurveyedFile>& files) {
  report::Section section("Coroutines", "what could be seen of them, by --coroutines WAY");
  if (files.empty()) {
    section.blocks.emplace_back(report::Paragraph{
        "No coroutines of a kind that is known were found, and no markers of any."});
    return section;
  }
  report::Table table;
  table.columns = {{"way", true}, {"file", true}, {"what", true}, {"functions"}, {"places", true}};
  for (const SurveyedFile& file : files) {
    report::Row row;
    const bool probes = file.way.starts_with("uprobe:");
    row.cells = {file.way.empty() ? "none" : file.way, escape(file.path), file.coroutines,
                 probes && file.functions != 0 ? format_count(file.functions) : "-",
                 probes || file.way == "usdt" ? places_of(file) : "-"};
    row.detail = remarks_on(file);
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

nlohmann::ordered_json coroutines_as_json(const std::vector<SurveyedFile>& files) {
  auto json = nlohmann::ordered_json::array();
  for (const SurveyedFile& file : files) {
    json.push_back(
        {{"file", file.path},
         {"way", file.way.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(file.way)},
         {"functions", file.functions},
         {"places", file.cheap + file.dear},
         {"places_single_stepped", file.dear},
         {"functions_not_understood", file.not_understood},
         {"mapped_by_others", file.shared},
         {"not_seen", file.invisible}});
  }
  return json;
}

}  // namespace triptych::cli
