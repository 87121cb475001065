// SPDX-License-Identifier: Apache-2.0
//
// Events as JSON lines, for other people's tools: every field is there, also where it is zero,
// under the names of the text form. Fields that the text form writes as 0x… are strings, since a
// double does not hold an address.
#pragma once

#include <string>

#include "model/event.hpp"

namespace triptych::trace {

// Appends one JSON object and a line feed; ASCII only.
void append_json_line(std::string& out, const model::Event& event);

}  // namespace triptych::trace
