// SPDX-License-Identifier: Apache-2.0
#include "probe/capabilities.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "probe/hook_trial.hpp"
#include "probe/hooks.hpp"
#include "probe/percpu.hpp"

namespace triptych::probe {
namespace {

constexpr const char* kBtfPath = "/sys/kernel/btf/vmlinux";

bool at_least_6_1(const std::string& release) {
  unsigned major = 0, minor = 0;
  if (std::sscanf(release.c_str(), "%u.%u", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 1);
}

Result<void> check_names(const std::vector<std::string>& without) {
  for (const std::string& name : without) {
    const auto known = all_hooks();
    if (std::any_of(known.begin(), known.end(),
                    [&](const Hook& hook) { return name_of(hook) == name; })) {
      continue;
    }
    return fail("unknown hook '" + name + "'", "`triptych doctor` lists the hooks",
                ErrorCode::kUsage);
  }
  return {};
}

Result<void> try_hook(HookTrial& trial, const Hook& hook, Thoroughness thoroughness) {
  if (thoroughness == Thoroughness::kEverything) return trial.attach(hook);
  const bool has_rungs =
      hook.kind == HookKind::kFunctionEntry || hook.kind == HookKind::kFunctionExit ||
      hook.kind == HookKind::kUserProbes || hook.kind == HookKind::kSingleUserProbes;
  return has_rungs ? trial.load(hook) : Result<void>();
}

}  // namespace

const Capability* Capabilities::find(std::string_view name) const {
  const auto found = std::find_if(hooks.begin(), hooks.end(),
                                  [&](const Capability& hook) { return hook.name == name; });
  return found == hooks.end() ? nullptr : &*found;
}

bool Capabilities::has(std::string_view name) const {
  const Capability* capability = find(name);
  return capability != nullptr && capability->available;
}

Environment read_environment() {
  utsname names{};
  ::uname(&names);
  char magic[2] = {};
  bool has_btf = false;
  if (std::FILE* file = std::fopen(kBtfPath, "rbe")) {
    // The BTF header begins with 0xeB9F.
    has_btf = std::fread(magic, 1, 2, file) == 2 && magic[0] == '\x9f' && magic[1] == '\xeb';
    std::fclose(file);
  }
  return {names.release, names.machine, has_btf, ::geteuid() == 0};
}

Result<void> check_environment(const Environment& environment) {
  if (environment.machine != "x86_64") {
    return fail("triptych runs on x86-64 only, and this machine is " + environment.machine, {},
                ErrorCode::kCapability);
  }
  if (!at_least_6_1(environment.kernel)) {
    return fail("Linux " + environment.kernel + " is too old: triptych needs 6.1 or newer",
                "Debian 12 and Ubuntu 23.04 or later bring such a kernel", ErrorCode::kCapability);
  }
  if (!environment.has_btf) {
    return fail("this kernel carries no type information (BTF): " + std::string(kBtfPath) +
                    " is missing or unreadable",
                "use a distribution's kernel, or build with CONFIG_DEBUG_INFO_BTF=y",
                ErrorCode::kCapability);
  }
  if (!environment.is_root) {
    return fail("tracing the kernel needs root", "run the same command with sudo",
                ErrorCode::kCapability);
  }
  return {};
}

Result<Capabilities> probe_capabilities(const std::vector<std::string>& without,
                                        Thoroughness thoroughness) {
  TRIPTYCH_TRY(check_names(without));
  const Environment environment = read_environment();
  TRIPTYCH_TRY(check_environment(environment));
  TRIPTYCH_TRY_ASSIGN(HookTrial trial, HookTrial::create());
  Capabilities capabilities;
  capabilities.kernel = environment.kernel;
  capabilities.preempt_count_distance = preempt_count_distance(trial.kernel_types());
  for (const Hook& hook : all_hooks()) {
    Capability capability;
    capability.name = name_of(hook);
    if (capabilities.find(capability.name) != nullptr) continue;
    if (std::find(without.begin(), without.end(), capability.name) != without.end()) {
      capability.reason = "left out by --no-probe";
    } else if (Result<void> outcome = try_hook(trial, hook, thoroughness)) {
      capability.available = true;
    } else {
      capability.reason = outcome.error().message;
    }
    capabilities.hooks.push_back(std::move(capability));
  }
  return capabilities;
}

}  // namespace triptych::probe
