// SPDX-License-Identifier: Apache-2.0
#include "export/flame_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "export/flame_graph_assets.hpp"
#include "export/xml_text.hpp"
#include "flame/colours.hpp"
#include "flame/frames.hpp"
#include "flame/layout.hpp"
#include "html/assets.hpp"

namespace triptych::exports {
namespace {

// Without the script. With it, what is said here twice is html/flame_graph.js's.
constexpr int kWidth = 1200;
constexpr int kMargin = 16;
constexpr std::size_t kMostFrames = 10'000;
constexpr std::size_t kLettersOfALine = 180;
// It may be part of another document.
constexpr std::string_view kBegin =
    "flameGraph((document.currentScript && document.currentScript.closest('svg')) || "
    "document.documentElement);\n";

class Document {
 public:
  Document(const profile::Profile& profile, const FlameGraphOptions& options)
      : profile_(profile),
        options_(options),
        units_(profile::units_of(profile.kind)),
        layout_(
            flame::lay_out(profile, options.unit, {kMargin, kWidth - 2 * kMargin, kMostFrames})) {}

  std::string write() {
    std::string head = heading();
    head_height_ = y_ + 12;
    const int height = head_height_ + static_cast<int>(layout_.deepest + 1) * flame::kRow + kMargin;
    begin(height);
    html::Markup frames;
    flame::write_frames(frames, profile_, layout_,
                        {.unit = options_.unit,
                         .icicle = options_.icicle,
                         .top = head_height_,
                         .base = options_.base});
    out_ += frames.take();
    out_ += "<g class=\"head\">\n";
    fmt::format_to(
        std::back_inserter(out_),
        "<rect class=\"paper head-paper\" width=\"{0}\" height=\"{1}\" fill=\"#fbfbfd\"/>"
        "<line class=\"line\" x1=\"0\" x2=\"{0}\" y1=\"{1}\" y2=\"{1}\" "
        "stroke=\"#d9d9e0\"/>\n",
        kWidth, head_height_ - 8);
    out_ += head;
    out_ += "</g>\n<script><![CDATA[\n";
    out_ += html::flame_graph_script();
    out_ += kBegin;
    out_ += "]]></script>\n</svg>\n";
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string amount(std::uint64_t value) const {
    return flame::amount(profile_.kind, options_.unit, value);
  }

  void begin(int height) {
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    fmt::format_to(std::back_inserter(out_),
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"triptych\" width=\"100%\" "
                   "height=\"{1}\" viewBox=\"0 0 {0} {1}\" preserveAspectRatio=\"xMinYMin meet\" "
                   "font-family=\"monospace\" font-size=\"12\" tabindex=\"0\" data-units=\"{2}\" "
                   "data-unit=\"{3}\" data-icicle=\"{4}\" data-top=\"{5}\" data-source=\"{6}\">\n",
                   kWidth, height, xml_text(flame::units_json(profile_.kind)), options_.unit,
                   options_.icicle ? 1 : 0, head_height_, xml_text(source_of(profile_.kind)));
    fmt::format_to(std::back_inserter(out_), "<title>{}: {}</title>\n<style>\n",
                   name_of(profile_.kind), xml_text(title_of(profile_.kind)));
    out_ += flame_graph_style();
    out_ += options_.base == nullptr ? flame::colour_style() : flame::change_style();
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
         fmt::format("{} {}", amount(all.total[options_.unit]),
                     is_time ? units_[options_.unit].of : "in all"));
    line(head, "quiet", 19, about());
    if (options_.base != nullptr) line(head, "quiet", 17, about_base());
    for (const std::string& note : profile_.notes) {
      line(head, note == profile_.all_whole ? "quiet" : "note", 17, note);
    }
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
                   kMargin, y_, nothing ? "nothing of the kind was seen" : "", y_ + 17,
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
    std::string text =
        fmt::format("before, in {}: {}", base.name, amount(base.total[options_.unit]));
    std::uint64_t gone = 0;
    for (const profile::Base::Gone& each : base.gone) gone += each.total[options_.unit];
    if (gone != 0) {
      text += fmt::format(", of which {} in paths that are gone", amount(gone));
    }
    return text;
  }

  // What each colour means.
  void legend(std::string& head) {
    y_ += 20;
    int x = kMargin;
    if (options_.base != nullptr) {
      key(head, x, flame::colour_of_change(1, 0), "less than before");
      key(head, x, flame::colour_of_change(1, 1), "the same");
      key(head, x, flame::colour_of_change(0, 1), "more, or new");
      return;
    }
    std::set<profile::Category> used;
    for (const flame::PlacedFrame& frame : layout_.frames) {
      if (frame.node != 0) {
        used.insert(profile_.frames[profile_.nodes[frame.node].frame].category);
      }
    }
    for (const profile::Category category : used) {
      key(head, x, flame::colour_of(category), flame::label_of(category));
    }
  }

  void key(std::string& head, int& x, const flame::FrameColour& colour,
           std::string_view label) const {
    const int end = x + 17 + static_cast<int>(label.size()) * 7;
    fmt::format_to(std::back_inserter(head),
                   "<g class=\"legend {0}\" data-end=\"{7}\"><rect x=\"{1}\" y=\"{2}\" "
                   "width=\"12\" height=\"12\" rx=\"3\" fill=\"{3}\"/>"
                   "<text class=\"quiet\" x=\"{4}\" y=\"{5}\">{6}</text></g>\n",
                   colour.name, x, y_ - 10, colour.fill, x + 17, y_, label, end);
    x = end + 14;
  }

  const profile::Profile& profile_;
  const FlameGraphOptions& options_;
  const std::span<const profile::Unit> units_;
  const flame::Layout layout_;
  std::string out_;
  int y_ = 0;  // of the last line of the heading
  int head_height_ = 0;
};

}  // namespace

std::string write_flame_graph(const profile::Profile& profile, const FlameGraphOptions& options) {
  return Document(profile, options).write();
}

}  // namespace triptych::exports
