// SPDX-License-Identifier: Apache-2.0
//
// What this machine allows, asked before anything is started: a workload that fails half-way, or
// that makes the machine fail, measures nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace triptych::workloads {

// What a cell has at once, beside what this process has already. 0: none of it.
struct Needs {
  std::uint64_t tasks = 0;         // processes and threads
  std::uint64_t memory_bytes = 0;  // that will be touched, kernel side included
  std::uint64_t mappings = 0;      // of this process
  std::uint64_t descriptors = 0;   // of one process; a soft limit is raised as far as it goes
};

// One thing that limits, with its name as an administrator knows it ("pids.max of /user.slice").
struct Limit {
  std::string name;
  std::uint64_t room = 0;  // how many more it allows
  std::string raise = {};  // how an administrator raises it: "as root: sysctl …"
};

struct Limits {
  std::vector<Limit> tasks;
  std::vector<Limit> memory_bytes;
  std::vector<Limit> mappings;
  std::vector<Limit> descriptors;
};

// Of this machine and process, now. What cannot be read does not limit.
Limits read_limits();

// Fails on the narrowest limit that the needs exceed, naming it, its room, the need, and how it is
// raised.
Result<void> check_needs(const Needs& needs, const Limits& limits);

// check_needs with read_limits, and the soft limit of descriptors raised if need be.
Result<void> require(const Needs& needs);

}  // namespace triptych::workloads
