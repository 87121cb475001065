// SPDX-License-Identifier: Apache-2.0
//
// The reverse of decode, for tests and benchmarks that need a trace file without a kernel: the
// bytes that our BPF programs would have written.
#pragma once

#include <cstddef>
#include <vector>

#include "model/event.hpp"

namespace triptych::decode {

// decode(encode(event)) == event, for every event that decode can produce.
[[nodiscard]] std::vector<std::byte> encode(const model::Event& event);

}  // namespace triptych::decode
