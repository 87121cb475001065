// SPDX-License-Identifier: Apache-2.0
#include "analyze/loss_tracker.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

constexpr std::size_t kMaxLossRanges = 1000;

void add(LossRange& range, const model::Lost& lost) {
  range.first_ns = std::min(range.first_ns, lost.first_ns);
  range.last_ns = std::max(range.last_ns, lost.last_ns);
  for (std::size_t i = 0; i < model::kLossClasses; ++i) range.counts[i] += lost.counts[i];
  range.unknown_kind += lost.unknown_kind;
  range.damaged |= lost.damaged;
}

}  // namespace

void RangeSet::insert(model::TimeNs first_ns, model::TimeNs last_ns) {
  last_ns = std::max(first_ns, last_ns);
  const auto begin =
      std::lower_bound(ranges_.begin(), ranges_.end(), first_ns,
                       [](const Range& range, model::TimeNs ts) { return range.last_ns < ts; });
  auto end = begin;
  Range merged{first_ns, last_ns};
  while (end != ranges_.end() && end->first_ns <= last_ns) {
    merged.first_ns = std::min(merged.first_ns, end->first_ns);
    merged.last_ns = std::max(merged.last_ns, end->last_ns);
    ++end;
  }
  ranges_.insert(ranges_.erase(begin, end), merged);
  if (ranges_.size() <= kMaxRanges) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ranges_.size(); i += 2) {
    const Range& last = ranges_[std::min(i + 1, ranges_.size() - 1)];
    ranges_[kept++] = Range{ranges_[i].first_ns, last.last_ns};
  }
  ranges_.resize(kept);
}

std::optional<model::TimeNs> RangeSet::first(model::TimeNs since_ns) const {
  const auto range =
      std::lower_bound(ranges_.begin(), ranges_.end(), since_ns,
                       [](const Range& r, model::TimeNs ts) { return r.last_ns < ts; });
  if (range == ranges_.end()) return std::nullopt;
  return std::max(range->first_ns, since_ns);
}

void LossTracker::on_lost(std::uint16_t cpu, const model::Lost& lost) {
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    if (!lost.may_be_of(static_cast<model::LossClass>(i))) continue;
    if (lost.damaged) {
      missing_[i].known += lost.counts[i];
      missing_[i].perhaps_more |= lost.counts[i] == 0 || lost.unknown_kind != 0;
    } else {
      counts_[i] += lost.counts[i];
    }
    all_[i].insert(lost.first_ns, lost.last_ns);
    by_cpu_[cpu].ranges[i].insert(lost.first_ns, lost.last_ns);
  }
  keep(cpu, lost);
}

void LossTracker::doubt_tail(model::LossClass loss, const std::vector<model::TimeNs>& cpu_from_ns,
                             model::TimeNs end_ns) {
  const auto i = static_cast<std::size_t>(loss);
  for (std::size_t cpu = 0; cpu < cpu_from_ns.size(); ++cpu) {
    all_[i].insert(cpu_from_ns[cpu], end_ns);
    by_cpu_[static_cast<std::uint16_t>(cpu)].ranges[i].insert(cpu_from_ns[cpu], end_ns);
  }
}

std::optional<model::TimeNs> LossTracker::first(model::LossClass loss,
                                                model::TimeNs since_ns) const {
  return all_[static_cast<std::size_t>(loss)].first(since_ns);
}

std::optional<model::TimeNs> LossTracker::first_on(std::uint16_t cpu, model::LossClass loss,
                                                   model::TimeNs since_ns) const {
  const auto found = by_cpu_.find(cpu);
  if (found == by_cpu_.end()) return std::nullopt;
  return found->second.ranges[static_cast<std::size_t>(loss)].first(since_ns);
}

void LossTracker::keep(std::uint16_t cpu, const model::Lost& lost) {
  LossRange range;
  range.cpu = cpu;
  range.first_ns = lost.first_ns;
  range.last_ns = lost.last_ns;
  for (std::size_t i = 0; i < model::kLossClasses; ++i) range.counts[i] = lost.counts[i];
  range.unknown_kind = lost.unknown_kind;
  range.damaged = lost.damaged;
  // When there are too many, one range a CPU, the last of its own, goes on growing.
  Cpu& known = by_cpu_[cpu];
  if (ranges_.size() >= kMaxLossRanges && known.last_kept) {
    add(ranges_[*known.last_kept], lost);
    return;
  }
  known.last_kept = ranges_.size();
  ranges_.push_back(range);
}

}  // namespace triptych::analyze
