// SPDX-License-Identifier: Apache-2.0
//
// The half of open_source behind the file's name, for tests and fuzzers that have no file.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.hpp"
#include "trace/source.hpp"

namespace triptych::trace {

// `name` is for messages.
Result<std::unique_ptr<Source>> open_source_fd(UniqueFd fd, const std::string& name);

}  // namespace triptych::trace
