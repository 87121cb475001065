// SPDX-License-Identifier: Apache-2.0
#include "probe/skeleton_owner.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include "probe/libbpf_log.hpp"
#include "probe/skeleton.hpp"

namespace triptych::probe {

void DestroySkeleton::operator()(triptych_bpf* skeleton) const {
  triptych_bpf__destroy(skeleton);
}

Result<SkeletonOwner> open_skeleton() {
  SkeletonOwner skeleton(triptych_bpf__open());
  if (!skeleton) return fail_errno("open the BPF object", errno);
  return skeleton;
}

Result<void> load_skeleton(triptych_bpf* skeleton) {
  clear_libbpf_log();
  const int error = triptych_bpf__load(skeleton);
  if (error == 0) return {};
  return fail(fmt::format("the kernel refused the BPF programs: {}{}", std::strerror(-error),
                          libbpf_log_suffix()),
              "`triptych doctor` tells what this kernel allows", ErrorCode::kCapability);
}

Result<void> share_maps(const triptych_bpf& running, triptych_bpf* beside) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, beside->obj) {
    const int fd = bpf_map__fd(bpf_object__find_map_by_name(running.obj, bpf_map__name(map)));
    if (fd < 0) continue;
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0) {
      return fail_errno("share the maps of the programs", -error);
    }
  }
  return {};
}

}  // namespace triptych::probe
