// SPDX-License-Identifier: Apache-2.0
//
// Children that cannot outlive this process.
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/error.hpp"

namespace triptych::workloads {

// Forks. The child calls `body` and ends with the status that it returns, without running
// destructors or flushing what the parent had buffered. The kernel kills it when the calling thread
// ends, by whatever cause. Returns the child's tgid.
Result<pid_t> start_child(const std::function<int()>& body);

// Whether the child has ended; it stays to be reaped.
bool has_ended(pid_t child);

// Waits for the child's end and reaps it.
void reap(pid_t child);

}  // namespace triptych::workloads
