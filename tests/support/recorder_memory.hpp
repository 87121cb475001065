// SPDX-License-Identifier: Apache-2.0
//
// A recorder's memory without a recorder: written by the test, honestly or not.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <triptych/coroutine_memory.h>
#include <unistd.h>

#include <cstdint>

#include "base/check.hpp"
#include "base/unique_fd.hpp"

namespace triptych::test {

class RecorderMemory {
 public:
  static constexpr std::uint64_t kRingBytes = TRIPTYCH_CORO_RING_BYTES_MIN;
  static constexpr std::uint64_t kEvents = kRingBytes / sizeof(triptych_coro_event);
  static constexpr std::uint32_t kTid = 77;  // of the thread that has slot 0
  static constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

  explicit RecorderMemory(int seals = kSeals,
                          std::uint64_t size = triptych_coro_total_bytes(kRingBytes)) {
    fd_ = UniqueFd(::memfd_create(TRIPTYCH_CORO_MEMFD, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    TRIPTYCH_CHECK(::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0);
    size_ = size;
    data_ = static_cast<char*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0));
    TRIPTYCH_CHECK(static_cast<void*>(data_) != MAP_FAILED);
    TRIPTYCH_CHECK(::fcntl(fd_.get(), F_ADD_SEALS, seals) == 0);
    header().magic = TRIPTYCH_CORO_MAGIC;
    header().version = TRIPTYCH_CORO_VERSION;
    header().clock = TRIPTYCH_CORO_CLOCK_TSC;
    header().ring_bytes = kRingBytes;
    header().slots_used = 1;
    if (size < triptych_coro_rings_offset()) return;
    slot(0).state = 1;
    slot(0).tid = kTid;
  }
  ~RecorderMemory() { ::munmap(data_, size_); }
  RecorderMemory(const RecorderMemory&) = delete;
  RecorderMemory& operator=(const RecorderMemory&) = delete;

  [[nodiscard]] UniqueFd fd() const { return UniqueFd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)); }
  triptych_coro_header& header() { return *static_cast<triptych_coro_header*>(at(0)); }
  triptych_coro_slot& slot(std::uint32_t index) {
    return *static_cast<triptych_coro_slot*>(
        at(triptych_coro_slots_offset() + index * triptych_coro_slot_stride()));
  }
  void write(std::uint32_t slot_index, std::uint32_t kind, std::uint64_t id,
             std::uint64_t stamp = __builtin_ia32_rdtsc()) {
    triptych_coro_slot& own = slot(slot_index);
    auto* ring = static_cast<triptych_coro_event*>(
        at(triptych_coro_rings_offset() + slot_index * kRingBytes));
    ring[own.head % kEvents] = {stamp, id | static_cast<std::uint64_t>(kind)
                                                << TRIPTYCH_CORO_KIND_SHIFT};
    __atomic_store_n(&own.head, own.head + 1, __ATOMIC_RELEASE);
  }
  char* data() { return data_; }

 private:
  void* at(std::uint64_t offset) { return data_ + offset; }

  UniqueFd fd_;
  char* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace triptych::test
