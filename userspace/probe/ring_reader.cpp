// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_reader.hpp"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace triptych::probe {
namespace {

constexpr std::uint64_t kHeaderBytes = BPF_RINGBUF_HDR_SZ;
// Space is given back in steps, so that the kernel need not wait for the whole look to end.
constexpr std::uint64_t kReleaseBytes = 256 * 1024;

std::uint64_t page_size() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Result<RingReader> RingReader::open(int map_fd, std::uint64_t size) {
  RingReader reader;
  reader.size_ = size;
  void* consumer = ::mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return fail_errno("map ring", errno);
  reader.consumer_ = static_cast<unsigned long*>(consumer);
  void* producer = ::mmap(nullptr, page_size() + 2 * size, PROT_READ, MAP_SHARED, map_fd,
                          static_cast<off_t>(page_size()));
  if (producer == MAP_FAILED) return fail_errno("map ring", errno);
  reader.producer_ = static_cast<const unsigned long*>(producer);
  reader.data_ = static_cast<const std::byte*>(producer) + page_size();
  return reader;
}

RingReader::RingReader(RingReader&& other) noexcept
    : consumer_(std::exchange(other.consumer_, nullptr)),
      producer_(std::exchange(other.producer_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_) {}

RingReader& RingReader::operator=(RingReader&& other) noexcept {
  std::swap(consumer_, other.consumer_);
  std::swap(producer_, other.producer_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

RingReader::~RingReader() {
  if (consumer_ != nullptr) ::munmap(consumer_, page_size());
  if (producer_ != nullptr) {
    ::munmap(const_cast<unsigned long*>(producer_), page_size() + 2 * size_);
  }
}

Result<void> RingReader::drain(const Sink& sink) {
  std::uint64_t position = *consumer_;  // only we write it
  const std::uint64_t end = __atomic_load_n(producer_, __ATOMIC_ACQUIRE);
  std::uint64_t released = position;
  Result<void> status;
  while (position < end && status) {
    const std::byte* at = data_ + (position & (size_ - 1));
    const auto header =
        __atomic_load_n(reinterpret_cast<const std::uint32_t*>(at), __ATOMIC_ACQUIRE);
    if ((header & BPF_RINGBUF_BUSY_BIT) != 0) break;  // being written: it waits for the next look
    const std::uint64_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((header & BPF_RINGBUF_DISCARD_BIT) == 0) status = sink({at + kHeaderBytes, length});
    position += (length + kHeaderBytes + 7) / 8 * 8;
    if (position - released >= kReleaseBytes) {
      __atomic_store_n(consumer_, position, __ATOMIC_RELEASE);
      released = position;
    }
  }
  __atomic_store_n(consumer_, position, __ATOMIC_RELEASE);
  return status;
}

}  // namespace triptych::probe
