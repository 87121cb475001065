// SPDX-License-Identifier: Apache-2.0
#include "export/folded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/text.hpp"

namespace triptych::exports {
namespace {

bool is_part_of_number(char byte) {
  return (byte >= '0' && byte <= '9') || byte == '.';
}

// Whatever a target calls itself is one frame: `;` would make two of it, a number behind a space
// would be taken for a second value.
std::string frame_text(std::string_view raw) {
  std::string text = escape(raw);
  std::replace(text.begin(), text.end(), ';', ':');
  const auto number = std::find_if_not(text.rbegin(), text.rend(), is_part_of_number);
  if (number != text.rbegin() && number != text.rend() && *number == ' ') *number = '_';
  if (text.empty()) text = "unnamed";
  return text;
}

}  // namespace

// No line of the heading ends in a number.
std::string write_folded(const profile::Profile& profile, std::size_t unit) {
  const profile::Unit& counted = profile::units_of(profile.kind)[unit];
  std::string out = fmt::format("# triptych profile: {} ({})\n# unit: {}\n", name_of(profile.kind),
                                title_of(profile.kind), counted.name);
  for (const std::string& note : profile.notes) out += fmt::format("# note: ({})\n", note);
  std::vector<std::string> texts;
  texts.reserve(profile.frames.size());
  for (const profile::Frame& frame : profile.frames) texts.push_back(frame_text(frame.text));
  for (std::size_t i = 1; i < profile.nodes.size(); ++i) {
    const std::uint64_t value = profile.nodes[i].self[unit];
    if (value == 0) continue;
    for (const std::uint32_t frame : path_of(profile, static_cast<std::uint32_t>(i))) {
      if (out.back() != '\n') out += ';';
      out += texts[frame];
    }
    fmt::format_to(std::back_inserter(out), " {}\n", value);
  }
  return out;
}

}  // namespace triptych::exports
