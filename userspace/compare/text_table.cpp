// SPDX-License-Identifier: Apache-2.0
#include "compare/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace triptych::compare {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;

// Columns of valid UTF-8, one a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string spaces(std::size_t count) {
  return std::string(count, ' ');
}

std::string right(std::string_view text, std::size_t width) {
  return spaces(width - std::min(width, width_of(text))) + std::string(text);
}

std::string left(std::string_view text, std::size_t width) {
  return std::string(text) + spaces(width - std::min(width, width_of(text)));
}

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::size_t width = width_of(table.columns[i].title);
    for (const TableRow& row : table.rows) {
      if (i < row.cells.size()) width = std::max(width, width_of(row.cells[i].text));
    }
    widths.push_back(width);
  }
  // A group's name needs its room.
  for (std::size_t i = 0; i < widths.size();) {
    std::size_t end = i, room = 0;
    for (; end < widths.size() && table.columns[end].group == table.columns[i].group; ++end) {
      room += widths[end] + kGap;
    }
    const std::size_t wanted = width_of(table.columns[i].group) + kGap;
    if (room < wanted) widths[i] += wanted - room;
    i = end;
  }
  return widths;
}

void write_heads(Page& page, const Table& table, const std::vector<std::size_t>& widths,
                 std::size_t from, std::size_t to, std::size_t label_width) {
  std::string groups = spaces(kIndent + label_width);
  std::string titles = groups;
  for (std::size_t i = from; i < to;) {
    std::size_t end = i, room = 0;
    for (; end < to && table.columns[end].group == table.columns[i].group; ++end) {
      room += widths[end] + kGap;
      titles += spaces(kGap) + right(table.columns[end].title, widths[end]);
    }
    // The name to the right, a rule over the group's other columns.
    const std::string& name = table.columns[i].group;
    const std::size_t rule = room - kGap - std::min(room - kGap, width_of(name));
    groups += spaces(kGap);
    for (std::size_t k = 0; k + 1 < rule; ++k) groups += "─";
    groups += (rule > 0 ? " " : "") + name;
    i = end;
  }
  page.line(groups, Tone::kFaint);
  page.line(titles, Tone::kFaint);
}

bool has_something(const TableRow& row, std::size_t from, std::size_t to) {
  if (row.cells.empty()) return true;
  for (std::size_t i = from; i < std::min(to, row.cells.size()); ++i) {
    const std::string& text = row.cells[i].text;
    if (text != kNothing && text != kHardly && text != "0") return true;
  }
  return false;
}

}  // namespace

std::string Page::toned(std::string_view text, Tone tone) const {
  if (!colours_ || tone == Tone::kPlain || text.empty()) return std::string(text);
  const char* code = tone == Tone::kTitle ? "1" : tone == Tone::kFaint ? "2" : "32";
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

void Page::line(std::string_view text, Tone tone) {
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == ' ') --end;
  text_ += toned(text.substr(0, end), tone) + "\n";
}

void Page::filled(std::string_view first, std::string_view text, Tone tone) {
  const std::string further = spaces(width_of(first));
  std::string current(first);
  bool empty = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!empty && width_of(current) + 1 + width_of(word) > width_) {
      line(current, tone);
      current = further;
      empty = true;
    }
    if (!empty) current += ' ';
    current += word;
    empty = false;
  }
  if (!empty) line(current, tone);
}

void write_table(Page& page, const Table& table) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::size_t label_width = 0;
  for (const TableRow& row : table.rows) {
    const bool shown = !row.cells.empty() && has_something(row, 0, row.cells.size());
    if (shown) label_width = std::max(label_width, width_of(row.label));
  }
  for (std::size_t from = 0; from < table.columns.size();) {
    std::size_t to = from;
    std::size_t used = kIndent + label_width;
    while (to < widths.size() && (to == from || used + kGap + widths[to] <= page.width())) {
      used += kGap + widths[to];
      ++to;
    }
    if (from > 0) page.line();
    write_heads(page, table, widths, from, to, label_width);
    for (const TableRow& row : table.rows) {
      if (!has_something(row, from, to)) continue;
      std::string text = spaces(kIndent) + page.toned(left(row.label, label_width), row.tone);
      for (std::size_t i = from; i < std::min(to, row.cells.size()); ++i) {
        const Cell& cell = row.cells[i];
        const std::size_t gap = kGap + widths[i] - std::min(widths[i], width_of(cell.text));
        text +=
            spaces(gap) + page.toned(cell.text, cell.tone == Tone::kPlain ? row.tone : cell.tone);
      }
      page.line(text);
    }
    from = to;
  }
}

void write_bars(Page& page, const std::vector<Bar>& bars) {
  if (bars.empty()) return;
  std::size_t labels = 0, figures = 0;
  double lowest = bars[0].value, highest = bars[0].value;
  for (const Bar& bar : bars) {
    labels = std::max(labels, width_of(bar.label));
    figures = std::max(figures, width_of(bar.figure));
    lowest = std::min(lowest, bar.value);
    highest = std::max(highest, bar.value);
  }
  // A decade below the shortest bar at least: what differs little must not look like ten times.
  const double from = std::floor(std::log10(lowest) - 1 + 1e-9);
  const double decades = std::max(1.0, std::ceil(std::log10(highest) - 1e-9) - from);
  const std::size_t taken = kIndent + labels + figures + 2 * kGap;
  const std::size_t room = page.width() > taken + 10 ? page.width() - taken : 10;
  for (const Bar& bar : bars) {
    const double length = (std::log10(bar.value) - from) / decades * static_cast<double>(room);
    const auto blocks = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length)));
    std::string text = spaces(kIndent) + left(bar.label, labels) + spaces(kGap) +
                       right(bar.figure, figures) + spaces(kGap);
    for (std::size_t i = 0; i < blocks; ++i) text += "█";
    page.line(text);
  }
}

}  // namespace triptych::compare
