// SPDX-License-Identifier: Apache-2.0
//
// Where Boost.Context switches stacks, which Boost.Fiber and Boost.Coroutine2 are made of: its
// functions have no place that is cheap to probe, but the calls of them are.
#pragma once

#include <string>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// Of a file that calls Boost.Context, its own or that of another file; empty for all others.
Result<Discovery> discover_boost(const probes::ElfFile& file);

// What a context that is made with this function will run, out of the function's readable name:
// "boost::context::detail::fiber_entry<…<boost::context::fiber, …, Worker> >(…)" has "Worker". The
// name as it is, when it is not understood.
std::string callable_of_boost_entry(const std::string& entry);

}  // namespace triptych::coroutine::discover
