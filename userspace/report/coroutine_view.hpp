// SPDX-License-Identifier: Apache-2.0
//
// What of a summary's coroutines is looked at, and what they are called. Shared by the text and the
// JSON report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "report/view.hpp"

namespace triptych::report {

// Those that ran on a thread of the view, or on none.
std::vector<const analyze::Coroutine*> coroutines_of(const View& view);
// Without those that were only called by one.
std::vector<const analyze::CoroutineFunction*> coroutine_functions_of(const View& view);
// A function was probed that somebody named: of a coroutine is known that it was resumed.
bool are_only_hits(const View& view);
// Of what programs' own recorders told: kMonotonic if any could not use the TSC; none: nothing was.
std::optional<model::CoroutineClock> recorder_clock(const View& view);
// What the programs' own recorder counted, and so wrote or left out. An event takes a program some
// kRecorderEventNs while it is recorded: resuming and suspending, as measured (docs/coroutines.md).
inline constexpr std::uint64_t kRecorderEventNs = 13;
std::uint64_t recorder_events(const analyze::Summary& summary);
// What the recording found beforehand that may have kept some from being seen.
std::vector<std::string> why_none_was_seen(const View& view);
std::vector<const analyze::EventLoop*> loops_of(const View& view);
std::vector<const analyze::BlockedLoop*> blocks_of(const View& view);

std::string_view name_of(model::CoroutineSource source);    // "recorder", "usdt", "uprobe"
std::string_view name_of(model::CoroutineRuntime runtime);  // "cpp", ...; empty: not told

class CoroutineNames {
 public:
  explicit CoroutineNames(const View& view);

  // nullptr: none has this number.
  [[nodiscard]] const analyze::CoroutineFunction* find(std::uint32_t function) const;
  [[nodiscard]] bool known(std::uint32_t function) const;
  [[nodiscard]] const std::string& raw(std::uint32_t function) const;
  // To be shown: "fetch", or "(unknown function)".
  [[nodiscard]] std::string shown(std::uint32_t function) const;
  [[nodiscard]] model::Tid tgid(std::uint32_t space) const;  // 0: not known

 private:
  std::unordered_map<std::uint32_t, const analyze::CoroutineFunction*> functions_;
  std::unordered_map<std::uint32_t, const analyze::CoroutineSpace*> spaces_;
};

}  // namespace triptych::report
