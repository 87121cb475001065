// SPDX-License-Identifier: Apache-2.0
//
// The ring buffers that the programs write into, one per CPU, and how they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/ring_reader.hpp"

namespace triptych::probe {

class Rings {
 public:
  Rings() = default;

  // `buffer_bytes` is shared out evenly and rounded down to powers of two, as the kernel asks.
  // Takes some milliseconds, which the kernel spends on clearing the pages.
  static Result<Rings> create(std::uint32_t count, std::uint64_t buffer_bytes);

  // Puts the rings into the programs' array of maps. The kernel waits until no program runs that
  // might have seen the array as it was.
  Result<void> install(int array_of_maps_fd) const;

  // Waits until every program that runs now has ended, by the same means.
  Result<void> wait_for_programs(int array_of_maps_fd) const;

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(readers_.size()); }
  Result<void> drain(std::uint32_t ring, const RingReader::Sink& sink) {
    return readers_[ring].drain(sink);
  }

 private:
  std::vector<UniqueFd> fds_;
  std::vector<RingReader> readers_;
};

}  // namespace triptych::probe
