// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "workloads/lock/lock.hpp"

namespace triptych::workloads {
namespace lock {
namespace {

constexpr std::string_view kKinds[] = {"mutex",   "spin",    "semaphore",
                                       "condvar", "barrier", "atomic"};
constexpr std::string_view kNoYes[] = {"no", "yes"};

constexpr Variant kVariants[] = {
    {Model::kProcess, "shared", "pthread locks of kind PTHREAD_PROCESS_SHARED in shared memory",
     make_processes},
    {Model::kThread, "private", "pthread locks of one process", make_threads},
    {Model::kCoroutine, "stackless",
     "C++20 coroutines of one thread; who must wait is queued in user space", make_stackless},
    {Model::kCoroutine, "stackful",
     "Boost.Context coroutines of one thread; who must wait is queued in user space",
     make_stackful},
};

std::span<const Parameter> known_parameters() {
  static const auto cpus =
      static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  static const Parameter parameters[] = {
      {"lock", "what guards the section", ParameterKind::kChoice, 0, 0, 0, kKinds},
      {"units",
       "processes, threads or coroutines; up to twice the CPUs",
       ParameterKind::kCount,
       std::min<std::uint64_t>(2, 2 * cpus),
       1,
       2 * cpus,
       {}},
      {"contended", "one lock for all units (yes), or one for each (no)", ParameterKind::kChoice, 1,
       0, 0, kNoYes},
  };
  return parameters;
}

}  // namespace

Options read_options(const Parameters& parameters) {
  const std::string_view kind = parameters.choice("lock");
  const auto* place = std::find(std::begin(kKinds), std::end(kKinds), kind);
  return {static_cast<Kind>(place - std::begin(kKinds)),
          static_cast<unsigned>(parameters.value("units")),
          parameters.choice("contended") == "yes"};
}

Result<void> check_entries(std::uint64_t counted, std::uint64_t expected) {
  if (counted == expected) return {};
  return fail(
      fmt::format("{} entries were counted in the section, there were {}", counted, expected),
      "the lock did not keep the units apart");
}

}  // namespace lock

Scenario lock_scenario() {
  Scenario scenario;
  scenario.name = "lock";
  scenario.operation =
      "enter a critical section, add one to a counter in it, and leave; of a barrier: all units "
      "meet "
      "once";
  scenario.alike =
      "the same section and the same number of entries, divided over the units; the counter is "
      "checked after each run";
  scenario.different =
      "processes and threads are interrupted in the section or run at the same time on two CPUs, "
      "and wait in the kernel; coroutines take turns, so nobody finds a section taken unless its "
      "holder suspends in it: with contended=yes it does, once an entry";
  scenario.parameters = lock::known_parameters();
  scenario.variants.assign(std::begin(lock::kVariants), std::end(lock::kVariants));
  scenario.default_operations = 1'000'000;
  return scenario;
}

}  // namespace triptych::workloads
