// SPDX-License-Identifier: Apache-2.0
#include "compare/ladder.hpp"

#include <fmt/format.h>

#include <functional>

#include "compare/quantities.hpp"
#include "compare/scaling.hpp"

namespace triptych::compare {
namespace {

std::optional<std::size_t> scenario_named(const Document& document, std::string_view name) {
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (document.scenarios[i].name == name && document.scenarios[i].label.empty()) return i;
  }
  return std::nullopt;
}

// Each model's first cell that could be run, pinned where there is such a one.
std::vector<const CellResult*> firsts(const Document& document, std::string_view name) {
  std::vector<const CellResult*> found;
  const std::optional<std::size_t> scenario = scenario_named(document, name);
  if (!scenario) return found;
  for (const char* model : {"process", "thread", "coroutine"}) {
    const CellResult* first = nullptr;
    for (const CellResult& cell : document.cells) {
      const bool fits = cell.scenario == *scenario && cell.model == model && cell.refused.empty();
      if (fits && first == nullptr) first = &cell;
    }
    if (first != nullptr) found.push_back(first);
  }
  return found;
}

using Say = std::function<std::string(const CellResult&)>;

void add(const Document& document, const char* scenario, const char* question, const Say& say,
         std::vector<Rung>* ladder) {
  std::string answer;
  for (const CellResult* cell : firsts(document, scenario)) {
    const std::string part = say(*cell);
    if (part.empty()) continue;
    answer += fmt::format("{}{} {}", answer.empty() ? "" : ", ", cell->model, part);
  }
  if (!answer.empty()) ladder->push_back({question, std::move(answer)});
}

std::string_view doubt_of(const stats::Answer& answer) {
  if (answer.verdict == stats::Verdict::kNoDifference) return ", no difference";
  return answer.verdict == stats::Verdict::kInconclusive ? ", not proven" : "";
}

std::string time_and_ratio(const CellResult& cell) {
  const Figure* time = cell.figure(kTime);
  if (time == nullptr) return {};
  std::string median = format_ns(time->median);
  if (!time->against || !time->against->ratio) return median;
  return fmt::format("{} ({}{})", median, format_ratio(*time->against->ratio),
                     doubt_of(*time->against));
}

std::string bytes_of(const CellResult& cell, const char* name) {
  const Figure* figure = cell.figure(name);
  return figure == nullptr ? std::string() : format_size(figure->median);
}

std::string copies(const CellResult& cell) {
  if (!cell.traced || !cell.traced->complete()) return {};
  const double count = cell.traced->value("memory_copies");
  if (count == 0) return "none";
  return fmt::format("{} pages copied ({} each)", format_number(count),
                     format_ns(cell.traced->value("memory_copy_time")));
}

std::string address_space(const CellResult& cell) {
  if (!cell.traced || !cell.traced->complete()) return {};
  const double changes = cell.traced->value("address_space_switches");
  if (changes < 0.05) return "one address space for all";
  const double switches =
      cell.traced->value("voluntary_switches") + cell.traced->value("involuntary_switches");
  return fmt::format("an address space each ({} of {} switches change it)", format_number(changes),
                     format_number(switches));
}

std::string proven_speed_up(const ScalingPoint& point) {
  return point.proven ? format_ratio(point.speed_up) : std::string("not proven");
}

void add_parallelism(const Document& document, std::vector<Rung>* ladder) {
  const std::optional<std::size_t> scenario = scenario_named(document, "cpu");
  if (!scenario) return;
  const unsigned cpus = document.environment.usable_cpus;
  if (cpus < 2) {
    ladder->push_back({"parallelism", "cannot be tested on 1 CPU"});
    return;
  }
  std::string answer, last;
  for (const Scaling& scaling : scalings_of(document, *scenario)) {
    if (scaling.model == last || scaling.points.empty()) continue;
    last = scaling.model;
    const ScalingPoint& point = scaling.points.front();
    answer += fmt::format("{}{} {} with {} units", answer.empty() ? "" : ", ", scaling.model,
                          proven_speed_up(point), point.units);
  }
  if (answer.empty()) return;
  ladder->push_back({"parallelism", fmt::format("{} on {} CPUs", answer, cpus)});
}

}  // namespace

std::vector<Rung> make_ladder(const Document& document) {
  std::vector<Rung> ladder;
  add(document, "create", "creation", time_and_ratio, &ladder);
  add(document, "switch", "switch", time_and_ratio, &ladder);
  add(
      document, "idle", "memory a unit",
      [](const CellResult& cell) { return bytes_of(cell, "sum_bytes_per_unit"); }, &ladder);
  add(document, "cow", "copy-on-write", copies, &ladder);
  add_parallelism(document, &ladder);
  add(document, "switch", "isolation", address_space, &ladder);
  return ladder;
}

}  // namespace triptych::compare
