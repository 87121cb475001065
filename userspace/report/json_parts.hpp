// SPDX-License-Identifier: Apache-2.0
//
// The recurring and the long parts of the JSON report. Absent knowledge is null, never zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "analyze/summary.hpp"
#include "profile/profile.hpp"
#include "report/view.hpp"

namespace triptych::report {

using Json = nlohmann::ordered_json;

inline constexpr const char* kLossClassNames[model::kLossClasses] = {
    "switches", "wakeups", "task_records", "faults", "marks", "summaries"};

template <typename T>
Json when(bool available, const T& value) {
  return available ? Json(value) : Json();
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// Adds exit_status (as a shell shows it: 128 + signal when one ended it), signal and core_dumped.
void add_wait_status(Json& json, const std::optional<std::uint32_t>& wait_status);

Json switches_json(const analyze::SwitchCounts& switches, const Available& available);
Json fault_counts_json(const analyze::FaultCounts& faults, const Available& available);
Json cow_json(const analyze::CowBill& bill, const Available& available);
Json histogram_json(const analyze::Histogram& histogram);

Json task_json(const View& view, const analyze::Task& task);
Json strangers_json(const analyze::Summary& summary);
Json address_space_json(const View& view, const analyze::AddressSpace& space);
Json fork_json(const View& view, const analyze::Fork& fork);
Json mark_json(const View& view, const analyze::MarkPoint& mark);

Json profile_json(const profile::Profile& profile);

// All members about coroutines.
void add_coroutines(const View& view, Json& json);

}  // namespace triptych::report
