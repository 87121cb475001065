// SPDX-License-Identifier: Apache-2.0
#include "compare/html.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "compare/circumstances.hpp"
#include "compare/quantities.hpp"
#include "html/page.hpp"

namespace triptych::compare {
namespace {

using html::Markup;

// Scenarios with their main parameters; others appear in the tables of these.
std::vector<std::size_t> shown_scenarios(const Document& document) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (document.scenarios[i].label.empty()) shown.push_back(i);
  }
  return shown;
}

std::string id_of(std::size_t scenario) {
  return fmt::format("scenario-{}", scenario);
}

void write_ladder(Markup& page, const Document& document) {
  if (document.ladder.empty()) return;
  page.open("table", {{"class", "ladder"}});
  page.open("tbody");
  for (const Rung& rung : document.ladder) {
    page.open("tr");
    page.leaf("th", rung.question, {{"scope", "row"}});
    page.leaf("td", rung.answer);
    page.close();
  }
  page.close();
  page.close();
}

void write_circumstances(Markup& page, const Document& document) {
  page.open("div", {{"class", "scroll"}});
  page.open("table", {{"class", "fields"}});
  page.open("tbody");
  for (const Circumstance& each : circumstances_of(document)) {
    page.open("tr");
    page.leaf("th", each.name, {{"scope", "row"}});
    page.leaf("td", each.what);
    page.close();
  }
  page.close();
  page.close();
  page.close();
}

void write_head(Markup& page, const Document& document) {
  page.open("header", {{"id", "summary"}});
  page.leaf("p", "triptych compare", {{"class", "brand"}});
  page.leaf("h1", "The same work in processes, threads and coroutines");
  page.open("div", {{"class", "words"}});
  page.leaf("p", fmt::format("{} of {}, each a process of its own, in {}.",
                             counted(document.repetitions, "repetition", "repetitions"),
                             counted(document.cells.size(), "cell", "cells"),
                             format_ns(static_cast<double>(document.elapsed_ns))));
  page.close();
  write_ladder(page, document);
  write_circumstances(page, document);
  page.close();
}

// Columns of one group stand together.
void write_table_head(Markup& page, const Table& table) {
  page.open("thead");
  page.open("tr");
  page.leaf("th", "");
  for (std::size_t i = 0; i < table.columns.size();) {
    std::size_t end = i;
    while (end < table.columns.size() && table.columns[end].group == table.columns[i].group) ++end;
    page.leaf(
        "th", table.columns[i].group,
        {{"scope", "colgroup"}, {"class", "group-head"}, {"colspan", fmt::format("{}", end - i)}});
    i = end;
  }
  page.close();
  page.open("tr");
  page.leaf("th", "");
  for (const TableColumn& column : table.columns) {
    page.leaf("th", column.title, {{"scope", "col"}, {"class", "number"}});
  }
  page.close();
  page.close();
}

const char* class_of(Tone tone) {
  if (tone == Tone::kFaint) return "number faint";
  return tone == Tone::kGood ? "number good" : "number";
}

void write_rows(Markup& page, const Table& table) {
  page.open("tbody");
  for (const TableRow& row : table.rows) {
    page.open("tr");
    if (row.cells.empty()) {
      page.leaf("th", row.label,
                {{"class", "part"},
                 {"scope", "rowgroup"},
                 {"colspan", fmt::format("{}", table.columns.size() + 1)}});
    } else {
      page.leaf("th", row.label,
                {{"scope", "row"}, {"class", row.tone == Tone::kFaint ? "faint" : "plain"}});
    }
    for (const Cell& cell : row.cells) page.leaf("td", cell.text, {{"class", class_of(cell.tone)}});
    page.close();
  }
  page.close();
}

void write_explanations(Markup& page, const ScenarioResult& scenario) {
  if (!scenario.explanations.empty()) {
    page.leaf("h3", "Why");
    page.open("ul", {{"class", "why"}});
    for (const std::string& text : scenario.explanations) page.leaf("li", text);
    page.close();
  }
  for (const std::string& text : scenario.remarks) page.leaf("p", text, {{"class", "warning"}});
}

void write_scenario(Markup& page, const Document& document, std::size_t index) {
  const ScenarioResult& scenario = document.scenarios[index];
  const std::vector<Column> columns = columns_of(document, index);
  html::begin_chapter(page, {id_of(index), scenario.name}, scenario.operation);
  page.leaf("p", "Alike: " + scenario.alike);
  page.leaf("p", "Different: " + scenario.different);
  const std::string parameters = parameter_words(scenario);
  if (!parameters.empty()) page.leaf("p", parameters, {{"class", "faint"}});
  if (!columns.empty()) {
    if (!scenario.counted_once) write_plot(page, columns);
    const Table table = scenario_table(document, index, columns);
    page.open("div", {{"class", "scroll"}});
    page.open("table", {{"class", "rows"}});
    write_table_head(page, table);
    write_rows(page, table);
    page.close();
    page.close();
  }
  for (const Column& column : columns) {
    if (column.any()->refused.empty()) continue;
    page.leaf("p", fmt::format("{}: {}", column.any()->title(), column.any()->refused),
              {{"class", "warning"}});
  }
  const std::string lost = lost_words(columns);
  if (!lost.empty()) page.leaf("p", lost, {{"class", "warning"}});
  write_explanations(page, scenario);
  html::end_chapter(page);
}

void write_reproduction(Markup& page, const Document& document) {
  html::begin_chapter(page, {"again", "How to do it again"},
                      "The same version on the same machine, with nothing else running. Two "
                      "comparisons saved as JSON are held against each other by triptych diff.");
  std::string command;
  for (const std::string& word : document.command_line) {
    command += (command.empty() ? "" : " ") + quote(word);
  }
  page.leaf("pre", command);
  page.open("table", {{"class", "fields"}});
  page.open("tbody");
  const auto add = [&page](const char* name, const std::string& what) {
    page.open("tr");
    page.leaf("th", name, {{"scope", "row"}});
    page.leaf("td", what);
    page.close();
  };
  add("triptych", document.tool_version);
  add("started", document.started);
  add("effort", fmt::format("{}, {}", document.effort,
                            counted(document.repetitions, "repetition", "repetitions")));
  add("pinned cells", fmt::format("on CPU {}", document.pinned_cpu));
  add("kernel",
      fmt::format("{} {}", document.environment.machine.kernel, document.environment.build));
  add("resampling",
      fmt::format("{} resamples, seed {}", format_count(document.statistics.resamples),
                  document.statistics.seed));
  for (const std::string& each : document.environment.mitigations) add("mitigation", each);
  page.close();
  page.close();
  html::end_chapter(page);
}

}  // namespace

std::string write_html(const Document& document) {
  Markup page;
  html::begin_page(page, "triptych compare",
                   "The same work in processes, threads and coroutines, measured side by side");
  std::vector<html::Chapter> chapters = {{"summary", "In short"}};
  for (const std::size_t index : shown_scenarios(document)) {
    chapters.push_back({id_of(index), document.scenarios[index].name});
  }
  chapters.push_back({"again", "How to do it again"});
  html::write_contents(page, chapters);
  page.open("main");
  write_head(page, document);
  for (const std::size_t index : shown_scenarios(document)) write_scenario(page, document, index);
  page.leaf("p", kSigns, {{"class", "hint"}});
  write_reproduction(page, document);
  page.close();
  html::end_page(page, "triptych compare --format html, " + document.tool_version);
  return page.take();
}

}  // namespace triptych::compare
