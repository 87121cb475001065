// SPDX-License-Identifier: Apache-2.0
//
// A profile as a flame graph on the page. flame_graph.js brings it to life.
#include <fmt/core.h>

#include <cctype>
#include <set>

#include "base/text.hpp"
#include "flame/colours.hpp"
#include "flame/frames.hpp"
#include "flame/layout.hpp"
#include "html/chart.hpp"
#include "report/html_writer.hpp"

namespace triptych::report {
namespace {

using html::Markup;
using profile::Profile;

constexpr int kDrawingWidth = 1000;  // without the script; with it, that of the page
// Of all graphs of a page together some megabytes at most, whatever the names are.
constexpr std::size_t kMostFrames = 1000;
constexpr std::size_t kLongestName = 160;

// "1.23 s blocked", "12 page faults in all"
std::string total_of(const Profile& profile) {
  const profile::Unit& unit = profile::units_of(profile.kind)[0];
  return flame::amount(profile.kind, 0, profile.nodes[0].total[0]) + " " +
         std::string(unit.name == "ns" ? unit.of : "in all");
}

void write_legend(Markup& page, const Profile& profile, const flame::Layout& layout) {
  std::set<profile::Category> used;
  for (const flame::PlacedFrame& frame : layout.frames) {
    if (frame.node == 0) continue;
    used.insert(profile.frames[profile.nodes[frame.node].frame].category);
  }
  page.open("div", {{"class", "legend"}});
  for (const profile::Category each : used) {
    html::write_key(page, flame::colour_of(each).name, flame::label_of(each));
  }
  page.close();
}

void write_heading(Markup& page, const Profile& profile, const flame::Layout& layout) {
  std::string title(profile::title_of(profile.kind));
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  page.open("figcaption");
  page.leaf("h3", title);
  page.leaf("p", total_of(profile), {{"class", "total"}});
  for (const std::string& note : profile.notes) page.leaf("p", note, {{"class", "hint"}});
  if (layout.left_out != 0) {
    page.leaf("p",
              fmt::format("The {} frames are left out; triptych export --format svg --profile {} "
                          "draws up to 10,000.",
                          counted(layout.left_out, "narrowest", "narrowest"),
                          profile::name_of(profile.kind)),
              {{"class", "hint"}});
  }
  write_legend(page, profile, layout);
  page.close();
}

}  // namespace

void write_flame_graph(Markup& page, const FlameGraph& graph) {
  const Profile& profile = graph.profile;
  const std::string name(profile::name_of(profile.kind));
  const flame::Layout layout = flame::lay_out(profile, 0, {0, kDrawingWidth, kMostFrames});
  const int height = static_cast<int>(layout.deepest + 1) * flame::kRow;
  page.open("figure", {{"class", "flame"}, {"id", "flame-" + name}, {"data-name", name}});
  write_heading(page, profile, layout);
  page.open("div", {{"class", "flame-room"}});
  page.open("svg", {{"class", "flames"},
                    {"viewBox", fmt::format("0 0 {} {}", kDrawingWidth, height)},
                    {"tabindex", "0"},
                    {"role", "img"},
                    {"aria-label", std::string(profile::title_of(profile.kind))},
                    {"data-units", flame::units_json(profile.kind)},
                    {"data-unit", "0"},
                    {"data-icicle", "1"},
                    {"data-top", "0"},
                    {"data-source", std::string(profile::source_of(profile.kind))}});
  flame::write_frames(page, profile, layout,
                      {.icicle = true, .filled = false, .longest_name = kLongestName});
  page.close();
  page.close();
  page.open("p", {{"class", "told-of"}});
  page.leaf("strong", "", {{"class", "say-name"}});
  page.leaf("span", "source: " + std::string(profile::source_of(profile.kind)),
            {{"class", "say-figures"}});
  page.close();
  page.close();
}

}  // namespace triptych::report
