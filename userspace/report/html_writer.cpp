// SPDX-License-Identifier: Apache-2.0
//
// A page as HTML. It formats and computes nothing but where on the page a figure stands.
#include "report/html_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "base/text.hpp"
#include "html/chart.hpp"
#include "html/page.hpp"
#include "model/event.hpp"
#include "report/html_tree.hpp"
#include "report/text_writer.hpp"

namespace triptych::report {
namespace {

using html::Markup;

const char* class_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "plain";
    case Tone::kFaint:
      return "faint";
    case Tone::kGood:
      return "good";
    case Tone::kWarning:
      return "warning";
    case Tone::kBad:
      return "bad";
  }
  return "plain";
}

// The figure itself, for programs and for sorting; none where there is none.
std::optional<std::string> number_of(const Value& value) {
  return std::visit(
      model::Overloaded{
          [](const Count& it) { return std::optional(fmt::format("{}", it.value)); },
          [](const Difference& it) { return std::optional(fmt::format("{}", it.value)); },
          [](const Duration& it) { return std::optional(fmt::format("{}", it.ns)); },
          [](const Bytes& it) { return std::optional(fmt::format("{}", it.value)); },
          [](const Moment& it) { return std::optional(fmt::format("{}", it.ns)); },
          [](const auto&) { return std::optional<std::string>(); },
      },
      value);
}

bool is_absent(const Value& value) {
  return std::holds_alternative<Unknown>(value) || std::holds_alternative<NotAvailable>(value);
}

void write_value(Markup& page, const Value& value) {
  const std::optional<std::string> number = number_of(value);
  if (number) {
    page.leaf("data", format_value(value), {{"value", *number}});
  } else if (is_absent(value)) {
    page.leaf("span", format_value(value), {{"class", "absent"}});
  } else {
    page.text(format_value(value));
  }
}

std::string states_words(const StateTimes& times) {
  std::string words;
  for (std::size_t i = 0; i < kTaskStates; ++i) {
    if (times[i] == 0) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", words_of(static_cast<TaskState>(i)),
                         format_duration_ns(times[i]));
  }
  return words.empty() ? "no time" : words;
}

void write_states(Markup& page, const StateTimes& times) {
  const double whole = std::accumulate(times.begin(), times.end(), 0.0);
  std::vector<html::Part> parts;
  for (std::size_t i = 0; i < kTaskStates; ++i) {
    const double share = whole > 0 ? static_cast<double>(times[i]) / whole : 0;
    parts.push_back({class_of(static_cast<TaskState>(i)), share});
  }
  html::write_stack(page, parts, states_words(times));
}

class HtmlWriter {
 public:
  explicit HtmlWriter(const Page& page) : page_(page) { find_tasks(); }

  std::string write();

 private:
  void find_tasks();
  void head();
  void verdicts();
  void section(const PageSection& section);
  void block(const Paragraph& paragraph);
  void block(const Fields& fields);
  void block(const Table& table);
  void block(const Bars& bars);
  void block(const Tree& tree) { write_tree(out_, tree, in_tables_); }
  void block(const StateBar& bar);
  void block(const BarsGroup& group);
  void block(const TimeLine& line) { write_time_line(out_, line); }
  void block(const FlameGraph& graph) { write_flame_graph(out_, graph); }
  void table_head(const Table& table, bool states);
  void table_row(const Table& table, const Row& row, bool states);
  void cell(const Column& column, const Value& value, std::uint32_t task);

  const Page& page_;
  Markup out_;
  std::unordered_set<std::uint32_t> in_tree_, in_tables_;
};

void HtmlWriter::find_tasks() {
  for (const PageSection& section : page_.sections) {
    for (const PageBlock& each : section.blocks) {
      if (const auto* tree = std::get_if<Tree>(&each)) {
        for (const TreeLine& line : tree->lines) in_tree_.insert(line.task);
      } else if (const auto* table = std::get_if<Table>(&each)) {
        for (const Row& row : table->rows) in_tables_.insert(row.task);
      }
    }
  }
}

