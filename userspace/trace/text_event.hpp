// SPDX-License-Identifier: Apache-2.0
//
// One line of a text trace as an event.
#pragma once

#include <string>
#include <string_view>

#include "model/event.hpp"

namespace triptych::trace {

// False when `line` (without its line feed) is not an event; `problem` says why.
[[nodiscard]] bool parse_text_event(std::string_view line, model::Event& event,
                                    std::string& problem);

}  // namespace triptych::trace
