// SPDX-License-Identifier: Apache-2.0
//
// Where greenlets, which gevent is made of, are switched: in the module _greenlet, whose functions
// are exported. Nothing on a greenlet's own stack may be probed for its return: stacks are moved.
#pragma once

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// Places: the switch to a greenlet (RESUMED), its start (CREATED), its end (FINISHED). An error for
// a module that is older than 2.0, or built in a way that is not known.
Result<Discovery> discover_greenlet(const probes::ElfFile& module, const Interpreter& interpreter);

}  // namespace triptych::coroutine::discover
