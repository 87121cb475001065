// SPDX-License-Identifier: Apache-2.0
//
// What the markers of a program mean: those of <triptych/usdt.h>, or those of another provider,
// which somebody has described.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::coroutine::probes {

struct MarkerMeaning {
  std::string provider;
  std::string name;
  std::uint8_t what = 0;      // enum triptych_coroutine_what
  std::size_t id = 1;         // which of its arguments is the coroutine's id
  std::size_t second = 0;     // created: its name's address, awaits: the other's id; 0: it has none
  std::size_t arguments = 0;  // that it has; 0: as many as that takes, at least
};
using MarkerTable = std::vector<MarkerMeaning>;

inline constexpr std::string_view kOwnProvider = "triptych";

// Of <triptych/usdt.h>.
const MarkerTable& own_markers();

// One marker a line: "resumed PROVIDER:MARKER id=1". What is not understood is an error that names
// the line but tells nothing of what is in it: the file may be any that a recorder can read.
Result<MarkerTable> parse_marker_table(std::string_view text);

}  // namespace triptych::coroutine::probes
