// SPDX-License-Identifier: Apache-2.0
//
// The text form of a trace as a source; any length, from a file or a pipe.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.hpp"
#include "trace/source.hpp"

namespace triptych::trace {

// `name` is for messages. Reads up to the first event.
Result<std::unique_ptr<Source>> open_text_source(UniqueFd fd, const std::string& name);

}  // namespace triptych::trace
