// SPDX-License-Identifier: Apache-2.0
//
// Where memory is: in the machine as a whole, and in processes. All in bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "workloads/scenario.hpp"
#include "workloads/support/stat_refresh.hpp"

namespace triptych::workloads::idle {

// The first number behind "key:" at the start of a line (of kB in /proc), times 1024; 0 without.
std::uint64_t kilobytes(std::string_view text, std::string_view key);

// Bytes of the free pages that the CPUs keep on lists of their own, from the text of
// /proc/zoneinfo. MemFree and MemAvailable leave them out, and they take and give thousands of
// pages at a time.
std::uint64_t per_cpu_list_bytes(std::string_view zoneinfo);

struct MachineMemory {
  std::uint64_t available = 0;  // MemAvailable and the per-CPU lists
  std::uint64_t page_tables = 0;
  std::uint64_t kernel_stack = 0;
  std::uint64_t slab = 0;              // what cannot be reclaimed: the rest counts as available
  Refresh refreshed = Refresh::kNone;  // how the counters of all CPUs were added up, not waited for

  // After a tenth of a second, for the last unit to fall asleep and for what ended before to be
  // freed, and when the counters that each CPU keeps for itself have been added up.
  static MachineMemory read_settled();
};

struct ProcessMemory {
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t proportional = 0;

  static ProcessMemory read(pid_t tgid);
};

struct Account {
  MachineMemory machine_before;
  MachineMemory machine_after;
  ProcessMemory own_before;
  ProcessMemory own_after;
  std::vector<ProcessMemory> others;  // the units, if they are processes
  std::uint64_t units = 0;
  // Bytes by which others changed what is available, in the tenths of a second before and after.
  std::uint64_t disturbance = 0;
};

// Whether what others did is little, 5 %, beside what the units took.
bool is_quiet(const Account& account);

std::vector<Metric> metrics_of(const Account& account);

}  // namespace triptych::workloads::idle
