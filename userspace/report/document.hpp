// SPDX-License-Identifier: Apache-2.0
//
// A report before it has a form: sections of tables, trees, bars and sentences with typed values.
// The builders (build_*.cpp) decide what is said, writers how it looks; neither knows the other.
// All text in a document is safe to show: the builders have escaped what the target chose.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace triptych::report {

struct Unknown {};       // the events do not prove it
struct NotAvailable {};  // this recording does not have it: another mode, hook or --events would
struct Count {
  std::uint64_t value = 0;
};
struct Difference {
  std::int64_t value = 0;  // shown with its sign
};
struct Duration {
  std::uint64_t ns = 0;
};
struct Bytes {
  std::uint64_t value = 0;
};
struct Moment {
  std::uint64_t ns = 0;  // since the beginning of the reported time
};
using Value =
    std::variant<Unknown, NotAvailable, std::string, Count, Difference, Duration, Bytes, Moment>;

enum class Tone : std::uint8_t { kPlain, kFaint, kGood, kWarning, kBad };

// A sentence or more; filled to the width.
struct Paragraph {
  std::string text;
  Tone tone = Tone::kPlain;
};

// Names with values, and what is to be said about them.
struct Field {
  std::string name;
  Value value;
  std::string note;
};
struct Fields {
  std::vector<Field> fields;
};

// What a task, or several, did: nanoseconds of each state.
enum class TaskState : std::uint8_t { kRunning, kRunnable, kBlocked, kUnknown };
inline constexpr std::size_t kTaskStates = 4;
using StateTimes = std::array<std::uint64_t, kTaskStates>;

struct Column {
  std::string title;
  bool left = false;  // aligned to the left: words; numbers go to the right
};
struct Row {
  std::vector<Value> cells;  // may be fewer than columns
  std::string heading;       // not empty: the row is this text alone
  std::string detail;        // a line of its own below the row
  Tone tone = Tone::kPlain;
  std::uint32_t task = 0;              // serial of the one that the row is about; 0: of none
  std::optional<StateTimes> states{};  // its time, to be drawn where there is room
};
struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::string more;  // what was left out: "… and 12 more tasks"
};

// How durations are spread: one bar an octave. A bar with from_ns == to_ns stands for empty ones.
struct Bar {
  std::uint64_t from_ns = 0, to_ns = 0, count = 0;
};
struct Bars {
  std::string title;
  std::string figures;
  std::vector<Bar> bars;
};

struct TreeLine {
  std::uint32_t depth = 0;    // 0 is a root; at most kDeepest
  std::uint32_t rails = 0;    // bit d: an ancestor at depth d has more children below this line
  bool last = true;           // of its siblings
  bool detail = false;        // says more about the line above
  bool has_children = false;  // for details: the rail goes on to them
  std::string text;
  Tone tone = Tone::kPlain;
  std::uint32_t task = 0;  // serial of the one that the line is about; 0: of none
  static constexpr std::uint32_t kDeepest = 16;
};
struct Tree {
  std::vector<TreeLine> lines;
  std::string more;
};

using Block = std::variant<Paragraph, Fields, Table, Bars, Tree>;

struct Section {
  Section() = default;
  Section(std::string title_text, std::string hint_text)
      : title(std::move(title_text)), hint(std::move(hint_text)) {}

  std::string title;  // may be empty: the first section is the context of all others
  std::string hint;   // how to read it
  std::vector<Block> blocks;
};

struct Document {
  std::string title;
  std::vector<Section> sections;
};

}  // namespace triptych::report
