// SPDX-License-Identifier: Apache-2.0
//
// Questions and answers as bytes. Whoever answers has read a hostile file, and may be its tool by
// now: an answer is taken when all of it can be meant, and otherwise there is none. `file_size`
// bounds the places in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "coroutine/reader/questions.hpp"
#include "coroutine/reader/wire.hpp"

namespace triptych::coroutine::reader {

using Bytes = std::vector<std::byte>;

// A question begins with which one it is.
Bytes encode(const Wanted& wanted);
Bytes encode_python_question(std::string_view symbol);
Bytes encode(const ModuleQuestion& question);
Bytes encode(const LandingQuestion& question);

Question read_question(WireReader& reader);
Wanted read_wanted(WireReader& reader);
ModuleQuestion read_module_question(WireReader& reader);
LandingQuestion read_landing_question(WireReader& reader);

Bytes encode(const Examined& answer);
Bytes encode(const PythonPart& answer);
Bytes encode(const Result<discover::Discovery>& answer);
Bytes encode(const Landing& answer);

std::optional<Examined> decode_examined(std::span<const std::byte> bytes, std::uint64_t file_size);
std::optional<PythonPart> decode_python_part(std::span<const std::byte> bytes);
std::optional<Result<discover::Discovery>> decode_discovery(std::span<const std::byte> bytes,
                                                            std::uint64_t file_size);
std::optional<Landing> decode_landing(std::span<const std::byte> bytes, std::uint64_t file_size);

}  // namespace triptych::coroutine::reader
