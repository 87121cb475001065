// SPDX-License-Identifier: Apache-2.0
#include "report/text_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "model/event.hpp"

namespace triptych::report {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::string_view kGap = "  ";  // between columns
constexpr std::size_t kBarWidth = 40;
constexpr std::size_t kNarrowest = 20;  // column in which it is worth to break lines

class TextWriter {
 public:
  explicit TextWriter(const TextStyle& style) : style_(style) {}

  std::string write(const Document& document);

 private:
  void section(const Section& section);
  void block(const Paragraph& paragraph);
  void block(const Fields& fields);
  void block(const Table& table);
  void block(const Bars& bars);
  void block(const Tree& tree);

  void table_line(const Table& table, const std::vector<std::size_t>& widths,
                  const std::vector<std::string>& cells, Tone tone);
  void line(std::string_view indent, std::string_view text, Tone tone = Tone::kPlain);
  void filled(std::string_view first_indent, std::string_view indent, std::string_view text,
              Tone tone);
  std::string coloured(std::string_view text, Tone tone) const;

  TextStyle style_;
  std::string out_;
};

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kFaint:
      return "\033[2m";
    case Tone::kGood:
      return "\033[32m";
    case Tone::kWarning:
      return "\033[33m";
    case Tone::kBad:
      return "\033[1;31m";
  }
  return "";
}

std::string TextWriter::coloured(std::string_view text, Tone tone) const {
  const std::string_view colour = style_.colours ? colour_of(tone) : std::string_view();
  if (colour.empty() || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", colour, text);
}

void TextWriter::line(std::string_view indent, std::string_view text, Tone tone) {
  const std::size_t end = text.find_last_not_of(' ');
  text = end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
  if (!text.empty()) {
    out_ += indent;
    out_ += coloured(text, tone);
  }
  out_ += '\n';
}

// "17", "(3.2"
bool is_number(std::string_view word) {
  const std::size_t first = word.find_first_not_of("(+-–~");
  return first != std::string_view::npos && word[first] >= '0' && word[first] <= '9' &&
         word.find_first_not_of("0123456789.,", first) == std::string_view::npos &&
         word.back() != ',' && word.back() != '.';
}

bool is_unit(std::string_view word) {
  static constexpr std::string_view kUnits[] = {"ns",  "us",  "ms",  "s",   "B",   "KiB",
                                                "MiB", "GiB", "TiB", "PiB", "EiB", "%"};
  word = word.substr(0, word.find_last_not_of(".,;:)") + 1);
  return std::find(std::begin(kUnits), std::end(kUnits), word) != std::end(kUnits);
}

// Up to where a line may break: at a space, but never between a number and its unit.
std::size_t end_of_unit(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  if (end == text.size() || !is_number(text.substr(0, end))) return end;
  const std::size_t after = std::min(text.find(' ', end + 1), text.size());
  return is_unit(text.substr(end + 1, after - end - 1)) ? after : end;
}

// Breaks `text` at spaces so that the lines fit the width.
void TextWriter::filled(std::string_view first_indent, std::string_view indent,
                        std::string_view text, Tone tone) {
  std::string_view margin = first_indent;
  std::string current;
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t space = end_of_unit(text);
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    const std::size_t word_width = display_width(word);
    if (width > 0 && display_width(margin) + width + 1 + word_width > style_.width) {
      line(margin, current, tone);
      margin = indent;
      current.clear();
      width = 0;
    }
    if (width > 0) current += ' ';
    width += word_width + (width > 0 ? 1 : 0);
    current += word;
  }
  if (!current.empty()) line(margin, current, tone);
}

std::string TextWriter::write(const Document& document) {
  out_ +=
      style_.colours ? fmt::format("\033[1m{}\033[0m\n", document.title) : document.title + "\n";
  for (const Section& each : document.sections) section(each);
  return std::move(out_);
}

void TextWriter::section(const Section& section) {
  out_ += '\n';
  if (!section.title.empty()) {
    out_ +=
        style_.colours ? fmt::format("\033[1m{}\033[0m\n", section.title) : section.title + "\n";
  }
  if (!section.hint.empty()) filled(kIndent, kIndent, section.hint, Tone::kFaint);
  bool first = section.hint.empty();
  for (const Block& each : section.blocks) {
    if (!first) out_ += '\n';
    first = false;
    std::visit([this](const auto& inner) { block(inner); }, each);
  }
}

void TextWriter::block(const Paragraph& paragraph) {
  filled(kIndent, kIndent, paragraph.text, paragraph.tone);
}

void TextWriter::block(const Fields& fields) {
  std::size_t name_width = 0, value_width = 0;
  for (const Field& field : fields.fields) {
    name_width = std::max(name_width, display_width(field.name));
    if (!std::holds_alternative<std::string>(field.value)) {
      value_width = std::max(value_width, display_width(format_value(field.value)));
    }
  }
  for (const Field& field : fields.fields) {
    const std::string value = format_value(field.value);
    const std::size_t name_gap = name_width - display_width(field.name);
    std::string start = fmt::format("{}{}{:{}}{}", kIndent, field.name, "", name_gap, kGap);
    std::string text = value;
    if (!std::holds_alternative<std::string>(field.value)) {
      const std::size_t value_gap = value_width - std::min(value_width, display_width(value));
      start += fmt::format("{:{}}{}", "", value_gap, value);
      if (!field.note.empty()) start += kGap;
      text.clear();
    }
    if (!text.empty() && !field.note.empty()) text += ' ';
    text += field.note;
    if (text.empty()) {
      line("", start);
    } else {
      filled(start, std::string(display_width(start), ' '), text, Tone::kPlain);
    }
  }
}

