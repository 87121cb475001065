// SPDX-License-Identifier: Apache-2.0
//
// The recorder memories of programs that run already.
#pragma once

#include <vector>

#include "base/unique_fd.hpp"
#include "model/ids.hpp"

namespace triptych::coroutine::ring {

// Open for reading and writing; what is called so, that is: Memory::open looks at what it is. Empty
// for a process that has none, has ended, or may not be looked into.
std::vector<UniqueFd> find_memories(model::Tid tgid);

// The processes there are.
std::vector<model::Tid> all_processes();

}  // namespace triptych::coroutine::ring
