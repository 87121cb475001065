// SPDX-License-Identifier: Apache-2.0
//
// Records of stacks and of what names their frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/decode.hpp"

namespace triptych::decode {

Status decode_stacks(std::uint8_t kind, std::span<const std::byte> record, model::Event& event);

}  // namespace triptych::decode
