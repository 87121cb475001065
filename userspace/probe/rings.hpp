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

  // The array by which the programs find the rings, yet empty: what they are to be loaded with.
  static Result<UniqueFd> create_array();

  // `buffer_bytes` is shared out evenly and rounded down to powers of two, as the kernel asks.
  // Takes tens of milliseconds, which the kernel spends on clearing the pages, and on waiting until
  // no program runs that might have seen the array empty.
  static Result<Rings> create(UniqueFd array, std::uint32_t cpus, std::uint64_t buffer_bytes);

  // Waits until every program that runs now has ended: the kernel does whenever the array changes.
  Result<void> wait_for_programs() const;

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(readers_.size()); }
  Result<void> drain(std::uint32_t ring, const RingReader::Sink& sink) {
    return readers_[ring].drain(sink);
  }

 private:
  Result<void> install() const;

  UniqueFd array_;
  std::vector<UniqueFd> fds_;
  std::vector<RingReader> readers_;
};

}  // namespace triptych::probe
