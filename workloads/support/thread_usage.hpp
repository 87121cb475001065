// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/time.h>

#include <cstdint>

#include "workloads/scenario.hpp"

namespace triptych::workloads {

std::uint64_t to_ns(const timeval& time);

// What getrusage counts of the calling thread since it began, up to this moment.
Usage usage_of_this_thread();

}  // namespace triptych::workloads
