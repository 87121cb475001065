// SPDX-License-Identifier: Apache-2.0
#include "export/flame_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "export/flame_colours.hpp"
#include "export/flame_graph_assets.hpp"
#include "export/flame_layout.hpp"
#include "export/xml_text.hpp"

namespace triptych::exports {
namespace {

// Without the script. With it, what is said here twice (row, margin, widths of letters) is
// assets/flame_graph.js's.
constexpr int kWidth = 1200;
constexpr int kRow = 19;
constexpr int kMargin = 16;
constexpr double kLetterWidth = 7.23;
constexpr double kSmallest = 0.3;
constexpr std::size_t kLettersOfALine = 180;

class Document {
 public:
  Document(const profile::Profile& profile, const FlameGraphOptions& options)
      : profile_(profile),
        options_(options),
        units_(profile::units_of(profile.kind)),
        layout_(lay_out(profile, options.unit, kMargin, kWidth - 2 * kMargin)) {}

  std::string write() {
    std::string head = heading();
    head_height_ = y_ + 12;
    const int height = head_height_ + static_cast<int>(layout_.deepest + 1) * kRow + kMargin;
    begin(height);
    out_ += "<g class=\"frames\">\n";
    for (const FlameFrame& frame : layout_.frames) write_frame(frame);
    out_ += "</g>\n<g class=\"head\">\n";
    fmt::format_to(
        std::back_inserter(out_),
        "<rect class=\"paper head-paper\" width=\"{0}\" height=\"{1}\" fill=\"#fbfbfd\"/>"
        "<line class=\"line\" x1=\"0\" x2=\"{0}\" y1=\"{1}\" y2=\"{1}\" "
        "stroke=\"#d9d9e0\"/>\n",
        kWidth, head_height_ - 8);
    out_ += head;
    out_ += "</g>\n<script><![CDATA[\n";
    out_ += flame_graph_script();
    out_ += "]]></script>\n</svg>\n";
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string amount(std::uint64_t value, std::size_t unit) const {
    if (units_[unit].name == "ns") return format_duration_ns(value);
    return counted(value, units_[unit].one, units_[unit].of);
  }

  [[nodiscard]] std::string share(const profile::Node& node) const {
    const std::uint64_t whole = profile_.nodes[0].total[options_.unit];
    const auto part = static_cast<double>(node.total[options_.unit]);
    return fmt::format("{:.2f} %", whole == 0 ? 0.0 : 100 * part / static_cast<double>(whole));
  }

  void begin(int height) {
    std::string units;
    for (const profile::Unit& unit : units_) {
      units += fmt::format(
          "{}{{&quot;name&quot;:&quot;{}&quot;,&quot;of&quot;:&quot;{}&quot;,"
          "&quot;one&quot;:&quot;{}&quot;}}",
          units.empty() ? "" : ",", unit.name, unit.of, unit.one);
    }
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    fmt::format_to(std::back_inserter(out_),
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"triptych\" width=\"100%\" "
                   "height=\"{1}\" viewBox=\"0 0 {0} {1}\" preserveAspectRatio=\"xMinYMin meet\" "
                   "font-family=\"monospace\" font-size=\"12\" tabindex=\"0\" data-units=\"[{2}]\" "
                   "data-unit=\"{3}\" data-icicle=\"{4}\" data-top=\"{5}\" data-source=\"{6}\">\n",
                   kWidth, height, units, options_.unit, options_.icicle ? 1 : 0, head_height_,
                   xml_text(source_of(profile_.kind)));
    fmt::format_to(std::back_inserter(out_), "<title>{}: {}</title>\n<style>\n",
                   name_of(profile_.kind), xml_text(title_of(profile_.kind)));
    out_ += flame_graph_style();
    out_ += options_.base == nullptr ? colour_style() : change_style();
    fmt::format_to(std::back_inserter(out_),
                   "</style>\n<rect class=\"paper\" width=\"{}\" height=\"{}\" "
                   "fill=\"#fbfbfd\"/>\n",
                   kWidth, height);
  }

  // What is read first: of what, how much, of which program, what is missing.
  std::string heading() {
    std::string head;
    const profile::Node& all = profile_.nodes[0];
    std::string title(title_of(profile_.kind));
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    line(head, "title", 32, title);
    const bool is_time = units_[options_.unit].name == "ns";
    line(head, "total", 22,
         fmt::format("{} {}", amount(all.total[options_.unit], options_.unit),
                     is_time ? units_[options_.unit].of : "in all"));
    line(head, "quiet", 19, about());
    if (options_.base != nullptr) line(head, "quiet", 17, about_base());
    for (const std::string& note : profile_.notes) line(head, "note", 17, note);
    if (layout_.left_out != 0) {
      line(head, "note", 17,
           fmt::format("the {} frames are left out",
                       counted(layout_.left_out, "narrowest", "narrowest")));
    }
    legend(head);
    y_ += 22;
    const bool nothing = all.total[options_.unit] == 0;
    fmt::format_to(std::back_inserter(head),
                   "<text class=\"total say-name\" x=\"{0}\" y=\"{1}\" font-weight=\"600\">{2}"
                   "</text>\n<text class=\"quiet say-figures\" x=\"{0}\" y=\"{3}\">{4}</text>\n",
                   kMargin, y_, nothing ? "nothing of the kind happened" : "", y_ + 17,
                   "source: " + xml_text(source_of(profile_.kind)));
    y_ += 17;
    return head;
  }

  void line(std::string& head, std::string_view style, int down, std::string_view text) {
    y_ += down;
    std::string shown(text);
    if (shown.size() > kLettersOfALine) {
      std::size_t end = kLettersOfALine;
      while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80) --end;
      shown = shown.substr(0, end) + "…";
    }
    fmt::format_to(std::back_inserter(head), "<text class=\"{} cut\" x=\"{}\" y=\"{}\">{}</text>\n",
                   style, kMargin, y_, xml_text(shown));
  }

