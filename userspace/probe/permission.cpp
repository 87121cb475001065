// SPDX-License-Identifier: Apache-2.0
#include "probe/permission.hpp"

#include <linux/capability.h>

#include <cstdio>
#include <cstdlib>

#include "base/proc_status.hpp"

namespace triptych::probe {
namespace {

constexpr const char* kLockdownFile = "/sys/kernel/security/lockdown";

constexpr bool has(std::uint64_t capabilities, unsigned which) {
  return (capabilities >> which & 1) != 0;
}

std::uint64_t effective_capabilities() {
  return std::strtoull(proc_status(0, "CapEff").value_or("0").c_str(), nullptr, 16);
}

std::optional<std::string> read_lockdown() {
  std::FILE* file = std::fopen(kLockdownFile, "re");
  if (file == nullptr) return std::nullopt;
  char line[128] = {};
  const bool read = std::fgets(line, sizeof(line), file) != nullptr;
  std::fclose(file);
  if (!read) return std::nullopt;
  return std::string(line);
}

// "none [integrity] confidentiality": the one in brackets holds.
std::string mode_of(const std::string& lockdown) {
  const std::size_t begin = lockdown.find('[');
  const std::size_t end = lockdown.find(']', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return lockdown.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::string why_not_permitted(std::uint64_t effective_capabilities,
                              const std::optional<std::string>& lockdown) {
  std::string lacking;
  if (!has(effective_capabilities, CAP_SYS_ADMIN)) {
    if (!has(effective_capabilities, CAP_BPF)) lacking = "CAP_BPF";
    if (!has(effective_capabilities, CAP_PERFMON)) {
      lacking += lacking.empty() ? "CAP_PERFMON" : ", CAP_PERFMON";
    }
  }
  if (!lacking.empty()) return "lacks " + lacking;
  const std::string mode = lockdown ? mode_of(*lockdown) : "";
  if (mode.empty()) {
    return "capabilities suffice; kernel lockdown cannot be read";
  }
  if (mode == "none") return "capabilities suffice, and the kernel is not locked down";
  return "kernel lockdown: " + mode;
}

std::string why_not_permitted() {
  return why_not_permitted(effective_capabilities(), read_lockdown());
}

}  // namespace triptych::probe
