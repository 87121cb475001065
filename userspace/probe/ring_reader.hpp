// SPDX-License-Identifier: Apache-2.0
//
// Reads one BPF ring buffer in place. Its own reader instead of libbpf's, because that one reads on
// while the kernel writes: each look here takes at most what was there when it began, so that a
// busy ring cannot starve the others or the recorder's other duties.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/error.hpp"

namespace triptych::probe {

class RingReader {
 public:
  // `map_fd` stays the caller's; `size` is the ring's, in bytes.
  static Result<RingReader> open(int map_fd, std::uint64_t size);

  RingReader(RingReader&& other) noexcept;
  RingReader& operator=(RingReader&& other) noexcept;
  ~RingReader();

  using Sink = std::function<Result<void>(std::span<const std::byte> record)>;
  Result<void> drain(const Sink& sink);

 private:
  RingReader() = default;

  unsigned long* consumer_ = nullptr;        // mapped for writing: how far we have read
  const unsigned long* producer_ = nullptr;  // one page, then the data, mapped twice in a row
  const std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace triptych::probe
