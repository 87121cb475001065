// SPDX-License-Identifier: Apache-2.0
//
// Probes on places of a program's file, each by an event of its own: what kernels have that do not
// know them all in one link. They fire in every process that maps the file, too. They come quickly
// and go slowly: the kernel waits, for each of them, until nobody can be in it any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/user_probes.hpp"

namespace triptych::probe {

// What one of them takes to go: 65 ms on Linux 6.1, 90 to 140 ms on later ones.
inline constexpr std::uint64_t kSingleDetachNs = 100'000'000;
// So these keep one waiting for half a minute at most,
inline constexpr std::size_t kMostSingleProbes = 256;
// and these, which nobody has asked for, for a second or two.
inline constexpr std::size_t kMostSingleProbesUnasked = 16;

// `program` was loaded without an attach type. Otherwise as attach_user_probes.
Result<std::vector<UniqueFd>> attach_single_user_probes(int program, int file,
                                                        std::span<const UserProbe> probes,
                                                        std::uint64_t first_cookie);

// Whether the kernel takes them at all: attaches one to our own program.
Result<void> try_single_user_probes();

// Whether it knows of them: attaches none.
Result<void> find_single_user_probes();

// The kind of event that such a probe is: those that are not built in are numbered as the kernel
// starts.
Result<std::uint32_t> user_probe_event_type();

}  // namespace triptych::probe
