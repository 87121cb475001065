// SPDX-License-Identifier: Apache-2.0
//
// What was found in a file as bytes, and back: places, what the kernel side is told of them, and
// what is known of a runtime. That the kernel side reads registers and memory by it makes what is
// read worth a check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/usdt.hpp"
#include "coroutine/reader/wire.hpp"

namespace triptych::coroutine::reader {

// Of a function: nobody is told more of it.
inline constexpr std::size_t kMostName = 1024;

void put(WireWriter& writer, const probes::Place& place);
void put(WireWriter& writer, const std::vector<probes::Place>& places);
void put(WireWriter& writer, const discover::Discovery& found);
void put(WireWriter& writer, const discover::Interpreter& interpreter);

// `functions`: as many as there are for a place to be one of.
probes::Place read_place(WireReader& reader, std::uint64_t file_size, std::size_t functions);
std::vector<probes::Place> read_places(WireReader& reader, std::uint64_t file_size,
                                       std::size_t functions);
discover::Discovery read_discovery(WireReader& reader, std::uint64_t file_size);
discover::Interpreter read_interpreter_layout(WireReader& reader);

}  // namespace triptych::coroutine::reader
