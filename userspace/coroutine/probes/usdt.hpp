// SPDX-License-Identifier: Apache-2.0
//
// The markers of a program that says itself what its coroutines do, and the places to probe that
// they make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "abi/config.h"
#include "base/error.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/marker_table.hpp"

namespace triptych::coroutine::probes {

// A place in a file whose being reached means something.
struct Place {
  std::uint64_t offset = 0;
  triptych_coroutine_site site{};
  std::uint64_t watchers = 0;  // where in the file it counts who looks at the place; 0: it does not
};

// A note of .note.stapsdt, as it stands there.
struct Marker {
  std::string provider;
  std::string name;
  std::string arguments;
  std::uint64_t address = 0;
  std::uint64_t semaphore = 0;  // 0: none
};

// All markers of the file; an error when its notes are damaged.
Result<std::vector<Marker>> read_markers(const ElfFile& file);

// Those of the table. An error for one that cannot be probed, or must not be: its instruction is
// not the nop of one byte that our header makes. Kernels turn a nop of five bytes into a call,
// which kills a forked child and overwrites what a leaf function keeps below its stack pointer. And
// for one of provider `triptych` that is not in a table which has others of it.
Result<std::vector<Place>> plan_markers(const ElfFile& file,
                                        const MarkerTable& table = own_markers());

// Whether this record was written because such a place was reached.
bool is_hit(std::span<const std::byte> record);

}  // namespace triptych::coroutine::probes
