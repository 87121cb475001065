// SPDX-License-Identifier: Apache-2.0
//
// Reads one ring in place, and clears what it has read: to the programs, zero is room
// (bpf/lib/ring.bpf.h). Each look takes at most what was there when it began, so that a busy ring
// cannot starve the others or the recorder's other duties.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "abi/config.h"
#include "base/error.hpp"

namespace triptych::probe {

class RingReader {
 public:
  // `ends` and `bytes`, the ring's and a power of two of them, are mapped from the kernel, for
  // writing, and outlive the reader.
  RingReader(triptych_ring_ends* ends, std::span<std::byte> bytes) : ends_(ends), bytes_(bytes) {}

  using Sink = std::function<Result<void>(std::span<const std::byte> record)>;
  Result<void> drain(const Sink& sink);

 private:
  void release(std::uint64_t from, std::uint64_t to);

  triptych_ring_ends* ends_;
  std::span<std::byte> bytes_;
};

}  // namespace triptych::probe
