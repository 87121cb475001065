// SPDX-License-Identifier: Apache-2.0
#include "analyze/stack_tracker.hpp"

#include <algorithm>
#include <utility>

#include "analyze/interval.hpp"

namespace triptych::analyze {
namespace {

constexpr std::size_t kMostSums = 1000;

}  // namespace

std::size_t StackTracker::Hash::operator()(const Place& place) const {
  const std::uint64_t both = static_cast<std::uint64_t>(place.stacks.user) << 32 |
                             static_cast<std::uint32_t>(place.stacks.kernel);
  const std::uint64_t mixed = (both ^ static_cast<std::uint32_t>(place.key)) * 0x9e3779b97f4a7c15u;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

bool StackTracker::on_event(const model::Event& event) {
  if (const auto* of = std::get_if<model::StackOf>(&event.payload)) {
    if (event.cpu >= pending_.size()) pending_.resize(event.cpu + std::size_t{1});
    pending_[event.cpu] = {event.ts_ns, *of};
  } else if (const auto* stack = std::get_if<model::Stack>(&event.payload)) {
    table_.on_stack(*stack);
  } else if (const auto* bytes = std::get_if<model::StackBytes>(&event.payload)) {
    copies_.on_bytes(*bytes);
  } else if (const auto* copy = std::get_if<model::StackCopy>(&event.payload)) {
    table_.on_unwound(copy->id, copy->mm, copies_.on_copy(event.ts_ns, *copy, table_.code));
  } else if (const auto* function = std::get_if<model::FileSymbol>(&event.payload)) {
    table_.names.add(*function);
  } else if (const auto* inlined = std::get_if<model::FileInlined>(&event.payload)) {
    table_.names.add(*inlined);
  } else if (const auto* made = std::get_if<model::JitSymbol>(&event.payload)) {
    table_.names.add(*made);
  } else if (const auto* symbol = std::get_if<model::KernelSymbol>(&event.payload)) {
    table_.on_symbol(*symbol);
  } else if (const auto* map = std::get_if<model::Map>(&event.payload)) {
    table_.code.on_map(event.ts_ns, *map);
  } else {
    return false;
  }
  return true;
}

Stacks StackTracker::of(const model::Event& event, model::StackWhat what) {
  if (event.cpu >= pending_.size()) return {};
  Pending& pending = pending_[event.cpu];
  if (pending.ts_ns != event.ts_ns || pending.of.what != what) return {};
  const model::StackOf of = std::exchange(pending, Pending()).of;
  return {table_.number_of(of.user, event.ts_ns), table_.number_of(of.kernel, event.ts_ns)};
}

Stacks StackTracker::on_sample(const model::Event& event, const model::Sample& sample) {
  const Stacks stacks{table_.number_of(sample.user, event.ts_ns),
                      table_.number_of(sample.kernel, event.ts_ns)};
  if (!window_.counting()) return stacks;
  StackSum& sum = runs_[{stacks, 0}];
  sum.stacks = stacks;
  ++sum.count;
  sum.time_ns += sample.period_ns;
  return stacks;
}

void StackTracker::waited(const Stacks& stacks, std::int32_t key, std::uint64_t time_ns) {
  if (time_ns == 0) return;
  if (!stacks.any()) {
    without_ns_ += time_ns;
    return;
  }
  StackSum& sum = waits_[{stacks, key}];
  sum.stacks = stacks;
  sum.key = key;
  ++sum.count;
  sum.time_ns += time_ns;
}

std::vector<StackSum> StackTracker::longest(const Sums& sums) {
  std::vector<StackSum> all;
  all.reserve(sums.size());
  for (const auto& [place, sum] : sums) all.push_back(sum);
  std::sort(all.begin(), all.end(), [](const StackSum& a, const StackSum& b) {
    if (a.time_ns != b.time_ns) return a.time_ns > b.time_ns;
    if (a.stacks.user != b.stacks.user) return a.stacks.user < b.stacks.user;
    return a.stacks.kernel != b.stacks.kernel ? a.stacks.kernel < b.stacks.kernel : a.key < b.key;
  });
  all.resize(std::min(all.size(), kMostSums));
  return all;
}

void StackTracker::finish(Summary& summary) {
  const auto total = [](const Sums& sums) {
    std::uint64_t time_ns = 0;
    for (const auto& [place, sum] : sums) time_ns += sum.time_ns;
    return time_ns;
  };
  StackSums& out = summary.stacks;
  out.recorded = !waits_.empty() || !runs_.empty();
  out.waited_ns = total(waits_);
  out.ran_ns = total(runs_);
  out.waited_without_ns = without_ns_;
  out.waits = longest(waits_);
  out.runs = longest(runs_);
  out.table = std::make_shared<const StackTable>(std::move(table_));
}

}  // namespace triptych::analyze
