// SPDX-License-Identifier: Apache-2.0
#include "workloads/idle/account.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <ctime>
#include <string>

#include "base/unique_fd.hpp"
#include "workloads/memory.hpp"

namespace triptych::workloads::idle {
namespace {

// Nothing when it cannot be read.
std::string read_text(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16384];
  while (file) {
    const ssize_t count = ::read(file.get(), buffer, sizeof(buffer));
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

std::uint64_t number_at(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view how(Refresh refreshed) {
  if (refreshed == Refresh::kOwn) return "by writing vm.stat_refresh";
  if (refreshed == Refresh::kAsked) return "by having vm.stat_refresh written by who started this";
  return "not: by waiting a second for each CPU to do it by itself";
}

}  // namespace

std::uint64_t kilobytes(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > key.size() && line.substr(0, key.size()) == key && line[key.size()] == ':') {
      return number_at(line.substr(key.size() + 1)) * 1024;
    }
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
  }
  return 0;
}

std::uint64_t per_cpu_list_bytes(std::string_view zoneinfo) {
  constexpr std::string_view kCount = " count: ";  // "high_min:" and the like have other names
  std::uint64_t pages = 0;
  for (std::size_t at = zoneinfo.find(kCount); at != std::string_view::npos;
       at = zoneinfo.find(kCount, at + 1)) {
    pages += number_at(zoneinfo.substr(at + kCount.size()));
  }
  return pages * kPageBytes;
}

MachineMemory MachineMemory::read_settled() {
  constexpr timespec kMoment{0, 100'000'000};
  constexpr timespec kLongerThanASecond{1, 100'000'000};
  ::nanosleep(&kMoment, nullptr);
  MachineMemory memory;
  memory.refreshed = have_statistics_refreshed();
  if (memory.refreshed == Refresh::kNone) ::nanosleep(&kLongerThanASecond, nullptr);
  const std::string meminfo = read_text("/proc/meminfo");
  memory.available =
      kilobytes(meminfo, "MemAvailable") + per_cpu_list_bytes(read_text("/proc/zoneinfo"));
  memory.page_tables = kilobytes(meminfo, "PageTables");
  memory.kernel_stack = kilobytes(meminfo, "KernelStack");
  memory.slab = kilobytes(meminfo, "SUnreclaim");
  return memory;
}

ProcessMemory ProcessMemory::read(pid_t tgid) {
  const std::string status = read_text(fmt::format("/proc/{}/status", tgid));
  ProcessMemory memory;
  memory.size = kilobytes(status, "VmSize");
  memory.resident = kilobytes(status, "VmRSS");
  memory.proportional = kilobytes(read_text(fmt::format("/proc/{}/smaps_rollup", tgid)), "Pss");
  return memory;
}

bool is_quiet(const Account& account) {
  const std::uint64_t before = account.machine_before.available;
  const std::uint64_t after = account.machine_after.available;
  return account.disturbance * 20 <= (before > after ? before - after : 0);
}

std::vector<Metric> metrics_of(const Account& account) {
  if (account.units == 0) return {};
  const auto per_unit = [&account](std::uint64_t before, std::uint64_t after) {
    return (static_cast<double>(after) - static_cast<double>(before)) /
           static_cast<double>(account.units);
  };
  ProcessMemory others;
  for (const ProcessMemory& one : account.others) {
    others.size += one.size;
    others.resident += one.resident;
    others.proportional += one.proportional;
  }
  // A process has an address space of its own; other units are what they add to this one's.
  const bool processes = !account.others.empty();
  const ProcessMemory& before = account.own_before;
  const ProcessMemory& after = account.own_after;
  const MachineMemory& machine_before = account.machine_before;
  const MachineMemory& machine_after = account.machine_after;
  const double pss = per_unit(before.proportional, after.proportional + others.proportional);
  const double tables = per_unit(machine_before.page_tables, machine_after.page_tables);
  const double stack = per_unit(machine_before.kernel_stack, machine_after.kernel_stack);
  const double slab = per_unit(machine_before.slab, machine_after.slab);
  return {
      {"virtual_bytes_per_unit", "bytes",
       processes ? per_unit(0, others.size) : per_unit(before.size, after.size),
       processes ? "/proc/PID/status VmSize, mean of the units"
                 : "/proc/self/status VmSize, difference"},
      {"rss_bytes_per_unit", "bytes",
       processes ? per_unit(0, others.resident) : per_unit(before.resident, after.resident),
       processes ? "/proc/PID/status VmRSS, mean of the units"
                 : "/proc/self/status VmRSS, difference"},
      {"pss_bytes_per_unit", "bytes", pss,
       processes ? "/proc/PID/smaps_rollup Pss, of this process and all units, difference"
                 : "/proc/self/smaps_rollup Pss, difference"},
      {"page_table_bytes_per_unit", "bytes", tables, "/proc/meminfo PageTables, difference"},
      {"kernel_stack_bytes_per_unit", "bytes", stack, "/proc/meminfo KernelStack, difference"},
      {"slab_bytes_per_unit", "bytes", slab, "/proc/meminfo SUnreclaim, difference"},
      {"sum_bytes_per_unit", "bytes", pss + tables + stack + slab,
       "PSS, page tables, kernel stack and slab"},
      {"available_bytes_per_unit", "bytes",
       per_unit(machine_after.available, machine_before.available),
       "/proc/meminfo MemAvailable and the per-CPU lists in /proc/zoneinfo, difference"},
      {"disturbance_bytes_per_unit", "bytes", per_unit(0, account.disturbance),
       "the same, by how much it changed while this process did nothing"},
      {"counters_refreshed", "1", machine_after.refreshed == Refresh::kNone ? 0.0 : 1.0,
       how(machine_after.refreshed)},
  };
}

}  // namespace triptych::workloads::idle
