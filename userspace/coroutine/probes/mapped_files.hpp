// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace triptych::coroutine::probes {

struct MappedFile {
  std::string path;  // as the process sees it
  UniqueFd file;
};

// Where the kernel shows what is mapped there; `range` is as /proc/PID/maps writes it, which pads
// small addresses with zeros.
std::string path_of_mapping(pid_t tgid, std::string_view range);

// The files that the process has mapped for execution, each once, whatever they are called by now.
std::vector<MappedFile> mapped_programs(pid_t tgid);

}  // namespace triptych::coroutine::probes