std::string HtmlWriter::write() {
  html::begin_page(out_, page_.title, page_.words.empty() ? page_.title : page_.words[0].text);
  std::vector<html::Chapter> chapters = {{"summary", "Summary"}};
  for (const PageSection& each : page_.sections) chapters.push_back({each.id, each.title});
  html::write_contents(out_, chapters);
  out_.open("main");
  head();
  for (const PageSection& each : page_.sections) section(each);
  out_.close();
  html::end_page(out_, page_.made_by);
  return out_.take();
}

void HtmlWriter::head() {
  out_.open("header", {{"id", "summary"}});
  out_.leaf("p", "triptych report", {{"class", "brand"}});
  out_.leaf("h1", page_.subject);
  out_.open("div", {{"class", "words"}});
  for (const Paragraph& each : page_.words) block(each);
  out_.close();
  out_.open("dl", {{"class", "facts"}});
  for (const Field& fact : page_.facts.fields) {
    out_.open("div");
    out_.leaf("dt", fact.name);
    out_.open("dd");
    write_value(out_, fact.value);
    if (!fact.note.empty()) out_.leaf("small", fact.note);
    out_.close();
    out_.close();
  }
  out_.close();
  out_.open("div", {{"class", "verdicts"}});
  for (const Paragraph& each : page_.verdicts) block(each);
  out_.close();
  block(page_.context);
  out_.close();
}

void HtmlWriter::section(const PageSection& section) {
  html::begin_chapter(out_, {section.id, section.title}, section.hint);
  for (const PageBlock& each : section.blocks) {
    std::visit([this](const auto& inner) { block(inner); }, each);
  }
  html::end_chapter(out_);
}

void HtmlWriter::block(const Paragraph& paragraph) {
  out_.leaf("p", paragraph.text, {{"class", class_of(paragraph.tone)}});
}

void HtmlWriter::block(const Fields& fields) {
  out_.open("div", {{"class", "scroll"}});
  out_.open("table", {{"class", "fields"}});
  out_.open("tbody");
  for (const Field& field : fields.fields) {
    const bool words = std::holds_alternative<std::string>(field.value);
    out_.open("tr");
    out_.leaf("th", field.name, {{"scope", "row"}});
    if (words) {
      out_.open("td", {{"colspan", "2"}});
      write_value(out_, field.value);
      if (!field.note.empty()) out_.text(" " + field.note);
      out_.close();
    } else {
      out_.open("td", {{"class", "number"}});
      write_value(out_, field.value);
      out_.close();
      out_.leaf("td", field.note, {{"class", "note"}});
    }
    out_.close();
  }
  out_.close();
  out_.close();
  out_.close();
}

void HtmlWriter::table_head(const Table& table, bool states) {
  out_.open("thead");
  out_.open("tr");
  for (const Column& column : table.columns) {
    out_.leaf("th", column.title, {{"scope", "col"}, {"class", column.left ? "left" : "number"}});
  }
  if (states) out_.leaf("th", "its time", {{"scope", "col"}, {"class", "states"}});
  out_.close();
  out_.close();
}

void HtmlWriter::cell(const Column& column, const Value& value, std::uint32_t task) {
  out_.open("td", {{"class", column.left ? "left" : "number"}});
  if (task != 0 && in_tree_.count(task) != 0) {
    out_.leaf("a", format_value(value), {{"href", "#" + anchor("tree", task)}});
  } else {
    write_value(out_, value);
  }
  out_.close();
}

