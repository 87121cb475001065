// SPDX-License-Identifier: Apache-2.0
#include "compare/figures.hpp"

#include <algorithm>

#include "compare/scaling.hpp"
#include "stats/bootstrap.hpp"

namespace triptych::compare {
namespace {

// Of one table's row: where each cell's figure is, the reference's first.
struct Row {
  std::vector<Figure*> figures;
  bool has_reference = false;
};

Figure* find(CellResult& cell, const std::string& name) {
  for (Figure& figure : cell.figures) {
    if (figure.name == name) return &figure;
  }
  return nullptr;
}

bool decidable(const Figure& figure) {
  return is_cost(figure) && figure.values.size() > 1;
}

// The rows of the table of one scenario and placement.
std::vector<Row> rows_of(std::vector<CellResult*> cells, const CellResult* reference) {
  std::stable_partition(cells.begin(), cells.end(),
                        [reference](const CellResult* cell) { return cell == reference; });
  std::vector<std::string> names;
  for (const CellResult* cell : cells) {
    for (const Figure& figure : cell->figures) {
      const bool known = std::find(names.begin(), names.end(), figure.name) != names.end();
      if (!known && decidable(figure)) names.push_back(figure.name);
    }
  }
  std::vector<Row> rows;
  for (const std::string& name : names) {
    Row row;
    for (CellResult* cell : cells) {
      Figure* figure = find(*cell, name);
      if (figure == nullptr || !decidable(*figure)) continue;
      if (cell == reference) row.has_reference = true;
      row.figures.push_back(figure);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> all_rows(Document& document) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
      const CellResult* reference = reference_of(cells_of(document, i, placement));
      std::vector<CellResult*> cells;
      for (CellResult& cell : document.cells) {
        if (cell.scenario == i && cell.placement == placement) cells.push_back(&cell);
      }
      for (Row& row : rows_of(cells, reference)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

using Answered = std::optional<stats::Answer>;

struct Asked {
  std::vector<stats::Question> ratios;
  std::vector<Answered*> of_ratios;  // where the answers go
  void ask(const Figure& figure, const Figure& reference, Answered* answer) {
    ratios.push_back({figure.values, reference.values});
    of_ratios.push_back(answer);
  }
  std::vector<stats::BestQuestion> best;
  std::vector<Figure*> of_best;
};

void ask_placements(Document& document, Asked* asked) {
  for (CellResult& cell : document.cells) {
    Figure* time = find(cell, kTime);
    if (cell.placement == Placement::kPinned || time == nullptr || !decidable(*time)) continue;
    const CellResult* pinned =
        find_cell(document, cell.scenario, cell.model, cell.variant, Placement::kPinned);
    const Figure* reference = pinned == nullptr ? nullptr : pinned->figure(kTime);
    if (reference != nullptr) asked->ask(*time, *reference, &time->against_pinned);
  }
}

void ask_units(Document& document, Asked* asked) {
  for (CellResult& cell : document.cells) {
    Figure* time = find(cell, kTime);
    const std::optional<std::size_t> alone = set_of_one_unit(document, cell.scenario);
    if (cell.placement == Placement::kPinned || time == nullptr || !decidable(*time)) continue;
    if (!alone || *alone == cell.scenario) continue;
    const CellResult* one_unit =
        find_cell(document, *alone, cell.model, cell.variant, Placement::kUnpinned);
    const Figure* reference = one_unit == nullptr ? nullptr : one_unit->figure(kTime);
    if (reference != nullptr) asked->ask(*time, *reference, &time->against_one_unit);
  }
}

void ask(const Row& row, Asked* asked) {
  if (row.has_reference) {
    for (std::size_t i = 1; i < row.figures.size(); ++i) {
      asked->ask(*row.figures[i], *row.figures[0], &row.figures[i]->against);
    }
  }
  if (row.figures.size() < 2) return;
  Figure* smallest =
      *std::min_element(row.figures.begin(), row.figures.end(),
                        [](const Figure* a, const Figure* b) { return a->median < b->median; });
  stats::BestQuestion question{smallest->values, {}};
  for (const Figure* figure : row.figures) {
    if (figure != smallest) question.others.emplace_back(figure->values);
  }
  asked->best.push_back(std::move(question));
  asked->of_best.push_back(smallest);
}

void add(std::vector<Figure>* figures, const RunMetric& metric) {
  for (Figure& figure : *figures) {
    if (figure.name == metric.name) return figure.values.push_back(metric.value);
  }
  Figure figure;
  figure.name = metric.name;
  figure.unit = metric.unit;
  figure.source = metric.source;
  figure.values.push_back(metric.value);
  figures->push_back(std::move(figure));
}

}  // namespace

bool is_cost(const Figure& figure) {
  return figure.unit == "ns";
}

std::vector<Figure> make_figures(const std::vector<CellRun>& runs, double level,
                                 std::uint32_t resamples, std::uint64_t seed) {
  std::vector<Figure> figures;
  for (const CellRun& run : runs) {
    add(&figures, {kTime, "ns", "CLOCK_MONOTONIC around the operations, in triptych-cell",
                   run.time_per_operation_ns()});
    add(&figures, {kCpuTime, "ns", "getrusage: user and system time of all units",
                   run.cpu_per_operation_ns()});
    for (const RunMetric& metric : run.metrics) add(&figures, metric);
  }
  for (Figure& figure : figures) {
    figure.median = stats::median(figure.values);
    figure.interval = stats::median_interval(figure.values, {level, resamples, seed});
    figure.outliers = stats::outliers(figure.values);
  }
  return figures;
}

void decide(Document& document) {
  Asked asked;
  ask_placements(document, &asked);
  ask_units(document, &asked);
  for (const Row& row : all_rows(document)) ask(row, &asked);
  const stats::Answers answers = stats::decide(asked.ratios, asked.best, document.statistics.rule);
  for (std::size_t i = 0; i < asked.of_ratios.size(); ++i) *asked.of_ratios[i] = answers.ratios[i];
  for (std::size_t i = 0; i < asked.of_best.size(); ++i) asked.of_best[i]->best = answers.best[i];
  document.statistics.hypotheses = asked.ratios.size() + asked.best.size();
}

}  // namespace triptych::compare
