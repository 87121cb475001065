// SPDX-License-Identifier: Apache-2.0
#include "export/chrome_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "export/chrome_event.hpp"
#include "export/profile_parts.hpp"

namespace triptych::exports {
namespace {

// Numbers of made-up processes and threads begin there.
constexpr model::Tid kFirst = 1;

class ChromeProfile {
 public:
  ChromeProfile(const profile::Profile& profile, std::size_t unit)
      : profile_(profile), unit_(unit), totals_(profile.nodes.size()) {}

  std::string write() {
    out_ = "{\"displayTimeUnit\":\"ns\"";
    write_about();
    out_ += ",\"traceEvents\":[\n";
    const std::size_t units = profile::units_of(profile_.kind).size();
    for (std::size_t i = 0; i < units; ++i) write_unit((unit_ + i) % units);
    out_ += "\n]}\n";
    return std::move(out_);
  }

 private:
  void write_about() {
    const nlohmann::json about = {{"profile", name_of(profile_.kind)},
                                  {"command", profile_.command},
                                  {"choices", profile_.choices},
                                  {"notes", profile_.notes}};
    out_ += ",\"otherData\":";
    out_ += about.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }

  void write_unit(std::size_t unit) {
    const profile::Unit& counted = profile::units_of(profile_.kind)[unit];
    ++process_;
    name("process_name", kFirst,
         fmt::format("{}: {} ({})", name_of(profile_.kind), counted.of, counted.name));
    ChromeEvent(out_, first_, 'M', process_, kFirst)
        .text("name", "process_sort_index")
        .args()
        .number("sort_index", static_cast<std::uint64_t>(process_));
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 1; i < profile_.nodes.size(); ++i) {
      if (profile_.nodes[i].self[unit] != 0) all.push_back(i);
    }
    model::Tid thread = kFirst;
    write_thread(unit, thread, "all together", all);
    for (const ProfilePart& part : parts_of(profile_, unit)) {
      write_thread(unit, ++thread, profile_.frames[part.owner].text, part.nodes);
    }
  }

  void name(std::string_view what, model::Tid thread, std::string_view text) {
    ChromeEvent(out_, first_, 'M', process_, thread)
        .text("name", what)
        .args()
        .text("name", escape(text));
  }

  // What these nodes spent themselves, and below whom.
  void write_thread(std::size_t unit, model::Tid thread, std::string_view whose,
                    const std::vector<std::uint32_t>& nodes) {
    name("thread_name", thread, whose);
    ChromeEvent(out_, first_, 'M', process_, thread)
        .text("name", "thread_sort_index")
        .args()
        .number("sort_index", static_cast<std::uint64_t>(thread));
    std::vector<std::uint32_t> met;
    for (std::uint32_t node : nodes) {
      const std::uint64_t value = profile_.nodes[node].self[unit];
      for (; node != 0; node = profile_.nodes[node].parent) {
        if (totals_[node] == 0) met.push_back(node);
        totals_[node] += value;
      }
    }
    // Siblings next to each other, the largest first.
    std::sort(met.begin(), met.end(), [this](std::uint32_t a, std::uint32_t b) {
      const std::uint32_t above_a = profile_.nodes[a].parent, above_b = profile_.nodes[b].parent;
      if (above_a != above_b) return above_a < above_b;
      return totals_[a] != totals_[b] ? totals_[a] > totals_[b] : a < b;
    });
    write_slices(unit, thread, met, nodes);
    for (const std::uint32_t node : met) totals_[node] = 0;
  }

  void write_slices(std::size_t unit, model::Tid thread, const std::vector<std::uint32_t>& met,
                    const std::vector<std::uint32_t>& nodes) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> open{{0, 0}};  // and where it begins
    while (!open.empty()) {
      const auto [node, begin] = open.back();
      open.pop_back();
      if (node != 0) {
        const bool own = std::binary_search(nodes.begin(), nodes.end(), node);
        write_slice(unit, thread, node, begin, own ? profile_.nodes[node].self[unit] : 0);
      }
      auto child = std::partition_point(
          met.begin(), met.end(),
          [&, above = node](std::uint32_t each) { return profile_.nodes[each].parent < above; });
      const std::size_t before = open.size();
      for (std::uint64_t at = begin; child != met.end() && profile_.nodes[*child].parent == node;
           ++child) {
        open.emplace_back(*child, at);
        at += totals_[*child];
      }
      // The last one is taken first.
      std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
    }
  }

  void write_slice(std::size_t unit, model::Tid thread, std::uint32_t node, std::uint64_t begin,
                   std::uint64_t self) {
    // A nanosecond is one; of all else, one is a microsecond.
    const std::uint64_t scale = profile::units_of(profile_.kind)[unit].name == "ns" ? 1 : 1000;
    const profile::Frame& frame = profile_.frames[profile_.nodes[node].frame];
    ChromeEvent(out_, first_, 'X', process_, thread)
        .name(name_of(frame.category), escape(frame.text))
        .time("ts", static_cast<std::int64_t>(begin * scale))
        .time("dur", static_cast<std::int64_t>(totals_[node] * scale))
        .args()
        .number("total", totals_[node])
        .number("self", self);
  }

  const profile::Profile& profile_;
  std::size_t unit_;
  model::Tid process_ = kFirst - 1;
  bool first_ = true;
  std::vector<std::uint64_t> totals_;  // of the thread that is being written; all zero between them
  std::string out_;
};

}  // namespace

std::string write_chrome_profile(const profile::Profile& profile, std::size_t unit) {
  return ChromeProfile(profile, unit).write();
}

}  // namespace triptych::exports
