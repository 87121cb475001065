// SPDX-License-Identifier: Apache-2.0
#include "profile/kind.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace triptych::profile {
namespace {

struct Needed {
  std::string_view event;   // as the plan of a recording calls it
  std::string_view what;    // that is missing without it
  std::string_view option;  // of record, that brings it
};
constexpr Needed kNeedsNothing{};
constexpr Needed kSwitches{"switch", "switches between tasks", "switch in --events"};
constexpr Needed kWakeups{"wakeup", "wakeups", "wakeup in --events"};
constexpr Needed kFaults{"fault", "page faults", "fault in --events"};
constexpr Needed kForks{"fork call", "calls that create tasks", "fork in --events"};
constexpr Needed kCoroutines{"coroutine", "coroutines", "--coroutines auto, or usdt"};

struct About {
  Kind kind;
  std::string_view name, title, source, stacks;
  std::array<Unit, kMaxUnits> units;
  std::size_t unit_count;
  Needed first, second;
};

constexpr Unit kIntervals{"count", "intervals", "interval"};

constexpr About kAbout[] = {
    {Kind::kOnCpu,
     "on-cpu",
     "time on a CPU",
     "switch records; functions by samples, each for the same share of its thread's time",
     "on-cpu",
     {{{"ns", "on a CPU", "on a CPU"}, kIntervals, {"samples", "samples", "sample"}}},
     3,
     kSwitches,
     kNeedsNothing},
    {Kind::kOffCpu,
     "off-cpu",
     "time blocked, by system call",
     "switch and wakeup records; the system call is that of the switch",
     "off-cpu",
     {{{"ns", "blocked", "blocked"}, kIntervals}},
     2,
     kSwitches,
     kWakeups},
    {Kind::kRunQueue,
     "run-queue",
     "time waiting for a CPU, by cause",
     "switch and wakeup records",
     "wakeup",
     {{{"ns", "runnable", "runnable"}, kIntervals}},
     2,
     kSwitches,
     kNeedsNothing},
    {Kind::kWakeup,
     "wakeup",
     "time blocked, by who ended it",
     "switch and wakeup records; each waker with who had woken it before",
     "off-cpu,wakeup",
     {{{"ns", "blocked", "blocked"}, kIntervals}},
     2,
     kSwitches,
     kWakeups},
    {Kind::kFault,
     "fault",
     "page faults, by kind",
     "page-fault records",
     "fault",
     {{{"count", "faults", "fault"},
       {"pages", "pages allocated", "page allocated"},
       {"ns", "handling faults", "handling faults"}}},
     3,
     kFaults,
     kNeedsNothing},
    {Kind::kCow,
     "cow",
     "copies on write, by the fork that is charged",
     "page-fault and fork records",
     "cow",
     {{{"pages", "pages copied", "page copied"},
       {"count", "copies", "copy"},
       {"ns", "copying", "copying"}}},
     3,
     kFaults,
     kNeedsNothing},
    {Kind::kFork,
     "fork",
     "creation of processes and threads",
     "records of the calls and of new tasks",
     "fork",
     {{{"ns", "in the call", "in the call"}, {"count", "tasks created", "task created"}}},
     2,
     kForks,
     kNeedsNothing},
    {Kind::kCoroutine,
     "coroutine",
     "time in which coroutines were on top of a thread",
     "the program's coroutine events",
     "",
     {{{"ns", "mounted", "mounted"}, {"count", "steps", "step"}}},
     2,
     kCoroutines,
     kNeedsNothing},
    {Kind::kSuspended,
     "suspended",
     "time in which coroutines were suspended",
     "the program's coroutine events",
     "",
     {{{"ns", "suspended", "suspended"}, {"count", "waits", "wait"}}},
     2,
     kCoroutines,
     kNeedsNothing},
};

const About& about(Kind kind) {
  return kAbout[static_cast<std::size_t>(kind)];
}

// A trace without a plan (a text trace, say) is taken to have everything.
bool was_recorded(const model::Metadata& metadata, std::string_view event) {
  bool planned = false;
  for (const model::PlannedEvent& each : metadata.plan) {
    if (each.event != event) continue;
    planned = true;
    if (!each.hook.empty()) return true;
  }
  return !planned;
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view word) {
  for (const About& each : kAbout) {
    if (each.name == word) return each.kind;
  }
  return std::nullopt;
}

std::vector<std::string> kind_words() {
  std::vector<std::string> words;
  for (const About& each : kAbout) words.emplace_back(each.name);
  return words;
}

std::string_view name_of(Kind kind) {
  return about(kind).name;
}

std::string_view title_of(Kind kind) {
  return about(kind).title;
}

std::string_view source_of(Kind kind) {
  return about(kind).source;
}

std::string_view stacks_of(Kind kind) {
  return about(kind).stacks;
}

std::optional<bool> stacks_recorded(Kind kind, const model::Metadata& metadata) {
  constexpr std::string_view kStacks = " stacks";
  bool told = false;
  const auto planned = [&](std::string_view word) {
    return std::any_of(metadata.plan.begin(), metadata.plan.end(), [&](const auto& each) {
      return each.event.size() == word.size() + kStacks.size() && each.event.starts_with(word) &&
             each.event.ends_with(kStacks);
    });
  };
  for (const model::PlannedEvent& each : metadata.plan) told |= each.event.ends_with(kStacks);
  if (!told) return std::nullopt;
  // Copies are faults, too.
  if (kind == Kind::kCow && planned("fault")) return true;
  std::string_view words = stacks_of(kind);
  while (!words.empty()) {
    const std::size_t comma = words.find(',');
    if (!planned(words.substr(0, comma))) return false;
    words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
  }
  return true;
}

std::span<const Unit> units_of(Kind kind) {
  return {about(kind).units.data(), about(kind).unit_count};
}

Result<std::size_t> find_unit(Kind kind, std::string_view name) {
  std::string known;
  const std::span<const Unit> units = units_of(kind);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i].name == name) return i;
    if (!known.empty()) known += ", ";
    known += units[i].name;
  }
  return fail(fmt::format("the profile {} is not counted in {}", name_of(kind), name),
              "--unit is one of: " + known, ErrorCode::kUsage);
}

Result<void> check_recorded(Kind kind, const model::Metadata& metadata) {
  for (const Needed& each : {about(kind).first, about(kind).second}) {
    if (each.event.empty() || was_recorded(metadata, each.event)) continue;
    return fail(fmt::format("this trace does not have {}, which the profile {} is made of",
                            each.what, name_of(kind)),
                fmt::format("record with {}", each.option), ErrorCode::kUsage);
  }
  return {};
}

}  // namespace triptych::profile
