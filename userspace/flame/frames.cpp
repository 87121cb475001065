// SPDX-License-Identifier: Apache-2.0
#include "flame/frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "flame/colours.hpp"

namespace triptych::flame {
namespace {

constexpr double kLetterWidth = 7.23;  // the same in the script
constexpr double kSmallest = 0.3;

bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// At most so many letters of it.
std::string cut(const std::string& text, std::size_t most) {
  std::size_t letters = 0, end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_letter(text[i])) continue;
    if (letters + 1 == most) end = i;
    if (++letters > most) return text.substr(0, end) + "…";
  }
  return text;
}

// What takes no more than so many bytes as markup, whatever the name is.
std::string cut_to_bytes(const std::string& text, std::size_t most) {
  constexpr std::size_t kReference = 6;  // "&quot;" is the longest
  std::size_t bytes = 0, end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool referred = std::string_view("<>&\"'").find(text[i]) != std::string_view::npos;
    if (begins_letter(text[i])) end = i;
    bytes += referred ? kReference : 1;
    if (bytes > most) return text.substr(0, end) + "…";
  }
  return text;
}

// As much of it as there is room for.
std::string fitting(const std::string& name, double width) {
  const auto room = static_cast<std::size_t>(std::max((width - 7) / kLetterWidth, 0.0));
  if (room >= 3) return cut(name, room);
  const auto letters = std::count_if(name.begin(), name.end(), begins_letter);
  return static_cast<std::size_t>(letters) <= room ? name : std::string();
}

std::string words(const profile::Values& values, std::size_t units) {
  std::string text;
  for (std::size_t i = 0; i < units; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : " ", values[i]);
  }
  return text;
}

class FrameWriter {
 public:
  FrameWriter(html::Markup& out, const profile::Profile& profile, const Layout& layout,
              const FrameOptions& options)
      : out_(out),
        profile_(profile),
        layout_(layout),
        options_(options),
        units_(profile::units_of(profile.kind).size()) {}

  void write() {
    out_.open("g", {{"class", "frames"}});
    for (const PlacedFrame& frame : layout_.frames) write(frame);
    out_.close();
  }

 private:
  void write(const PlacedFrame& frame) {
    const profile::Node& node = profile_.nodes[frame.node];
    const std::string name = name_of(frame.node);
    begin(frame, node);
    out_.leaf("title", fmt::format("{}\n{} ({})", name,
                                   amount(profile_.kind, options_.unit, node.total[options_.unit]),
                                   share(node)));
    const auto row = static_cast<int>(options_.icicle ? node.depth : layout_.deepest - node.depth);
    const int y = options_.top + row * kRow;
    std::vector<html::Attribute> place = {
        {"x", fmt::format("{:.2f}", frame.x)},
        {"y", fmt::format("{}", y)},
        {"width", fmt::format("{:.2f}", std::max(frame.width - 0.6, 0.3))},
        {"height", fmt::format("{}", kRow - 1)}};
    if (options_.filled) {
      place.push_back({"rx", "2"});
      place.push_back({"fill", colour_of_frame(frame.node).fill});
    }
    out_.single("rect", place);
    out_.leaf("text", fitting(name, frame.width),
              {{"x", fmt::format("{:.2f}", frame.x + 4)}, {"y", fmt::format("{}", y + 13)}});
    out_.close();
  }

  void begin(const PlacedFrame& frame, const profile::Node& node) {
    std::vector<html::Attribute> about = {{"class", "f " + colour_of_frame(frame.node).name},
                                          {"data-d", fmt::format("{}", node.depth)},
                                          {"data-v", words(node.total, units_)}};
    // Told where it is not plain from the children that are shown.
    if (frame.has_children || node.self != node.total) {
      about.push_back({"data-s", words(node.self, units_)});
    }
    if (options_.base != nullptr) {
      about.push_back({"data-b", words(options_.base->totals[frame.node], units_)});
    }
    if (frame.width < kSmallest) about.push_back({"display", "none"});
    out_.open("g", about);
  }

  [[nodiscard]] std::string name_of(std::uint32_t node) const {
    if (node == 0) return "all";
    std::string name = printable(escape(profile_.frames[profile_.nodes[node].frame].text));
    return options_.longest_name == 0 ? name : cut_to_bytes(name, options_.longest_name);
  }

  [[nodiscard]] std::string share(const profile::Node& node) const {
    const std::uint64_t whole = profile_.nodes[0].total[options_.unit];
    const auto part = static_cast<double>(node.total[options_.unit]);
    return fmt::format("{:.2f} %", whole == 0 ? 0.0 : 100 * part / static_cast<double>(whole));
  }

  [[nodiscard]] FrameColour colour_of_frame(std::uint32_t position) const {
    const profile::Node& node = profile_.nodes[position];
    if (options_.base != nullptr) {
      return colour_of_change(options_.base->totals[position][options_.unit],
                              node.total[options_.unit]);
    }
    return position == 0 ? colour_of_all() : colour_of(profile_.frames[node.frame]);
  }

  html::Markup& out_;
  const profile::Profile& profile_;
  const Layout& layout_;
  const FrameOptions& options_;
  const std::size_t units_;
};

}  // namespace

void write_frames(html::Markup& out, const profile::Profile& profile, const Layout& layout,
                  const FrameOptions& options) {
  FrameWriter(out, profile, layout, options).write();
}

std::string units_json(profile::Kind kind) {
  std::string units;
  for (const profile::Unit& unit : profile::units_of(kind)) {
    units += fmt::format(R"({}{{"name":"{}","of":"{}","one":"{}"}})", units.empty() ? "" : ",",
                         unit.name, unit.of, unit.one);
  }
  return "[" + units + "]";
}

std::string amount(profile::Kind kind, std::size_t unit, std::uint64_t value) {
  const profile::Unit& counted_in = profile::units_of(kind)[unit];
  if (counted_in.name == "ns") return format_duration_ns(value);
  return counted(value, counted_in.one, counted_in.of);
}

// U+FFFE and U+FFFF are UTF-8 all the same.
std::string printable(std::string text) {
  for (const auto& [bytes, escaped] : {std::pair{"\xef\xbf\xbe", R"(\xef\xbf\xbe)"},
                                       std::pair{"\xef\xbf\xbf", R"(\xef\xbf\xbf)"}}) {
    for (std::size_t at = 0; (at = text.find(bytes, at)) != std::string::npos;) {
      text.replace(at, 3, escaped);
    }
  }
  return text;
}

}  // namespace triptych::flame
