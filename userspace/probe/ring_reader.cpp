// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_reader.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace triptych::probe {
namespace {

// Space is given back in steps, so that the programs need not wait for the whole look to end, and
// while what is cleared is still in the processor's cache.
constexpr std::uint64_t kReleaseBytes = 32 * 1024;

// Of the record that begins here, or 0: it is being written.
std::size_t written_bytes(const std::byte* at) {
  static_assert(offsetof(triptych_hdr, size8) == 15, "the last byte of the second word");
  const auto word =
      __atomic_load_n(reinterpret_cast<const std::uint64_t*>(at) + 1, __ATOMIC_ACQUIRE);
  return (word >> 56) * 8;
}

}  // namespace

Result<void> RingReader::drain(const Sink& sink) {
  std::uint64_t released = ends_->tail;  // only we write it
  std::uint64_t position = released;
  const std::uint64_t end = __atomic_load_n(&ends_->head, __ATOMIC_ACQUIRE);
  Result<void> status;
  while (position < end && status) {
    const std::uint64_t offset = position & (bytes_.size() - 1);
    const std::byte* at = &bytes_[offset];
    const std::size_t size = written_bytes(at);
    if (size == 0) break;  // it waits for the next look
    TRIPTYCH_CHECK(size <= TRIPTYCH_RING_BLOCK - offset % TRIPTYCH_RING_BLOCK);
    if (reinterpret_cast<const triptych_hdr*>(at)->kind != TRIPTYCH_EV_INVALID) {
      status = sink({at, size});
    }
    position += (size + TRIPTYCH_RING_ALIGN - 1) / TRIPTYCH_RING_ALIGN * TRIPTYCH_RING_ALIGN;
    if (position - released >= kReleaseBytes) {
      release(released, position);
      released = position;
    }
  }
  if (position != released) release(released, position);
  return status;
}

void RingReader::release(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t offset = from & (bytes_.size() - 1);
  const std::uint64_t first = std::min(to - from, bytes_.size() - offset);
  std::memset(&bytes_[offset], 0, first);
  std::memset(bytes_.data(), 0, to - from - first);
  __atomic_store_n(&ends_->tail, to, __ATOMIC_RELEASE);
}

}  // namespace triptych::probe
