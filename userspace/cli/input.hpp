// SPDX-License-Identifier: Apache-2.0
//
// Reading a whole trace on behalf of a person who waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "model/event.hpp"
#include "trace/source.hpp"

namespace triptych::cli {

inline constexpr const char* kDefaultTrace = "triptych.tpt";  // in the current directory
inline constexpr const char* kDebugDirectory = "/usr/lib/debug";

// As trace::open_source, with hints that fit a command line. `given`: the user named the path.
Result<std::unique_ptr<trace::Source>> open_trace(const std::string& path, bool given);

// Passes every event to `each` until it fails. After a second of reading, and only on a terminal,
// says on standard error how far it is.
Result<void> read_all(trace::Source& source,
                      const std::function<Result<void>(const model::Event&)>& each);

}  // namespace triptych::cli
