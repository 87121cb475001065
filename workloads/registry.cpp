// SPDX-License-Identifier: Apache-2.0
#include "workloads/registry.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "workloads/cow/cow.hpp"
#include "workloads/cpu/cpu.hpp"
#include "workloads/create/create.hpp"
#include "workloads/idle/idle.hpp"
#include "workloads/io/io.hpp"
#include "workloads/ipc/ipc.hpp"
#include "workloads/lock/lock.hpp"
#include "workloads/switch/switch.hpp"

namespace triptych::workloads {

std::string_view name_of(Model model) {
  switch (model) {
    case Model::kProcess:
      return "process";
    case Model::kThread:
      return "thread";
    case Model::kCoroutine:
      break;
  }
  return "coroutine";
}

std::span<const Scenario> scenarios() {
  // In the order in which they are told, one line each.
  // clang-format off
  static const std::vector<Scenario> all = {
      create_scenario(),
      switch_scenario(),
      cow_scenario(),
      idle_scenario(),
      cpu_scenario(),
      io_scenario(),
      ipc_scenario(),
      lock_scenario(),
  };
  // clang-format on
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  for (const Scenario& scenario : scenarios()) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

Result<const Variant*> find_variant(const Scenario& scenario, Model model, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Variant& variant : scenario.variants) {
    if (variant.model != model) continue;
    if (name.empty() || variant.name == name) return &variant;
    names.push_back(variant.name);
  }
  if (names.empty()) {
    return fail(fmt::format("{} has no variant for {}", scenario.name, name_of(model)), {},
                ErrorCode::kUsage);
  }
  return fail(
      fmt::format("{} has no variant {} for {}", scenario.name, quote(name), name_of(model)),
      fmt::format("there is {}", fmt::join(names, ", ")), ErrorCode::kUsage);
}

}  // namespace triptych::workloads
