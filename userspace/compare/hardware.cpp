// SPDX-License-Identifier: Apache-2.0
#include "compare/hardware.hpp"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace triptych::compare {
namespace {

constexpr std::uint64_t missed_loads(std::uint64_t cache) {
  return cache | (std::uint64_t{PERF_COUNT_HW_CACHE_OP_READ} << 8) |
         (std::uint64_t{PERF_COUNT_HW_CACHE_RESULT_MISS} << 16);
}

constexpr Counter kCounters[] = {
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    {"data_tlb_misses", PERF_TYPE_HW_CACHE, missed_loads(PERF_COUNT_HW_CACHE_DTLB)},
    {"code_tlb_misses", PERF_TYPE_HW_CACHE, missed_loads(PERF_COUNT_HW_CACHE_ITLB)},
};

UniqueFd open_counter(pid_t task, const Counter& counter) {
  perf_event_attr wanted{};
  wanted.size = sizeof(wanted);
  wanted.type = counter.type;
  wanted.config = counter.config;
  wanted.disabled = 1;
  wanted.enable_on_exec = 1;
  wanted.inherit = 1;
  wanted.exclude_hv = 1;
  // Without rights only what happens outside the kernel may be counted.
  wanted.exclude_kernel = ::geteuid() == 0 ? 0 : 1;
  wanted.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return UniqueFd(static_cast<int>(
      ::syscall(SYS_perf_event_open, &wanted, task, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

std::optional<double> read_counter(const UniqueFd& counter) {
  std::array<std::uint64_t, 3> values{};  // count, time enabled, time running
  if (!counter || ::read(counter.get(), values.data(), sizeof(values)) !=
                      static_cast<ssize_t>(sizeof(values))) {
    return std::nullopt;
  }
  if (values[2] == 0) return values[1] == 0 ? std::optional<double>(0) : std::nullopt;
  return static_cast<double>(values[0]) * static_cast<double>(values[1]) /
         static_cast<double>(values[2]);
}

}  // namespace

std::span<const Counter> hardware_counters() {
  return kCounters;
}

CounterSet::CounterSet(pid_t task, std::span<const Counter> counters) {
  for (const Counter& counter : counters) {
    counters_.push_back(open_counter(task, counter));
    if (counters_.size() == 1 && !counters_.front()) error_ = errno;
  }
}

std::vector<std::optional<double>> CounterSet::read() const {
  std::vector<std::optional<double>> values;
  values.reserve(counters_.size());
  for (const UniqueFd& counter : counters_) values.push_back(read_counter(counter));
  return values;
}

std::string why_no_hardware() {
  const CounterSet trial(0, std::span(kCounters, 1));
  if (trial.error() == 0) return {};
  return fmt::format(
      "cycles, instructions, cache and TLB misses are not known: perf_event_open says {}{}",
      std::strerror(trial.error()),
      trial.error() == EACCES || trial.error() == EPERM ? " (needs root here)"
                                                        : " (this machine counts none)");
}

}  // namespace triptych::compare
