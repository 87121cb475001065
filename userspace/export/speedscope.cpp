// SPDX-License-Identifier: Apache-2.0
#include "export/speedscope.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "export/profile_parts.hpp"

namespace triptych::exports {
namespace {

std::string json_text(std::string_view raw) {
  return nlohmann::json(escape(raw)).dump();
}

// One more of a list.
void add_number(std::string& list, std::uint64_t number) {
  if (!list.empty() && list.back() != '[') list += ',';
  const fmt::format_int digits(number);
  list.append(digits.data(), digits.size());
}

class SpeedscopeFile {
 public:
  SpeedscopeFile(const profile::Profile& profile, std::size_t unit)
      : profile_(profile), unit_(unit) {}

  std::string write() {
    std::string name = fmt::format("{}: {}", name_of(profile_.kind), profile_.command);
    add_notes(name);
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
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 1; i < profile_.nodes.size(); ++i) {
      if (profile_.nodes[i].self[unit] != 0) all.push_back(i);
    }
    write_profile(unit, "all", all);
    for (const ProfilePart& part : parts_of(profile_, unit)) {
      write_profile(unit, profile_.frames[part.owner].text, part.nodes);
    }
  }

  // Speedscope shows the names of profiles, and nothing else that is no frame.
  void add_notes(std::string& name) const {
    for (const std::string& note : profile_.notes) name += fmt::format(" [{}]", note);
  }

  void write_profile(std::size_t unit, std::string_view whose,
                     const std::vector<std::uint32_t>& nodes) {
    const profile::Unit& counted = profile::units_of(profile_.kind)[unit];
    std::string samples, weights;
    std::uint64_t total = 0;
    for (const std::uint32_t node : nodes) {
      const std::uint64_t value = profile_.nodes[node].self[unit];
      total += value;
      samples += samples.empty() ? "[" : ",[";
      for (const std::uint32_t frame : path_of(profile_, node)) add_number(samples, frame);
      samples += ']';
      add_number(weights, value);
    }
    if (out_.back() != '[') out_ += ',';
    std::string name = escape(fmt::format("{}: {}", whose, counted.of));
    if (whose == "all") add_notes(name);
    fmt::format_to(
        std::back_inserter(out_),
        "{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{}\",\"startValue\":0,\"endValue\":{},"
        "\"samples\":[{}],\"weights\":[{}]}}",
        nlohmann::json(name).dump(), counted.name == "ns" ? "nanoseconds" : "none", total, samples,
        weights);
  }

  const profile::Profile& profile_;
  std::size_t unit_;
  std::string out_;
};

}  // namespace

std::string write_speedscope(const profile::Profile& profile, std::size_t unit) {
  return SpeedscopeFile(profile, unit).write();
}

}  // namespace triptych::exports
