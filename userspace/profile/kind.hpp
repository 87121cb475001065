// SPDX-License-Identifier: Apache-2.0
//
// Which questions a profile can answer, in which units, and what a recording must have for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/metadata.hpp"

namespace triptych::profile {

enum class Kind : std::uint8_t {
  kOnCpu,
  kOffCpu,
  kRunQueue,
  kWakeup,
  kFault,
  kCow,
  kFork,
  kCoroutine,
  kSuspended,
};

std::optional<Kind> parse_kind(std::string_view word);
std::vector<std::string> kind_words();  // all of them
std::string_view name_of(Kind kind);    // "off-cpu"
// For people: "time blocked, by system call"
std::string_view title_of(Kind kind);
// Where its figures come from: "switch records: …"
std::string_view source_of(Kind kind);

// What `record --stacks=` is to be given for its functions; empty: it has none.
std::string_view stacks_of(Kind kind);
// Whether the recording was given all of that; none: the trace does not tell.
std::optional<bool> stacks_recorded(Kind kind, const model::Metadata& metadata);

struct Unit {
  std::string_view name;  // "ns": what --unit takes, and folded files declare
  std::string_view of;    // "copies": what is counted; of nanoseconds, what they were spent on
  std::string_view one;   // "copy"
};
inline constexpr std::size_t kMaxUnits = 3;
// At most kMaxUnits; the first one is meant when nobody says which.
std::span<const Unit> units_of(Kind kind);
// Position of the unit of this name.
Result<std::size_t> find_unit(Kind kind, std::string_view name);

// Fails, and says how to record again, when the trace cannot tell what the profile is about.
Result<void> check_recorded(Kind kind, const model::Metadata& metadata);

}  // namespace triptych::profile
