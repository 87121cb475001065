// SPDX-License-Identifier: Apache-2.0
#include "export/speedscope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace triptych::exports {
namespace {

constexpr std::size_t kMostThreads = 256;  // with a profile of their own
constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

std::string json_text(std::string_view raw) {
  return nlohmann::json(escape(raw)).dump();
}

// Each node's thread, or, where there is none, its process: positions in Profile::frames.
std::vector<std::uint32_t> owners_of(const profile::Profile& profile) {
  std::vector<std::uint32_t> owners(profile.nodes.size(), kNobody);
  for (std::size_t i = 1; i < profile.nodes.size(); ++i) {
    const profile::Node& node = profile.nodes[i];
    const profile::Category category = profile.frames[node.frame].category;
    const bool owns =
        category == profile::Category::kThread || category == profile::Category::kProcess;
    owners[i] = owns ? node.frame : owners[node.parent];
  }
  return owners;
}

// The largest first.
std::vector<std::uint32_t> by_size(const profile::Profile& profile,
                                   const std::vector<std::uint32_t>& owners, std::size_t unit) {
  std::map<std::uint32_t, std::uint64_t> totals;
  for (std::size_t i = 1; i < profile.nodes.size(); ++i) {
    if (owners[i] != kNobody) totals[owners[i]] += profile.nodes[i].self[unit];
  }
  std::vector<std::uint32_t> sorted;
  for (const auto& [owner, total] : totals) {
    if (total != 0) sorted.push_back(owner);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [&totals](std::uint32_t a, std::uint32_t b) {
    return totals.at(a) > totals.at(b);
  });
  if (sorted.size() > kMostThreads) sorted.resize(kMostThreads);
  return sorted;
}

class Document {
 public:
  Document(const profile::Profile& profile, std::size_t unit) : profile_(profile), unit_(unit) {}

  std::string write() {
    const std::string name = fmt::format("{}: {}", name_of(profile_.kind), profile_.command);
    out_ = fmt::format(
        "{{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
        "\"exporter\":\"triptych\",\"name\":{},\"activeProfileIndex\":0,\"shared\":{{\"frames\":[",
        nlohmann::json(name).dump());
    for (std::size_t i = 0; i < profile_.frames.size(); ++i) {
      out_ +=
          fmt::format("{}{{\"name\":{}}}", i == 0 ? "" : ",", json_text(profile_.frames[i].text));
    }
    out_ += "]},\"profiles\":[";
    const std::size_t units = profile::units_of(profile_.kind).size();
    for (std::size_t i = 0; i < units; ++i) write_unit((unit_ + i) % units);
    out_ += "]}\n";
    return std::move(out_);
  }

 private:
  void write_unit(std::size_t unit) {
    const std::vector<std::uint32_t> owners = owners_of(profile_);
    write_profile(unit, "all", [](std::size_t) { return true; });
    for (const std::uint32_t owner : by_size(profile_, owners, unit)) {
      write_profile(unit, profile_.frames[owner].text,
                    [&owners, owner](std::size_t node) { return owners[node] == owner; });
    }
  }

  template <class Wanted>
  void write_profile(std::size_t unit, std::string_view whose, const Wanted& is_wanted) {
    const profile::Unit& counted = profile::units_of(profile_.kind)[unit];
    std::string samples, weights;
    std::uint64_t total = 0;
    for (std::size_t i = 1; i < profile_.nodes.size(); ++i) {
      const std::uint64_t value = profile_.nodes[i].self[unit];
      if (value == 0 || !is_wanted(i)) continue;
      total += value;
      fmt::format_to(std::back_inserter(samples), "{}[{}]", samples.empty() ? "" : ",",
                     fmt::join(path_of(profile_, static_cast<std::uint32_t>(i)), ","));
      fmt::format_to(std::back_inserter(weights), "{}{}", weights.empty() ? "" : ",", value);
    }
    if (out_.back() != '[') out_ += ',';
    fmt::format_to(
        std::back_inserter(out_),
        "{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{}\",\"startValue\":0,\"endValue\":{},"
        "\"samples\":[{}],\"weights\":[{}]}}",
        json_text(fmt::format("{}: {}", whose, counted.of)),
        counted.name == "ns" ? "nanoseconds" : "none", total, samples, weights);
  }

  const profile::Profile& profile_;
  std::size_t unit_;
  std::string out_;
};

}  // namespace

std::string write_speedscope(const profile::Profile& profile, std::size_t unit) {
  return Document(profile, unit).write();
}

}  // namespace triptych::exports
