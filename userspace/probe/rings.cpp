// SPDX-License-Identifier: Apache-2.0
#include "probe/rings.hpp"

#include <bpf/bpf.h>
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "abi/config.h"

namespace triptych::probe {
namespace {

// As bpf/shared.bpf.c defines them.
Result<UniqueFd> create_array(const char* name, std::size_t value_size, std::uint32_t entries) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
  UniqueFd array(bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(std::uint32_t),
                                static_cast<__u32>(value_size), entries, &options));
  if (array) return array;
  return fail_errno(fmt::format("create rings of {} bytes", value_size * entries), errno,
                    "choose a smaller --buffer-size");
}

}  // namespace

Result<Rings> Rings::create(std::uint32_t cpus, std::uint64_t buffer_bytes) {
  const std::uint32_t count = std::min<std::uint32_t>(cpus, TRIPTYCH_MAX_RINGS);
  const std::uint64_t blocks =
      std::max<std::uint64_t>(1, std::bit_floor(buffer_bytes / count / TRIPTYCH_RING_BLOCK));
  const std::uint64_t ring_bytes = blocks * TRIPTYCH_RING_BLOCK;
  Rings rings;
  rings.blocks_ = static_cast<std::uint32_t>(blocks);
  TRIPTYCH_TRY_ASSIGN(rings.data_fd_, create_array("ring_data", sizeof(triptych_ring_block),
                                                   count * rings.blocks_));
  TRIPTYCH_TRY_ASSIGN(rings.ends_fd_, create_array("ring_ends", sizeof(triptych_ring_ends), count));
  TRIPTYCH_TRY_ASSIGN(rings.data_, SharedMapping::map(rings.data_fd_.get(), count * ring_bytes,
                                                      PROT_READ | PROT_WRITE));
  TRIPTYCH_TRY_ASSIGN(rings.ends_,
                      SharedMapping::map(rings.ends_fd_.get(), count * sizeof(triptych_ring_ends),
                                         PROT_READ | PROT_WRITE));
  auto* ends = reinterpret_cast<triptych_ring_ends*>(rings.ends_.bytes().data());
  for (std::uint32_t ring = 0; ring < count; ++ring) {
    rings.readers_.emplace_back(ends + ring,
                                rings.data_.bytes().subspan(ring * ring_bytes, ring_bytes));
  }
  return rings;
}

}  // namespace triptych::probe