void HtmlWriter::table_row(const Table& table, const Row& row, bool states) {
  const std::string columns = fmt::format("{}", table.columns.size() + (states ? 1 : 0));
  if (row.task != 0) {
    out_.open("tbody", {{"id", anchor("task", row.task)}, {"class", class_of(row.tone)}});
  } else {
    out_.open("tbody", {{"class", class_of(row.tone)}});
  }
  out_.open("tr");
  if (!row.heading.empty()) {
    out_.leaf("th", row.heading,
              {{"class", "heading"}, {"scope", "rowgroup"}, {"colspan", columns}});
  }
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    cell(table.columns[i], row.cells[i], i == 0 ? row.task : 0);
  }
  if (row.states) {
    out_.open("td", {{"class", "states"}});
    write_states(out_, *row.states);
    out_.close();
  }
  out_.close();
  if (!row.detail.empty()) {
    out_.open("tr", {{"class", "detail"}});
    out_.leaf("td", row.detail, {{"colspan", columns}});
    out_.close();
  }
  out_.close();
}

void HtmlWriter::block(const Table& table) {
  if (!table.rows.empty()) {
    const auto any = [&table](const auto& has) {
      return std::any_of(table.rows.begin(), table.rows.end(), has);
    };
    const bool states = any([](const Row& row) { return row.states.has_value(); });
    const bool headings = any([](const Row& row) { return !row.heading.empty(); });
    const bool sorts = !headings && table.rows.size() > 1;
    out_.open("div", {{"class", "scroll"}});
    out_.open("table", {{"class", sorts ? "rows sorts" : "rows"}});
    table_head(table, states);
    for (const Row& row : table.rows) table_row(table, row, states);
    out_.close();
    out_.close();
  }
  if (!table.more.empty()) out_.leaf("p", table.more, {{"class", "faint"}});
}

void HtmlWriter::block(const Bars& bars) {
  std::uint64_t most = 1;
  for (const Bar& bar : bars.bars) most = std::max(most, bar.count);
  out_.open("figure", {{"class", "bars"}});
  out_.leaf("figcaption", bars.title);
  out_.leaf("p", bars.figures, {{"class", "hint"}});
  out_.open("table");
  out_.open("tbody");
  for (const Bar& bar : bars.bars) {
    out_.open("tr");
    if (bar.from_ns == bar.to_ns) {
      out_.leaf("th", "…", {{"colspan", "3"}});
      out_.close();
      continue;
    }
    out_.leaf(
        "th",
        fmt::format("{} – {}", format_duration_ns(bar.from_ns), format_duration_ns(bar.to_ns)),
        {{"scope", "row"}});
    out_.open("td", {{"class", "number"}});
    write_value(out_, Count{bar.count});
    out_.close();
    out_.open("td", {{"class", "drawn"}});
    html::write_bar(out_, static_cast<double>(bar.count) / static_cast<double>(most));
    out_.close();
    out_.close();
  }
  out_.close();
  out_.close();
  out_.close();
}

void HtmlWriter::block(const StateBar& bar) {
  out_.open("figure", {{"class", "states"}});
  write_states(out_, bar.times);
  out_.open("figcaption");
  for (std::size_t i = 0; i < kTaskStates; ++i) {
    const auto state = static_cast<TaskState>(i);
    if (bar.times[i] == 0) continue;
    html::write_key(out_, class_of(state),
                    fmt::format("{} {}", words_of(state), format_duration_ns(bar.times[i])));
  }
  out_.close();
  out_.close();
}

void HtmlWriter::block(const BarsGroup& group) {
  out_.open("div", {{"class", "group"}});
  for (const Bars& each : group.members) block(each);
  out_.close();
}

}  // namespace

const char* class_of(TaskState state) {
  switch (state) {
    case TaskState::kRunning:
      return "running";
    case TaskState::kRunnable:
      return "runnable";
    case TaskState::kBlocked:
      return "blocked";
    case TaskState::kUnknown:
      return "unknown";
  }
  return "unknown";
}

const char* words_of(TaskState state) {
  return state == TaskState::kRunning ? "on CPU" : class_of(state);
}

std::string anchor(const char* place, std::uint32_t task) {
  return fmt::format("{}-{}", place, task);
}

std::string write_html(const Page& page) {
  return HtmlWriter(page).write();
}

}  // namespace triptych::report