  [[nodiscard]] std::string about() const {
    std::string text = profile_.command.empty() ? std::string() : profile_.command + " · ";
    text += fmt::format("{} of recording", format_duration_ns(profile_.duration_ns));
    if (profile_.begin_ns != 0) {
      text += fmt::format(", from {} on", format_duration_ns(profile_.begin_ns));
    }
    for (const std::string& choice : profile_.choices) text += ", " + choice;
    return text;
  }

  [[nodiscard]] std::string about_base() const {
    const profile::Base& base = *options_.base;
    std::string text = fmt::format("before, in {}: {}", base.name,
                                   amount(base.total[options_.unit], options_.unit));
    std::uint64_t gone = 0;
    for (const profile::Base::Gone& each : base.gone) gone += each.total[options_.unit];
    if (gone != 0) {
      text += fmt::format(", of which {} in paths that are gone", amount(gone, options_.unit));
    }
    return text;
  }

  // What each colour means.
  void legend(std::string& head) {
    y_ += 20;
    int x = kMargin;
    if (options_.base != nullptr) {
      key(head, x, colour_of_change(1, 0), "less than before");
      key(head, x, colour_of_change(1, 1), "the same");
      key(head, x, colour_of_change(0, 1), "more, or new");
      return;
    }
    std::set<profile::Category> used;
    for (const FlameFrame& frame : layout_.frames) {
      if (frame.node != 0) {
        used.insert(profile_.frames[profile_.nodes[frame.node].frame].category);
      }
    }
    for (const profile::Category category : used) {
      key(head, x, colour_of(category), label_of(category));
    }
  }

  void key(std::string& head, int& x, const FrameColour& colour, std::string_view label) const {
    const int end = x + 17 + static_cast<int>(label.size()) * 7;
    fmt::format_to(std::back_inserter(head),
                   "<g class=\"legend {0}\" data-end=\"{7}\"><rect x=\"{1}\" y=\"{2}\" "
                   "width=\"12\" height=\"12\" rx=\"3\" fill=\"{3}\"/>"
                   "<text class=\"quiet\" x=\"{4}\" y=\"{5}\">{6}</text></g>\n",
                   colour.name, x, y_ - 10, colour.fill, x + 17, y_, label, end);
    x = end + 14;
  }

  static std::string values(const profile::Values& values, std::size_t units) {
    std::string text;
    for (std::size_t i = 0; i < units; ++i) {
      text += fmt::format("{}{}", i == 0 ? "" : " ", values[i]);
    }
    return text;
  }

  void write_frame(const FlameFrame& frame) {
    const profile::Node& node = profile_.nodes[frame.node];
    const bool is_all = frame.node == 0;
    const std::string name = is_all ? std::string("all") : escape(profile_.frames[node.frame].text);
    const FrameColour colour = colour_of_frame(frame.node);
    const auto row = static_cast<int>(options_.icicle ? node.depth : layout_.deepest - node.depth);
    const int y = head_height_ + row * kRow;
    fmt::format_to(std::back_inserter(out_), "<g class=\"f {}\" data-d=\"{}\" data-v=\"{}\"",
                   colour.name, node.depth, values(node.total, units_.size()));
    // Told where it is not plain from the children that are shown.
    if (frame.has_children || node.self != node.total) {
      fmt::format_to(std::back_inserter(out_), " data-s=\"{}\"", values(node.self, units_.size()));
    }
    if (options_.base != nullptr) {
      fmt::format_to(std::back_inserter(out_), " data-b=\"{}\"",
                     values(options_.base->totals[frame.node], units_.size()));
    }
    if (frame.width < kSmallest) out_ += " style=\"display:none\"";
    fmt::format_to(
        std::back_inserter(out_),
        "><title>{}\n{} ({})</title><rect x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" "
        "height=\"{}\" rx=\"2\" fill=\"{}\"/><text x=\"{:.2f}\" y=\"{}\">{}</text></g>\n",
        xml_text(name), amount(node.total[options_.unit], options_.unit), share(node), frame.x, y,
        std::max(frame.width - 0.6, 0.3), kRow - 1, colour.fill, frame.x + 4, y + 13,
        xml_text(fitting(name, frame.width)));
  }

  [[nodiscard]] FrameColour colour_of_frame(std::uint32_t position) const {
    const profile::Node& node = profile_.nodes[position];
    if (options_.base != nullptr) {
      return colour_of_change(options_.base->totals[position][options_.unit],
                              node.total[options_.unit]);
    }
    return position == 0 ? colour_of_all() : colour_of(profile_.frames[node.frame]);
  }

  // As much of it as there is room for. `name` is escaped.
  static std::string fitting(const std::string& name, double width) {
    const auto room = static_cast<std::size_t>(std::max((width - 7) / kLetterWidth, 0.0));
    std::size_t letters = 0, end = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if ((static_cast<unsigned char>(name[i]) & 0xc0) == 0x80) continue;
      if (letters + 1 == room) end = i;
      if (++letters > room) return room < 3 ? std::string() : name.substr(0, end) + "…";
    }
    return name;
  }

  const profile::Profile& profile_;
  const FlameGraphOptions& options_;
  const std::span<const profile::Unit> units_;
  const FlameLayout layout_;
  std::string out_;
  int y_ = 0;  // of the last line of the heading
  int head_height_ = 0;
};

}  // namespace

std::string write_flame_graph(const profile::Profile& profile, const FlameGraphOptions& options) {
  return Document(profile, options).write();
}

}  // namespace triptych::exports
