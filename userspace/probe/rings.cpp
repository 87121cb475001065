// SPDX-License-Identifier: Apache-2.0
#include "probe/rings.hpp"

#include <bpf/bpf.h>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace triptych::probe {
namespace {

constexpr std::uint64_t kSmallestRing = 64 * 1024;

}  // namespace

Result<Rings> Rings::create(std::uint32_t count, std::uint64_t buffer_bytes) {
  const std::uint64_t size = std::max(kSmallestRing, std::bit_floor(buffer_bytes / count));
  Rings rings;
  for (std::uint32_t index = 0; index < count; ++index) {
    UniqueFd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "triptych_ring", 0, 0,
                                 static_cast<__u32>(size), nullptr));
    if (!ring) {
      return fail_errno(fmt::format("create a ring of {} bytes", size), errno,
                        "choose a smaller --buffer-size");
    }
    TRIPTYCH_TRY_ASSIGN(RingReader reader, RingReader::open(ring.get(), size));
    rings.readers_.push_back(std::move(reader));
    rings.fds_.push_back(std::move(ring));
  }
  return rings;
}

// All at once: the kernel waits for a grace period at each call.
Result<void> Rings::install(int array_of_maps_fd) const {
  std::vector<std::uint32_t> indices;
  std::vector<int> fds;
  for (const UniqueFd& fd : fds_) {
    indices.push_back(static_cast<std::uint32_t>(indices.size()));
    fds.push_back(fd.get());
  }
  auto count = static_cast<__u32>(fds.size());
  if (bpf_map_update_batch(array_of_maps_fd, indices.data(), fds.data(), &count, nullptr) != 0) {
    return fail_errno("install the rings", errno);
  }
  return {};
}

Result<void> Rings::wait_for_programs(int array_of_maps_fd) const {
  const std::uint32_t index = 0;
  const int fd = fds_[0].get();
  if (bpf_map_update_elem(array_of_maps_fd, &index, &fd, BPF_ANY) != 0) {
    return fail_errno("wait for the programs to end", errno);
  }
  return {};
}

}  // namespace triptych::probe
