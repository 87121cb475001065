// SPDX-License-Identifier: Apache-2.0
//
// The raw records of bpf/abi/events.h as model events: the ABI ends here. The bytes may come from a
// damaged or hostile file, so nothing in them is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/event.hpp"

namespace triptych::decode {

enum class Status : std::uint8_t {
  kOk,
  kMalformed,    // shorter than its kind, or a field has a value that the kind does not know
  kUnknownKind,  // written by a newer version
};

// Decodes one whole record. A record that is longer than its kind was extended by a newer version:
// the tail is ignored, as are flag bits without a meaning here. `event` is unspecified unless kOk.
[[nodiscard]] Status decode(std::span<const std::byte> record, model::Event& event);

}  // namespace triptych::decode
