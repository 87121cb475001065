// SPDX-License-Identifier: Apache-2.0
#include "profile/profile.hpp"

#include <algorithm>

namespace triptych::profile {

std::string_view name_of(Category category) {
  switch (category) {
    case Category::kModel:
      return "model";
    case Category::kProcess:
      return "process";
    case Category::kThread:
      return "thread";
    case Category::kCoroutine:
      return "coroutine";
    case Category::kReason:
      return "reason";
    case Category::kTask:
      return "task";
    case Category::kFork:
      return "fork";
    case Category::kUser:
      return "function";
    case Category::kKernel:
      return "kernel function";
  }
  return "";
}

std::vector<std::uint32_t> path_of(const Profile& profile, std::uint32_t node) {
  std::vector<std::uint32_t> path(profile.nodes[node].depth);
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    *at = profile.nodes[node].frame;
    node = profile.nodes[node].parent;
  }
  return path;
}

}  // namespace triptych::profile
