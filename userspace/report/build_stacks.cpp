// SPDX-License-Identifier: Apache-2.0
//
// Where the recorded tasks waited, and where they computed: the longest stacks of each.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "analyze/interval.hpp"
#include "analyze/task_record.hpp"
#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/words.hpp"
#include "symbol/resolve/resolver.hpp"
#include "symbol/resolve/wholeness.hpp"

namespace triptych::report {
namespace {

using analyze::StackSum;
using analyze::StackSums;
using symbol::resolve::Frame;
using symbol::resolve::FrameList;
using symbol::resolve::Resolver;
using symbol::resolve::Wholeness;

constexpr std::size_t kFramesShown = 10;
constexpr std::size_t kFrameWidth = 60;

std::string share_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void add_frames(const FrameList& frames, std::vector<std::string>& names) {
  for (const Frame* frame : frames) names.push_back(cut(escape(frame->name()), kFrameWidth));
}

// Innermost first, the kernel's before the program's.
std::string chain_of(Resolver& resolver, const analyze::Stacks& stacks) {
  std::vector<std::string> names;
  add_frames(resolver.frames(stacks.kernel), names);
  add_frames(resolver.frames(stacks.user), names);
  if (names.empty()) return "no frame could be read";
  const bool longer = names.size() > kFramesShown;
  names.resize(std::min(names.size(), kFramesShown));
  return joined(names, " < ") + (longer ? " < …" : "");
}

Wholeness wholeness_of(const View& view, const std::vector<StackSum>& sums) {
  Wholeness wholeness;
  for (const StackSum& sum : sums) {
    if (sum.stacks.user == analyze::kUnknownStack) {
      wholeness.add_without(sum.time_ns);
      continue;
    }
    wholeness.add(*view.options().resolver, *view.summary().stacks.table, sum.stacks.user,
                  sum.time_ns);
  }
  return wholeness;
}

// What should have had one: not the time of a task that has yet to run.
std::uint64_t waited_without_ns(const View& view) {
  std::uint64_t being_created_ns = 0;
  const std::string being_created = analyze::blocked_name(analyze::BlockedTime::kCreationKey);
  for (const analyze::Task& task : view.summary().tasks) {
    const auto found = task.blocked_by_syscall_ns.find(being_created);
    if (found != task.blocked_by_syscall_ns.end()) being_created_ns += found->second;
  }
  const std::uint64_t without_ns = view.summary().stacks.waited_without_ns;
  return without_ns - std::min(without_ns, being_created_ns);
}

Paragraph wholeness_paragraph(const View& view, const StackSums& stacks) {
  std::vector<std::string> parts;
  Wholeness both;
  if (!stacks.waits.empty()) {
    both = wholeness_of(view, stacks.waits);
    both.add_without(waited_without_ns(view));
    parts.push_back(fmt::format("{} of the waited time", both.share()));
  }
  if (!stacks.runs.empty()) {
    const Wholeness runs = wholeness_of(view, stacks.runs);
    both.merge(runs);
    parts.push_back(fmt::format("{} of the samples", runs.share()));
  }
  const std::string others = both.others();
  return {fmt::format("Stacks that go back to where the program or thread began: {}{}{}.",
                      joined(parts), others.empty() ? "" : "; ", others),
          Tone::kFaint};
}

struct Place {
  std::string chain;
  std::int32_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t time_ns = 0;
};

// Stacks that differ in the places within their functions only are one to a reader.
std::vector<Place> places_of(Resolver& resolver, const std::vector<StackSum>& sums) {
  std::map<std::pair<std::string, std::int32_t>, std::size_t> known;
  std::vector<Place> places;
  for (const StackSum& sum : sums) {
    const auto [at, fresh] =
        known.try_emplace({chain_of(resolver, sum.stacks), sum.key}, places.size());
    if (fresh) places.push_back({at->first.first, sum.key, 0, 0});
    places[at->second].count += sum.count;
    places[at->second].time_ns += sum.time_ns;
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.time_ns > b.time_ns; });
  return places;
}

Table table_of(const View& view, const std::vector<StackSum>& sums, std::uint64_t all_ns,
               bool waits) {
  Table table;
  table.columns = {{waits ? "blocked" : "on CPU"}, {"share"}, {waits ? "times" : "samples"}};
  if (waits) table.columns.push_back({"in", true});
  const std::vector<Place> places = places_of(*view.options().resolver, sums);
  const std::size_t shown = view.shown(places.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Place& place = places[i];
    Row row;
    row.cells = {Duration{place.time_ns}, share_of(place.time_ns, all_ns), Count{place.count}};
    if (waits) row.cells.emplace_back(escape(analyze::blocked_name(place.key)));
    row.detail = place.chain;
    table.rows.push_back(std::move(row));
  }
  if (places.size() > shown) {
    table.more =
        fmt::format("… and {} more (--top 0 shows all)", format_count(places.size() - shown));
  }
  return table;
}

// The files whose functions have no names here.
void add_missing(const Resolver& resolver, Section& section) {
  for (const auto& each : resolver.missing()) {
    section.blocks.emplace_back(Paragraph{
        fmt::format("No {} from {}: {}.", each.what, quote(each.path), each.reason), Tone::kFaint});
  }
}

}  // namespace

Section stacks_section(const View& view) {
  const StackSums& stacks = view.summary().stacks;
  if (!stacks.recorded || view.options().resolver == nullptr) return {};
  Section section("Where it waited, where it ran",
                  view.narrowed() ? "of all recorded tasks, whatever the rest of the report is of; "
                                    "innermost function first"
                                  : "of all recorded tasks; innermost function first");
  if (!stacks.waits.empty()) {
    section.blocks.emplace_back(
        table_of(view, stacks.waits, stacks.waited_ns + stacks.waited_without_ns, true));
  }
  const std::uint64_t without_ns = waited_without_ns(view);
  if (!stacks.waits.empty() && without_ns != 0) {
    section.blocks.emplace_back(
        Paragraph{fmt::format("{} were waited without a stack.", format_duration_ns(without_ns)),
                  Tone::kFaint});
  }
  if (!stacks.runs.empty()) {
    section.blocks.emplace_back(table_of(view, stacks.runs, stacks.ran_ns, false));
  }
  section.blocks.emplace_back(wholeness_paragraph(view, stacks));
  add_missing(*view.options().resolver, section);
  return section;
}

}  // namespace triptych::report
