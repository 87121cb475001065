// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "workloads/idle/idle.hpp"

namespace triptych::workloads {
namespace idle {
namespace {

constexpr std::string_view kTooMany[] = {"refuse", "fewer"};

constexpr Parameter kParameters[] = {
    {"units",
     "alive at once; 10,000 processes or threads at most",
     ParameterKind::kCount,
     1000,
     1,
     1'000'000,
     {}},
    {"too-many", "when the machine does not allow that many: refuse, or have as many as it allows",
     ParameterKind::kChoice, 0, 0, 0, kTooMany},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "fork", "forked, asleep on a futex", make_processes},
    {Model::kThread, "default", "with the default stack, asleep on a futex", make_threads},
    {Model::kThread, "small-stack", "with a stack of 64 KiB, asleep on a futex",
     make_small_stack_threads},
    {Model::kCoroutine, "stackless", "C++20 coroutines, suspended; one kernel task in all",
     make_stackless},
    {Model::kCoroutine, "stackful",
     "Boost.Context coroutines with a stack of 64 KiB and a guard page, suspended", make_stackful},
};

// Left over for what the process maps, and the machine starts, meanwhile.
constexpr std::uint64_t kReserve = 128;

void narrow(const std::vector<Limit>& limits, std::uint64_t need, Decision* decision) {
  if (need == 0) return;
  for (const Limit& limit : limits) {
    const std::uint64_t room = limit.room > kReserve ? limit.room - kReserve : 0;
    if (room / need >= decision->allowed) continue;
    decision->allowed = room / need;
    decision->limit = limit.name;
    decision->raise = limit.raise;
  }
}

}  // namespace

std::string Decision::as_note() const {
  if (allowed == 0) return fmt::format("{} allows no unit", limit);
  return fmt::format("{} allows {} unit{}", limit, format_count(allowed), allowed == 1 ? "" : "s");
}

Result<Decision> decide(std::uint64_t wanted, bool fewer_will_do, const UnitNeeds& needs,
                        const Limits& limits) {
  Decision decision;
  decision.allowed = needs.most;
  decision.limit = "the scenario itself";
  narrow(limits.tasks, needs.tasks, &decision);
  narrow(limits.memory_bytes, needs.memory_bytes, &decision);
  narrow(limits.mappings, needs.mappings, &decision);
  decision.units = std::min(wanted, decision.allowed);
  decision.fewer = decision.units < wanted;
  if (!decision.fewer || (fewer_will_do && decision.units > 0)) return decision;
  std::string hint = "nothing was started";
  if (decision.units > 0) hint += ": set too-many=fewer";
  if (!decision.raise.empty()) {
    hint +=
        fmt::format("{} raise the limit: {}", decision.units > 0 ? ", or" : ":", decision.raise);
  }
  return fail(fmt::format("{}, and {} asked for", decision.as_note(),
                          wanted == 1 ? "1 was" : format_count(wanted) + " were"),
              std::move(hint));
}

Result<Decision> decide(const Parameters& parameters, const UnitNeeds& needs) {
  return decide(parameters.value("units"), parameters.choice("too-many") == "fewer", needs,
                read_limits());
}

}  // namespace idle

Scenario idle_scenario() {
  Scenario scenario;
  scenario.name = "idle";
  scenario.operation = "a herd of units comes to be, and is alive and blocked all at once";
  scenario.alike =
      "a unit does nothing but wait; memory is read before the first one is created and when the "
      "last one waits, and what is given is the difference, divided by the units";
  scenario.different =
      "a process has page tables and copies of the pages that it wrote, a thread a stack, both a "
      "kernel stack and the kernel's structures; a coroutine is memory of one process";
  scenario.parameters = idle::kParameters;
  scenario.variants.assign(std::begin(idle::kVariants), std::end(idle::kVariants));
  scenario.default_operations = 1;
  scenario.counted_once = true;
  return scenario;
}

}  // namespace triptych::workloads
