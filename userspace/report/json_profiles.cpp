// SPDX-License-Identifier: Apache-2.0
//
// The profiles of the JSON report: of each, the paths on which most was spent.
#include <algorithm>
#include <numeric>

#include "report/json_parts.hpp"

namespace triptych::report {
namespace {

using profile::Profile;

constexpr std::size_t kMostPaths = 20;

Json values_json(profile::Kind kind, const profile::Values& values) {
  Json json = Json::object();
  const auto units = profile::units_of(kind);
  for (std::size_t i = 0; i < units.size(); ++i) json[std::string(units[i].name)] = values[i];
  return json;
}

Json frames_json(const Profile& profile, std::uint32_t node) {
  Json frames = Json::array();
  for (const std::uint32_t each : profile::path_of(profile, node)) {
    const profile::Frame& frame = profile.frames[each];
    frames.push_back({{"is", profile::name_of(frame.category)}, {"name", frame.text}});
  }
  return frames;
}

// Nodes in which something was spent itself, those with most of the first unit first.
std::vector<std::uint32_t> paths_of(const Profile& profile) {
  std::vector<std::uint32_t> paths;
  for (std::uint32_t i = 1; i < profile.nodes.size(); ++i) {
    if (profile.nodes[i].self != profile::Values{}) paths.push_back(i);
  }
  std::stable_sort(paths.begin(), paths.end(), [&](std::uint32_t a, std::uint32_t b) {
    return profile.nodes[a].self > profile.nodes[b].self;
  });
  return paths;
}

}  // namespace

Json profile_json(const Profile& profile) {
  const std::vector<std::uint32_t> paths = paths_of(profile);
  const std::size_t shown = std::min(paths.size(), kMostPaths);
  Json top = Json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    top.push_back({{"self", values_json(profile.kind, profile.nodes[paths[i]].self)},
                   {"frames", frames_json(profile, paths[i])}});
  }
  return {{"profile", profile::name_of(profile.kind)},
          {"total", values_json(profile.kind, profile.nodes[0].total)},
          {"paths", std::move(top)},
          {"paths_omitted", paths.size() - shown},
          {"notes", profile.notes}};
}

}  // namespace triptych::report
