// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.hpp"

struct triptych_bpf;

namespace triptych::probe {

struct DestroySkeleton {
  void operator()(triptych_bpf* skeleton) const;
};
using SkeletonOwner = std::unique_ptr<triptych_bpf, DestroySkeleton>;

Result<SkeletonOwner> open_skeleton();

// What the kernel says of programs that it refuses is in the error.
Result<void> load_skeleton(triptych_bpf* skeleton);

// What is loaded of `beside` works on those maps that `running` has, its variables among them.
Result<void> share_maps(const triptych_bpf& running, triptych_bpf* beside);

}  // namespace triptych::probe
