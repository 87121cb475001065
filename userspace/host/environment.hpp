// SPDX-License-Identifier: Apache-2.0
//
// What of this machine and its settings can change a timing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/metadata.hpp"

namespace triptych::host {

// An empty text or list: this kernel does not say.
struct Environment {
  model::Host machine;
  std::string build;     // uname -v: preemption model and build of the kernel
  unsigned usable_cpus;  // that this process may run on
  std::uint64_t memory_bytes = 0;
  std::vector<std::string> mitigations;  // "spectre_v2: Mitigation: …"; those not affected left out
  std::string transparent_huge_pages;    // "madvise"
  std::string governor;                  // of the first CPU: "performance"
  std::string clock_source;
  std::string smt;   // "on", "off", "notsupported"
  std::string aslr;  // "full", "partial", "off"
  double load = 0;   // of the last minute, runnable tasks
};

Environment describe_environment();

// The word in brackets: "always [madvise] never" → "madvise"; the whole line without brackets.
std::string chosen_word(const std::string& line);

// The CPU that this process may run on with the highest number: interrupts prefer low ones.
unsigned quietest_cpu();

}  // namespace triptych::host
