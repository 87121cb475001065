// SPDX-License-Identifier: Apache-2.0
//
// Records of coroutines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/decode.hpp"

namespace triptych::decode {

Status decode_coroutines(std::uint8_t kind, std::span<const std::byte> record, model::Event& event);

}  // namespace triptych::decode
