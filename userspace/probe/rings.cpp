// SPDX-License-Identifier: Apache-2.0
#include "probe/rings.hpp"

#include <bpf/bpf.h>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "abi/config.h"

namespace triptych::probe {
namespace {

constexpr std::uint64_t kSmallestRing = 64 * 1024;
constexpr std::uint32_t kPatternRing = 4096;  // only its kind counts

}  // namespace

// As bpf/shared.bpf.c defines it.
Result<UniqueFd> Rings::create_array() {
  const UniqueFd pattern(
      bpf_map_create(BPF_MAP_TYPE_RINGBUF, "triptych_ring", 0, 0, kPatternRing, nullptr));
  if (!pattern) return fail_errno("create a ring", errno);
  LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<__u32>(pattern.get()));
  UniqueFd array(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "rings", sizeof(std::uint32_t),
                                sizeof(std::uint32_t), TRIPTYCH_MAX_RINGS, &options));
  if (!array) return fail_errno("create the array of rings", errno);
  return array;
}

Result<Rings> Rings::create(UniqueFd array, std::uint32_t cpus, std::uint64_t buffer_bytes) {
  const std::uint32_t count = std::min<std::uint32_t>(cpus, TRIPTYCH_MAX_RINGS);
  const std::uint64_t size = std::max(kSmallestRing, std::bit_floor(buffer_bytes / count));
  Rings rings;
  rings.array_ = std::move(array);
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
  TRIPTYCH_TRY(rings.install());
  return rings;
}

// All at once: the kernel waits for a grace period at each call.
Result<void> Rings::install() const {
  std::vector<std::uint32_t> indices;
  std::vector<int> fds;
  for (const UniqueFd& fd : fds_) {
    indices.push_back(static_cast<std::uint32_t>(indices.size()));
    fds.push_back(fd.get());
  }
  auto count = static_cast<__u32>(fds.size());
  if (bpf_map_update_batch(array_.get(), indices.data(), fds.data(), &count, nullptr) != 0) {
    return fail_errno("install the rings", errno);
  }
  return {};
}

Result<void> Rings::wait_for_programs() const {
  const std::uint32_t index = 0;
  const int fd = fds_[0].get();
  if (bpf_map_update_elem(array_.get(), &index, &fd, BPF_ANY) != 0) {
    return fail_errno("wait for the programs to end", errno);
  }
  return {};
}

}  // namespace triptych::probe
