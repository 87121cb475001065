// SPDX-License-Identifier: Apache-2.0
#include "host/environment.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "host/host.hpp"

namespace triptych::host {
namespace {

// Empty when it cannot be read.
std::string first_line(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  std::string line(512, '\0');
  line.resize(std::fread(line.data(), 1, line.size(), file));
  std::fclose(file);
  return line.substr(0, line.find('\n'));
}

std::vector<std::string> read_mitigations() {
  const std::string directory = "/sys/devices/system/cpu/vulnerabilities";
  std::vector<std::string> found;
  DIR* entries = ::opendir(directory.c_str());
  if (entries == nullptr) return found;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    const std::string state = first_line(fmt::format("{}/{}", directory, name));
    if (state.empty() || state == "Not affected") continue;
    found.push_back(fmt::format("{}: {}", name, state));
  }
  ::closedir(entries);
  std::sort(found.begin(), found.end());
  return found;
}

std::string word_of_aslr(const std::string& level) {
  if (level == "2") return "full";
  if (level == "1") return "partial";
  return level == "0" ? "off" : level;
}

}  // namespace

std::string chosen_word(const std::string& line) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return line;
  return line.substr(open + 1, close - open - 1);
}

unsigned quietest_cpu() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 0;
  for (unsigned cpu = CPU_SETSIZE; cpu-- > 0;) {
    if (CPU_ISSET(cpu, &set)) return cpu;
  }
  return 0;
}

Environment describe_environment() {
  const std::string cpus = "/sys/devices/system/cpu";
  Environment environment{};
  environment.machine = describe_host();
  utsname names{};
  if (::uname(&names) == 0) environment.build = names.version;
  cpu_set_t set;
  environment.usable_cpus = ::sched_getaffinity(0, sizeof(set), &set) == 0
                                ? static_cast<unsigned>(CPU_COUNT(&set))
                                : environment.machine.cpus;
  environment.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                             static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  environment.mitigations = read_mitigations();
  environment.transparent_huge_pages =
      chosen_word(first_line("/sys/kernel/mm/transparent_hugepage/enabled"));
  environment.governor = first_line(cpus + "/cpu0/cpufreq/scaling_governor");
  environment.clock_source =
      first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  environment.smt = first_line(cpus + "/smt/control");
  environment.aslr = word_of_aslr(first_line("/proc/sys/kernel/randomize_va_space"));
  environment.load = std::strtod(first_line("/proc/loadavg").c_str(), nullptr);
  return environment;
}

}  // namespace triptych::host
