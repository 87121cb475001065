// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace triptych::exports {

// A gzip file with this content: always the same bytes, since no time is in it.
Result<std::string> gzip(std::string_view content);

}  // namespace triptych::exports
