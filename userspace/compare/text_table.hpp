// SPDX-License-Identifier: Apache-2.0
//
// Layout: tables whose columns stand in groups, bars, filled paragraphs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace triptych::compare {

enum class Tone { kPlain, kTitle, kFaint, kGood };

class Page {
 public:
  Page(unsigned width, bool colours) : width_(width < 40 ? 40 : width), colours_(colours) {}

  void line(std::string_view text = {}, Tone tone = Tone::kPlain);
  // Words filled to the width; the first line begins with `first`, the others as far in.
  void filled(std::string_view first, std::string_view text, Tone tone = Tone::kPlain);

  [[nodiscard]] unsigned width() const { return width_; }
  [[nodiscard]] std::string toned(std::string_view text, Tone tone) const;
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  unsigned width_;
  bool colours_;
  std::string text_;
};

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

struct TableRow {
  std::string label;
  std::vector<Cell> cells;  // one a column; empty for a heading
  Tone tone = Tone::kPlain;
};

struct TableColumn {
  std::string group, title;  // columns of one group stand together
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
};

inline constexpr const char* kNothing = "-";
inline constexpr const char* kHardly = "~0";

// Columns that do not fit go below, under the same labels; rows that have nothing for any of them,
// or what counts as nothing, are left out there.
void write_table(Page& page, const Table& table);

struct Bar {
  std::string label, figure;
  double value = 0;  // more than 0
};

// One bar a line; a decade has the same length everywhere.
void write_bars(Page& page, const std::vector<Bar>& bars);

}  // namespace triptych::compare
