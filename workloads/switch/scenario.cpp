// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "workloads/switch/switch.hpp"

namespace triptych::workloads {
namespace switching {
namespace {

constexpr std::string_view kThrough[] = {"futex", "pipe"};
constexpr std::string_view kPlacements[] = {"free", "same", "two"};

constexpr Parameter kParameters[] = {
    {"units", "units in the ring", ParameterKind::kCount, 2, 2, 1024, {}},
    {"working-set",
     "memory of its own that each unit changes whenever it has control",
     ParameterKind::kBytes,
     0,
     0,
     1 << 20,
     {}},
    {"through", "how a process or thread hands over; a coroutine needs neither",
     ParameterKind::kChoice, 0, 0, 0, kThrough},
    {"placement", "the scheduler's choice, all units on one CPU, or by turns on two",
     ParameterKind::kChoice, 0, 0, 0, kPlacements},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "fork", "forked processes, which wake each other and sleep", make_process},
    {Model::kThread, "default", "threads, which wake each other and sleep", make_thread},
    {Model::kCoroutine, "stackless", "C++20 coroutines: suspended to a queue, resumed from it",
     make_stackless},
    {Model::kCoroutine, "stackful", "Boost.Context: from one stack to the next in the queue",
     make_stackful},
    {Model::kCoroutine, "ucontext", "swapcontext: as stackful, with a system call for the signals",
     make_ucontext},
};

}  // namespace

Result<WorkingSet> WorkingSet::create(std::uint64_t bytes) {
  WorkingSet set;
  TRIPTYCH_TRY_ASSIGN(set.memory_, Mapping::anonymous(bytes, PageSize::kSmall));
  set.use();
  return set;
}

Result<Placement> Placement::create(std::string_view choice) {
  Placement placement;
  if (::sched_getaffinity(0, sizeof(placement.before_), &placement.before_) != 0) {
    return fail_errno("sched_getaffinity", errno);
  }
  if (choice == "free") return placement;
  const std::size_t wanted = choice == "two" ? 2 : 1;
  for (int cpu = 0; cpu < CPU_SETSIZE && placement.sets_.size() < wanted; ++cpu) {
    if (!CPU_ISSET(cpu, &placement.before_)) continue;
    cpu_set_t& set = placement.sets_.emplace_back();
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
  }
  if (placement.sets_.size() == wanted) return placement;
  return fail("placement=two needs two CPUs, and this process may use one",
              "leave out --pin, or see: grep Cpus_allowed_list /proc/self/status",
              ErrorCode::kCapability);
}

void Placement::place(unsigned unit) const {
  if (sets_.empty()) return;
  const cpu_set_t& set = sets_[unit % sets_.size()];
  ::sched_setaffinity(0, sizeof(set), &set);
}

void Placement::restore() const {
  if (!sets_.empty()) ::sched_setaffinity(0, sizeof(before_), &before_);
}

}  // namespace switching

Scenario switch_scenario() {
  Scenario scenario;
  scenario.name = "switch";
  scenario.operation = "hand control from one unit to another and back: two handovers";
  scenario.alike =
      "units in a ring, one of which has control, changes its working set and hands on; in a ring "
      "of more than two an operation is two steps on";
  scenario.different =
      "a process or thread wakes the next one and sleeps: the kernel switches, and between "
      "processes it changes the address space; a coroutine goes through a queue in the program "
      "itself, on one CPU, and the kernel sees nothing";
  scenario.parameters = switching::kParameters;
  scenario.variants.assign(std::begin(switching::kVariants), std::end(switching::kVariants));
  scenario.default_operations = 10'000;
  return scenario;
}

}  // namespace triptych::workloads
