// SPDX-License-Identifier: Apache-2.0
#include "host/host.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace triptych::host {
namespace {

// The first processor's section is enough, and the longest known is 2 KiB.
std::string first_section_of_cpuinfo() {
  std::string text(8192, '\0');
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) return {};
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text.substr(0, text.find("\n\n"));
}

std::string_view value_of(std::string_view cpuinfo, std::string_view key) {
  std::size_t at = 0;
  while (at < cpuinfo.size()) {
    const std::size_t end = std::min(cpuinfo.find('\n', at), cpuinfo.size());
    const std::string_view line = cpuinfo.substr(at, end - at);
    at = end + 1;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    if (name != key) continue;
    const std::size_t first = line.find_first_not_of(" \t", colon + 1);
    return first == std::string_view::npos ? std::string_view() : line.substr(first);
  }
  return {};
}

}  // namespace

void read_cpuinfo(std::string_view cpuinfo, model::Host* host) {
  host->cpu_model = value_of(cpuinfo, "model name");
  const std::string flags = " " + std::string(value_of(cpuinfo, "flags")) + " ";
  host->virtual_machine = flags.find(" hypervisor ") != std::string::npos;
}

model::Host describe_host() {
  model::Host host;
  utsname names{};
  if (::uname(&names) == 0) {
    host.kernel = names.release;
    host.machine = names.machine;
  }
  read_cpuinfo(first_section_of_cpuinfo(), &host);
  host.cpus = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  host.page_size = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  return host;
}

}  // namespace triptych::host
