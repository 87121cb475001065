// SPDX-License-Identifier: Apache-2.0
#include "trace/counters_quality.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace triptych::trace {
namespace {

using model::Quality;

constexpr std::array<Quality, model::kLossClasses> kLostOfClass{
    Quality::lost_switches, Quality::lost_wakeups, Quality::lost_task_records,
    Quality::lost_faults,   Quality::lost_marks,   Quality::lost_summaries};

}  // namespace

void add_counters(const model::ProbeCounters& counters, const model::Metadata& metadata,
                  model::DataQuality& quality) {
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    quality.add(kLostOfClass[i], counters.lost[i]);
  }
  quality.add(Quality::lost_on_disk, counters.disk_lost);
  quality.add(Quality::storage_failed, counters.storage_failed + counters.serials_exhausted);
  quality.add(Quality::recursion_misses, counters.recursion_misses);
  const bool without_switches = std::any_of(
      metadata.plan.begin(), metadata.plan.end(),
      [](const model::PlannedEvent& each) { return each.event == "switch" && each.hook.empty(); });
  if (!without_switches) quality.add(Quality::switches_missed, counters.switches_missed);
  quality.add(Quality::lost_stacks, counters.stacks.lost);
  quality.add(Quality::lost_maps, counters.stacks.lost_maps);
  quality.add(Quality::lost_samples, counters.stacks.lost_samples);
}

void add_lost(const model::Lost& lost, model::DataQuality& quality) {
  if (lost.damaged) return quality.add(Quality::missing_records, lost.records());
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    quality.add(kLostOfClass[i], lost.counts[i]);
  }
}

std::uint64_t unaccounted_records(const model::ProbeCounters& counters,
                                  const std::uint64_t (&recorded)[6]) {
  std::uint64_t produced = 0;
  std::uint64_t missing = 0;
  std::uint64_t surplus = 0;
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    const std::uint64_t known = recorded[i] + counters.lost[i];
    produced += counters.produced[i];
    missing += counters.produced[i] - std::min(counters.produced[i], known);
    surplus += known - std::min(counters.produced[i], known);
  }
  if (produced == 0) return 0;
  // What the disk did not take is counted together, whatever its class.
  return missing - std::min(missing, counters.disk_lost) + surplus;
}

}  // namespace triptych::trace
