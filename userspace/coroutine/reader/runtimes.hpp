// SPDX-License-Identifier: Apache-2.0
//
// The runtimes that are known, and by which code they are found in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::reader {

// The first ones are found in any file that has them, the others in a module of Python.
enum class RuntimeId : std::uint8_t {
  kCpp,
  kTokio,
  kBoost,
  kUcontext,
  kAsyncio,
  kTrio,
  kGreenlet,
};
inline constexpr std::size_t kRuntimeIds = 7;

Result<discover::Discovery> discover_runtime(RuntimeId runtime, const probes::ElfFile& file);
Result<discover::Discovery> discover_in_module(RuntimeId runtime, const probes::ElfFile& module,
                                               const discover::Interpreter& interpreter);

// What makes a landing of the place that a coroutine returned to.
std::optional<probes::Place> landing_of(RuntimeId runtime, const probes::ElfFile& file,
                                        std::uint64_t address, bool may_be_dear);

}  // namespace triptych::coroutine::reader
