// SPDX-License-Identifier: Apache-2.0
//
// Probes on places of a program's file, all of a file in one link: they come and go together, and
// in milliseconds. They fire in every process that maps the file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "abi/config.h"
#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::probe {

struct UserProbe {
  std::uint64_t offset = 0;  // in the file
  triptych_coroutine_site site{};
  // In the file, too: the word of 16 bits that the kernel counts the probes of the place in, of
  // each process that has it mapped. 0: none.
  std::uint64_t watchers = 0;
};

// `program` was loaded with kUserProbesAttachType. Each probe's cookie is `first_cookie` and the
// number of its place in `probes`. The file is the one that `file` is open on, whatever its name
// stands for by now.
Result<UniqueFd> attach_user_probes(int program, int file, std::span<const UserProbe> probes,
                                    std::uint64_t first_cookie);

// Whether the kernel takes them at all: attaches one to our own program.
Result<void> try_user_probes();

// Whether it knows of them: attaches none.
Result<void> find_user_probes();

// A place of our own program that nobody comes by.
struct TrialPlace {
  UniqueFd file;
  UserProbe probe;
};
Result<TrialPlace> trial_place();

// BPF_TRACE_UPROBE_MULTI, which the installed headers need not know: since Linux 6.6.
inline constexpr int kUserProbesAttachType = 48;

}  // namespace triptych::probe
