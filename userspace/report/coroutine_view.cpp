// SPDX-License-Identifier: Apache-2.0
#include "report/coroutine_view.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

constexpr std::size_t kFunctionWidth = 32;

template <class T>
std::vector<const T*> on_threads_of(const View& view, const std::vector<T>& all) {
  std::vector<const T*> chosen;
  for (const T& each : all) {
    if (!view.narrowed() || view.contains(each.task)) chosen.push_back(&each);
  }
  return chosen;
}

}  // namespace

std::vector<const analyze::Coroutine*> coroutines_of(const View& view) {
  std::vector<const analyze::Coroutine*> chosen;
  for (const analyze::Coroutine& each : view.summary().coroutines.rows) {
    const bool is_in = std::any_of(each.threads.begin(), each.threads.end(),
                                   [&](model::TaskId task) { return view.contains(task); });
    if (!view.narrowed() || is_in) chosen.push_back(&each);
  }
  return chosen;
}

std::vector<const analyze::CoroutineFunction*> coroutine_functions_of(const View& view) {
  std::vector<const analyze::CoroutineFunction*> chosen;
  for (const analyze::CoroutineFunction& each : view.summary().coroutines.functions) {
    // Or number 0, from which all have got a name by now.
    const bool only_called = (each.is_callee || each.number == 0) && !each.own_counts &&
                             each.counts == analyze::CoroutineCounts{} &&
                             each.times.mounted_ns == 0 && each.times.suspended_ns == 0;
    if (!only_called) chosen.push_back(&each);
  }
  return chosen;
}

bool are_only_hits(const View& view) {
  const std::vector<analyze::Coroutine>& rows = view.summary().coroutines.rows;
  return !rows.empty() && rows.front().runtime == model::CoroutineRuntime::kFunction;
}

std::optional<model::CoroutineClock> recorder_clock(const View& view) {
  std::optional<model::CoroutineClock> clock;
  for (const analyze::CoroutineSpace& space : view.summary().coroutines.spaces) {
    if (space.source != model::CoroutineSource::kRecorder) continue;
    if (clock != model::CoroutineClock::kMonotonic) clock = space.clock;
  }
  return clock;
}

std::uint64_t recorder_events(const analyze::Summary& summary) {
  std::uint64_t events = 0;
  for (const analyze::CoroutineFunction& each : summary.coroutines.functions) {
    if (!each.own_counts) continue;
    const analyze::CoroutineCounts& own = *each.own_counts;
    events += own.created + own.resumed + own.suspended + own.finished + own.destroyed;
  }
  return events;
}

// As recordings say it.
constexpr std::string_view kNotAskedFor = "not asked for";

std::vector<std::string> why_none_was_seen(const View& view) {
  std::vector<std::string> reasons;
  for (const model::PlannedEvent& each : view.summary().metadata.plan) {
    const bool remark = each.event == "coroutine" && each.hook.empty();
    if (remark && each.reason != kNotAskedFor) reasons.push_back(each.reason);
  }
  return reasons;
}

std::vector<const analyze::EventLoop*> loops_of(const View& view) {
  if (are_only_hits(view)) return {};
  return on_threads_of(view, view.summary().coroutines.loops);
}

std::vector<const analyze::BlockedLoop*> blocks_of(const View& view) {
  return on_threads_of(view, view.summary().coroutines.blocked);
}

std::string_view name_of(model::CoroutineSource source) {
  switch (source) {
    case model::CoroutineSource::kRecorder:
      return "recorder";
    case model::CoroutineSource::kUsdt:
      return "usdt";
    case model::CoroutineSource::kUprobe:
      return "uprobe";
  }
  return {};
}

std::string_view name_of(model::CoroutineRuntime runtime) {
  switch (runtime) {
    case model::CoroutineRuntime::kUntold:
      break;
    case model::CoroutineRuntime::kCpp:
      return "cpp";
    case model::CoroutineRuntime::kBoost:
      return "boost";
    case model::CoroutineRuntime::kUcontext:
      return "ucontext";
    case model::CoroutineRuntime::kAsyncio:
      return "asyncio";
    case model::CoroutineRuntime::kTrio:
      return "trio";
    case model::CoroutineRuntime::kGreenlet:
      return "greenlet";
    case model::CoroutineRuntime::kTokio:
      return "tokio";
    case model::CoroutineRuntime::kFunction:
      return "function";
  }
  return {};
}

CoroutineNames::CoroutineNames(const View& view) {
  const analyze::Coroutines& all = view.summary().coroutines;
  for (const analyze::CoroutineFunction& each : all.functions) functions_[each.number] = &each;
  for (const analyze::CoroutineSpace& each : all.spaces) spaces_[each.number] = &each;
}

const analyze::CoroutineFunction* CoroutineNames::find(std::uint32_t function) const {
  const auto found = functions_.find(function);
  return found == functions_.end() ? nullptr : found->second;
}

bool CoroutineNames::known(std::uint32_t function) const {
  const analyze::CoroutineFunction* found = find(function);
  return found != nullptr && !found->name.empty();
}

const std::string& CoroutineNames::raw(std::uint32_t function) const {
  static const std::string kNone;
  return known(function) ? functions_.at(function)->name : kNone;
}

std::string CoroutineNames::shown(std::uint32_t function) const {
  return known(function) ? cut(escape(raw(function)), kFunctionWidth) : "(unknown function)";
}

model::Tid CoroutineNames::tgid(std::uint32_t space) const {
  const auto found = spaces_.find(space);
  return found == spaces_.end() ? 0 : found->second->tgid;
}

}  // namespace triptych::report
