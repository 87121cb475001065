// SPDX-License-Identifier: Apache-2.0
//
// What was lost while recording, as data-quality counters.
#pragma once

#include <cstdint>

#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"

namespace triptych::trace {

// The recorder's own account, but for what nobody asked it to record.
void add_counters(const model::ProbeCounters& counters, const model::Metadata& metadata,
                  model::DataQuality& quality);

// One report of a full ring, where the recorder's account is not there to have it already; or of a
// damaged part of the file.
void add_lost(const model::Lost& lost, model::DataQuality& quality);

// Records that are neither in the file (`recorded`, by class) nor counted as lost, and those that
// are there but were never counted. Zero when nothing was counted at all.
[[nodiscard]] std::uint64_t unaccounted_records(const model::ProbeCounters& counters,
                                                const std::uint64_t (&recorded)[6]);

}  // namespace triptych::trace
