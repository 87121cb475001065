// SPDX-License-Identifier: Apache-2.0
#include "probe/grace_period.hpp"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>

namespace triptych::probe {

// An array of maps: whenever it is changed, the kernel waits for all programs that might have seen
// it as it was (maybe_wait_bpf_programs in kernel/bpf/syscall.c), though none of ours looks at it.
Result<GracePeriod> GracePeriod::create() {
  GracePeriod period;
  constexpr std::uint32_t kSize = sizeof(std::uint32_t);
  period.inner_ =
      UniqueFd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "grace_inner", kSize, kSize, 1, nullptr));
  if (!period.inner_) return fail_errno("create a map", errno);
  LIBBPF_OPTS(bpf_map_create_opts, options,
              .inner_map_fd = static_cast<__u32>(period.inner_.get()));
  period.outer_ = UniqueFd(
      bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "grace_outer", kSize, kSize, 1, &options));
  if (!period.outer_) return fail_errno("create an array of maps", errno);
  return period;
}

Result<void> GracePeriod::wait() const {
  const std::uint32_t index = 0;
  const int fd = inner_.get();
  if (bpf_map_update_elem(outer_.get(), &index, &fd, BPF_ANY) != 0) {
    return fail_errno("wait for the programs to end", errno);
  }
  return {};
}

}  // namespace triptych::probe
