// SPDX-License-Identifier: Apache-2.0
//
// The rings that the programs write into, one per CPU (bpf/lib/ring.bpf.h), and how they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/shared_mapping.hpp"
#include "base/unique_fd.hpp"
#include "probe/ring_reader.hpp"

namespace triptych::probe {

class Rings {
 public:
  Rings() = default;

  // `buffer_bytes` is shared out evenly and rounded down to powers of two. Takes tens of
  // milliseconds, which the kernel spends on clearing the pages.
  static Result<Rings> create(std::uint32_t cpus, std::uint64_t buffer_bytes);

  // What the programs are to be loaded with as their maps `ring_data` and `ring_ends`, and as
  // `ring_count` and `ring_blocks`.
  [[nodiscard]] int data_fd() const { return data_fd_.get(); }
  [[nodiscard]] int ends_fd() const { return ends_fd_.get(); }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(readers_.size()); }
  [[nodiscard]] std::uint32_t blocks() const { return blocks_; }

  Result<void> drain(std::uint32_t ring, const RingReader::Sink& sink) {
    return readers_[ring].drain(sink);
  }

 private:
  UniqueFd data_fd_, ends_fd_;
  std::uint32_t blocks_ = 0;  // of each ring
  SharedMapping data_, ends_;
  std::vector<RingReader> readers_;
};

}  // namespace triptych::probe
