// SPDX-License-Identifier: Apache-2.0
//
// What limits the probes of coroutines, and what is said of it: how many of them a kernel takes
// away in due time, and what a program's file keeps from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "coroutine/reader/questions.hpp"
#include "model/metadata.hpp"
#include "probe/attach_plan.hpp"
#include "probe/capabilities.hpp"

namespace triptych::record {

struct WantedProbes {
  std::vector<std::string> programs;  // of the kernel side, that are hit
  std::size_t places = 0;
  bool by_name = false;
  std::string_view runtime;  // for which they can be asked for by name
};

struct SettledProbes {
  std::optional<probe::UserProbeWay> way;  // none: this kernel has none
  std::string refusal;                     // why there are none; empty: there are
};

// What was not asked for by name may be refused; what was is an error then.
Result<SettledProbes> settle_probes(const WantedProbes& wanted,
                                    const probe::Capabilities& capabilities);

// Why so many in all are not placed that way; empty: they are.
std::string too_many_places(probe::UserProbeWay way, std::size_t places, bool by_name);

// Of probes that come one by one.
std::string one_by_one(std::size_t probes, std::uint64_t placing_ns);

// Of a program that the compiler may have left coroutines out of.
std::string lower_bounds_of(std::string_view path);

// Puts `remarks` to what the plan of the kernel's hooks says of probes in programs.
void explain_probes(std::vector<model::PlannedEvent>& plan,
                    const std::vector<std::string>& remarks);

// How a program may have coroutines that are found by its symbols, and has none.
enum class Symbols : std::uint8_t { kThere, kStripped, kStrippedOfCpp };
Symbols symbols_of(const coroutine::reader::Examined& program);

}  // namespace triptych::record
