// SPDX-License-Identifier: Apache-2.0
#include "probe/perf_event.hpp"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace triptych::probe {
namespace {

Result<UniqueFd> open_event(perf_event_attr& attr, pid_t tid, int cpu, const char* what) {
  attr.size = sizeof(attr);
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!fd) return fail_errno(what, errno);
  return fd;
}

std::uint64_t config_of(PageFaultEvent event) {
  return event == PageFaultEvent::kMinor ? PERF_COUNT_SW_PAGE_FAULTS_MIN
                                         : PERF_COUNT_SW_PAGE_FAULTS_MAJ;
}

}  // namespace

Result<std::vector<int>> online_cpus() {
  // libbpf tells the possible CPUs; opening an event on one that is offline fails with ENODEV.
  const int possible = ::libbpf_num_possible_cpus();
  if (possible <= 0) return fail_errno("number of CPUs", -possible);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < possible; ++cpu) {
    perf_event_attr attr{};
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_DUMMY;
    if (open_event(attr, -1, cpu, "perf event")) cpus.push_back(cpu);
  }
  if (cpus.empty()) return fail_errno("perf_event_open", errno);
  return cpus;
}

Result<UniqueFd> open_fault_sampler(PageFaultEvent event, int cpu) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = config_of(event);
  attr.sample_period = 1;
  return open_event(attr, -1, cpu, "perf event page-faults");
}

Result<UniqueFd> open_clock_sampler(std::uint64_t period_ns, int cpu) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = period_ns;
  attr.exclude_idle = 1;
  return open_event(attr, -1, cpu, "perf event cpu-clock");
}

Result<UniqueFd> open_fault_counter(PageFaultEvent event, pid_t tid) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = config_of(event);
  attr.inherit = 1;
  return open_event(attr, tid, -1, "counting event page-faults");
}

Result<UniqueFd> open_tracepoint(unsigned id) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = id;
  attr.sample_period = 1;
  return open_event(attr, -1, 0, "perf event tracepoint");
}

Result<std::uint64_t> read_counter(const UniqueFd& event) {
  std::uint64_t value = 0;
  if (::read(event.get(), &value, sizeof(value)) != sizeof(value)) {
    return fail_errno("counting event", errno);
  }
  return value;
}

}  // namespace triptych::probe
