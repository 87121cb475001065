// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_coroutines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "probe/attach_plan.hpp"
#include "probe/single_user_probes.hpp"
#include "record/coroutine_limits.hpp"

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

enum class Placing : std::uint8_t { kTogether, kOneByOne, kTooMany, kRefused };

Placing placing_of(const SurveyedFile& file, const probe::Capabilities& capabilities) {
  if (file.program.empty()) return Placing::kTogether;
  const auto way = probe::user_probe_way(capabilities, {std::string(file.program)});
  if (!way) return Placing::kRefused;
  if (*way == probe::UserProbeWay::kTogether) return Placing::kTogether;
  const bool too_many = file.cheap + file.dear > probe::kMostSingleProbes;
  return too_many ? Placing::kTooMany : Placing::kOneByOne;
}

std::string detaching(std::size_t places) {
  return format_duration_ns(places * probe::kSingleDetachNs);
}

std::string about_placing(const SurveyedFile& file, const probe::Capabilities& capabilities) {
  const std::size_t places = file.cheap + file.dear;
  switch (placing_of(file, capabilities)) {
    case Placing::kTogether:
      break;
    case Placing::kOneByOne:
      return fmt::format(
          "this kernel has its probes one by one, and takes about {} to take them "
          "away{}; ",
          detaching(places),
          places > probe::kMostSingleProbesUnasked ? ", so that they have to be asked "
                                                     "for by this name"
                                                   : "");
    case Placing::kTooMany:
      return fmt::format(
          "this kernel has probes one by one, and these would take about {} to take "
          "away: more than {} are refused; ",
          detaching(places), probe::kMostSingleProbes);
    case Placing::kRefused:
      return "this kernel takes no probes in programs; ";
  }
  return {};
}

// Paths and names are long: they stand below the figures.
std::string remarks_on(const SurveyedFile& file, const probe::Capabilities& capabilities) {
  if (file.way.empty()) return fmt::format("{}: {}", escape(file.path), file.invisible);
  std::string text = fmt::format("{}: {}; ", escape(file.path), file.coroutines);
  text += about_placing(file, capabilities);
  if (file.not_understood != 0) {
    text += fmt::format("{} more have no place to probe; ", format_count(file.not_understood));
  }
  if (file.lower_bounds) text += record::lower_bounds_of("it") + "; ";
  if (file.shared) text += "other processes have the file mapped and would pay, too; ";
  return text + "not seen: " + file.invisible;
}

}  // namespace

report::Section coroutines_of_program(const std::vector<SurveyedFile>& files,
                                      const probe::Capabilities& capabilities) {
  report::Section section("Coroutines", "what could be seen of them, by --coroutines WAY");
  if (files.empty()) {
    section.blocks.emplace_back(report::Paragraph{
        "No coroutines of a kind that is known were found, and no markers of any."});
    return section;
  }
  report::Table table;
  table.columns = {{"way", true}, {"functions"}, {"places", true}};
  for (const SurveyedFile& file : files) {
    report::Row row;
    const bool probes = file.way.starts_with("uprobe:");
    row.cells = {file.way.empty() ? "none" : file.way,
                 probes && file.functions != 0 ? format_count(file.functions) : "-",
                 probes || file.way == "usdt" ? places_of(file) : "-"};
    row.detail = remarks_on(file, capabilities);
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

nlohmann::ordered_json coroutines_as_json(const std::vector<SurveyedFile>& files,
                                          const probe::Capabilities& capabilities) {
  auto json = nlohmann::ordered_json::array();
  for (const SurveyedFile& file : files) {
    const Placing placing = placing_of(file, capabilities);
    const bool one_by_one = placing == Placing::kOneByOne || placing == Placing::kTooMany;
    json.push_back(
        {{"file", file.path},
         {"way", file.way.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(file.way)},
         {"functions", file.functions},
         {"places", file.cheap + file.dear},
         {"places_single_stepped", file.dear},
         {"functions_not_understood", file.not_understood},
         {"refused_by_kernel", placing == Placing::kTooMany || placing == Placing::kRefused},
         {"detaching_takes_ns",
          one_by_one ? (file.cheap + file.dear) * probe::kSingleDetachNs : std::uint64_t{0}},
         {"counts_are_lower_bounds", file.lower_bounds},
         {"mapped_by_others", file.shared},
         {"not_seen", file.invisible}});
  }
  return json;
}

}  // namespace triptych::cli