void TextWriter::block(const Table& table) {
  std::vector<std::size_t> widths;
  for (const Column& column : table.columns) widths.push_back(display_width(column.title));
  for (const Row& row : table.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(format_value(row.cells[i])));
    }
  }
  std::vector<std::string> titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  if (!table.rows.empty()) table_line(table, widths, titles, Tone::kFaint);
  for (const Row& row : table.rows) {
    if (!row.heading.empty()) {
      line(kIndent, row.heading, row.tone);
      continue;
    }
    std::vector<std::string> cells;
    for (const Value& value : row.cells) cells.push_back(format_value(value));
    table_line(table, widths, cells, row.tone);
    if (!row.detail.empty()) filled("      ", "        ", row.detail, Tone::kFaint);
  }
  if (!table.more.empty()) line(kIndent, table.more, Tone::kFaint);
}

// Words in the last column go on below themselves where the width ends.
void TextWriter::table_line(const Table& table, const std::vector<std::size_t>& widths,
                            const std::vector<std::string>& cells, Tone tone) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t padding = widths[i] - display_width(cells[i]);
    if (i > 0) text += kGap;
    const std::size_t start = kIndent.size() + display_width(text);
    if (i > 0 && i + 1 == table.columns.size() && table.columns[i].left &&
        start + display_width(cells[i]) > style_.width && start + kNarrowest <= style_.width) {
      filled(std::string(kIndent) + text, std::string(start, ' '), cells[i], tone);
      return;
    }
    if (!table.columns[i].left) text.append(padding, ' ');
    text += cells[i];
    if (table.columns[i].left) text.append(padding, ' ');
  }
  line(kIndent, text, tone);
}

void TextWriter::block(const Bars& bars) {
  filled(kIndent, kIndent, bars.title, Tone::kPlain);
  filled("    ", "    ", bars.figures, Tone::kPlain);
  std::uint64_t most = 1;
  std::size_t from_width = 0, to_width = 0, count_width = 0;
  for (const Bar& bar : bars.bars) {
    if (bar.from_ns == bar.to_ns) continue;
    most = std::max(most, bar.count);
    from_width = std::max(from_width, format_duration_ns(bar.from_ns).size());
    to_width = std::max(to_width, format_duration_ns(bar.to_ns).size());
    count_width = std::max(count_width, format_count(bar.count).size());
  }
  for (const Bar& bar : bars.bars) {
    if (bar.from_ns == bar.to_ns) {
      line("    ", "…");
      continue;
    }
    // In eighths of a character; whatever happened at all is seen.
    const double share = static_cast<double>(bar.count) / static_cast<double>(most);
    auto eighths = static_cast<std::size_t>(share * static_cast<double>(kBarWidth) * 8);
    if (bar.count > 0) eighths = std::max<std::size_t>(eighths, 1);
    std::string drawn;
    for (std::size_t i = 0; i < eighths / 8; ++i) drawn += "█";
    static constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    drawn += kParts[eighths % 8];
    line("    ", fmt::format("{:>{}} – {:>{}}  {:>{}}  {}", format_duration_ns(bar.from_ns),
                             from_width, format_duration_ns(bar.to_ns), to_width,
                             format_count(bar.count), count_width, drawn));
  }
}

void TextWriter::block(const Tree& tree) {
  for (const TreeLine& each : tree.lines) {
    std::string rails(kIndent);
    for (std::uint32_t depth = 1; depth < each.depth; ++depth) {
      rails += (each.rails >> depth & 1) != 0 ? "│  " : "   ";
    }
    std::string below = rails;  // what goes on under this line
    if (each.depth > 0) below += each.last ? "   " : "│  ";
    below += each.has_children ? "│    " : "     ";
    if (each.depth > 0) rails += each.last ? "└─ " : "├─ ";
    filled(each.detail ? below : rails, below, each.text, each.tone);
  }
  if (!tree.more.empty()) line(kIndent, tree.more, Tone::kFaint);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  }));
}

std::string format_value(const Value& value) {
  return std::visit(
      model::Overloaded{
          [](const Unknown&) -> std::string { return "unknown"; },
          [](const NotAvailable&) -> std::string { return "n/a"; },
          [](const std::string& text) { return text; },
          [](const Count& count) { return format_count(count.value); },
          [](const Difference& difference) -> std::string {
            if (difference.value == 0) return "0";
            const auto magnitude = static_cast<std::uint64_t>(difference.value);
            return difference.value > 0 ? "+" + format_count(magnitude)
                                        : "-" + format_count(0 - magnitude);
          },
          [](const Duration& duration) -> std::string {
            return duration.ns == 0 ? "0" : format_duration_ns(duration.ns);
          },
          [](const Bytes& bytes) { return format_bytes(bytes.value); },
          [](const Moment& moment) {
            return "+" + (moment.ns == 0 ? std::string("0") : format_duration_ns(moment.ns));
          },
      },
      value);
}

std::string write_text(const Document& document, const TextStyle& style) {
  return TextWriter(style).write(document);
}

}  // namespace triptych::report
