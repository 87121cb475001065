// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/thread_usage.hpp"

#include <sys/resource.h>

#include <ctime>

namespace triptych::workloads {
std::uint64_t to_ns(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000;
}

// Of a thread, unlike of a process, getrusage has the processor time as of the last tick or switch:
// work shorter than a tick would count for nothing. Reading the thread's clock brings the kernel's
// account up to date.
Usage usage_of_this_thread() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  rusage counted{};
  ::getrusage(RUSAGE_THREAD, &counted);
  Usage usage;
  usage.user_ns = to_ns(counted.ru_utime);
  usage.system_ns = to_ns(counted.ru_stime);
  usage.voluntary_switches = static_cast<std::uint64_t>(counted.ru_nvcsw);
  usage.involuntary_switches = static_cast<std::uint64_t>(counted.ru_nivcsw);
  usage.minor_faults = static_cast<std::uint64_t>(counted.ru_minflt);
  usage.major_faults = static_cast<std::uint64_t>(counted.ru_majflt);
  return usage;
}

}  // namespace triptych::workloads
