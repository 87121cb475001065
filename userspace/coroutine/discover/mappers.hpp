// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace triptych::coroutine::discover {

struct Mapper {
  pid_t tgid = 0;
  std::string name;  // comm
};

// The processes that have the file mapped for execution, which its probes hit, too.
std::vector<Mapper> mappers_of(int file);

}  // namespace triptych::coroutine::discover
