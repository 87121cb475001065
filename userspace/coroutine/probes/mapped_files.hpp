// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace triptych::coroutine::probes {

struct MappedFile {
  std::string path;  // as the process sees it
  UniqueFd file;
};

// The files that the process has mapped for execution, each once, whatever they are called by now.
std::vector<MappedFile> mapped_programs(pid_t tgid);

}  // namespace triptych::coroutine::probes
