// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.hpp"
#include "coroutine/probes/marker_table.hpp"

namespace triptych::cli {

// What `--coroutines usdt:FILE` names: it says what the markers of a program mean.
Result<coroutine::probes::MarkerTable> read_marker_table(const std::string& path);

}  // namespace triptych::cli
