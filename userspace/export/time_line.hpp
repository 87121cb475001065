// SPDX-License-Identifier: Apache-2.0
//
// What time lines, whatever their form, call what they show.
#pragma once

#include <cstdint>
#include <string>

#include "analyze/interval.hpp"
#include "model/event.hpp"

namespace triptych::exports {

// "running", "runnable", "blocked: read", "unknown", or "lost" where records were.
std::string state_name(const analyze::Doing& state);
// "load", "begin load", "end load".
std::string mark_name(const model::Mark& mark);
std::uint64_t lost_records(const analyze::LossRange& range);

}  // namespace triptych::exports
