// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace triptych::probe {

// The id of a tracepoint such as "syscalls/sys_enter_clone", for perf_event_open. Read from a
// private mount of tracefs that no one else sees and that goes away with us, so that it works where
// tracefs is not mounted, and leaves nothing mounted behind.
Result<unsigned> tracepoint_id(std::string_view name);

}  // namespace triptych::probe
