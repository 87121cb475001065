// SPDX-License-Identifier: Apache-2.0
//
// Where a marker has its arguments when it is reached: "8@%rdi", "-4@$7", "8@-16(%rbp)", as the
// assembler wrote them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "abi/config.h"

namespace triptych::coroutine::probes {

// None for what the kernel side cannot take: vector registers, an index, an address by name.
std::optional<triptych_operand> parse_operand(std::string_view text);

// Separated by blanks; none when one of them cannot be taken.
std::optional<std::vector<triptych_operand>> parse_operands(std::string_view text);

}  // namespace triptych::coroutine::probes
