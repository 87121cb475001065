// SPDX-License-Identifier: Apache-2.0
#include "probe/attach_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>

#include "probe/hooks.hpp"

namespace triptych::probe {
namespace {

struct EventName {
  std::string_view name;
  bool EventSet::*member;
};
constexpr EventName kEventNames[] = {
    {"switch", &EventSet::switches}, {"wakeup", &EventSet::wakeups}, {"fault", &EventSet::faults},
    {"fork", &EventSet::fork},       {"exec", &EventSet::exec},      {"exit", &EventSet::exit},
};

struct StackName {
  std::string_view name;
  bool StackSet::*member;
  std::string_view program;  // that takes them
};
constexpr StackName kStackNames[] = {
    {"on-cpu", &StackSet::on_cpu, "on_sample"}, {"off-cpu", &StackSet::off_cpu, "on_switch"},
    {"wakeup", &StackSet::wakeup, "on_waking"}, {"fault", &StackSet::fault, "on_fault_minor"},
    {"cow", &StackSet::cow, "on_fault_minor"},  {"fork", &StackSet::fork, "on_newtask"},
};

// Sets the members of `wanted` that the list names.
template <class Names, class Set>
Result<void> parse_list(std::string_view text, const char* what, const Names& names, Set& wanted) {
  std::string known;
  for (const auto& each : names) {
    if (!known.empty()) known += ", ";
    known += each.name;
  }
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [&](const auto& each) { return each.name == name; });
    if (found == std::end(names)) {
      return fail("unknown " + std::string(what) + " '" + std::string(name) + "'",
                  "known " + std::string(what) + "s: " + known, ErrorCode::kUsage);
    }
    wanted.*found->member = true;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

using Programs = std::initializer_list<std::string_view>;

// The first program that the kernel refuses, or none.
const Capability* first_refused(const Capabilities& capabilities, Programs programs) {
  for (const std::string_view program : programs) {
    const Hook* hook = find_hook(program);
    const Capability* capability = capabilities.find(name_of(*hook));
    if (capability != nullptr && !capability->available) return capability;
  }
  return nullptr;
}

std::string hooks_of(Programs programs) {
  std::string text;
  for (const std::string_view program : programs) {
    if (!text.empty()) text += ", ";
    text += name_of(*find_hook(program));
  }
  return text;
}

class Planner {
 public:
  explicit Planner(const Capabilities& capabilities) : capabilities_(capabilities) {}

  // True when all of `programs` are to be had: they are then part of the plan.
  bool take(std::string_view event, Programs programs, std::string reason = {}) {
    if (const Capability* refused = first_refused(capabilities_, programs)) {
      last_refusal_ = refused->name + ": " + refused->reason;
      return false;
    }
    for (const std::string_view program : programs) plan_.programs.emplace_back(program);
    plan_.events.push_back({std::string(event), hooks_of(programs), std::move(reason)});
    return true;
  }

  Result<void> require(std::string_view event, Programs programs) {
    if (take(event, programs)) return {};
    return fail("this kernel cannot record " + std::string(event) + ": " + last_refusal_,
                "`triptych doctor` tells for each kind of event what is missing",
                ErrorCode::kCapability);
  }

  void leave_out(std::string_view event, std::string reason) {
    plan_.events.push_back({std::string(event), {}, std::move(reason)});
  }

  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }
  AttachPlan& plan() { return plan_; }

 private:
  const Capabilities& capabilities_;
  AttachPlan plan_;
  std::string last_refusal_;
};

constexpr std::string_view kNotAsked = "not asked for";

void plan_clone_calls(Planner& planner, bool wanted, bool summary_only) {
  if (!wanted) {
    planner.leave_out("fork call", std::string(kNotAsked));
    planner.leave_out("page-table copy", std::string(kNotAsked));
    return;
  }
  if (planner.take("fork call", {"on_kernel_clone_enter", "on_kernel_clone_exit"})) {
    if (!planner.take("page-table copy", {"on_copy_page_range_enter", "on_copy_page_range_exit"})) {
      planner.leave_out("page-table copy", planner.last_refusal());
    }
    return;
  }
  const std::string refusal = planner.last_refusal();
  planner.leave_out("page-table copy", refusal);
  // They take every system call of every program the long way round: dearer than a summary is.
  if (summary_only) {
    planner.leave_out("fork call",
                      "not by tracepoints of system calls in summary mode; not by " + refusal);
    return;
  }
  if (!planner.take("fork call",
                    {"on_clone_enter", "on_clone_exit", "on_clone3_enter", "on_clone3_exit",
                     "on_fork_enter", "on_fork_exit", "on_vfork_enter", "on_vfork_exit"},
                    "not by " + refusal)) {
    planner.leave_out("fork call", planner.last_refusal());
  }
}

// Rather than in the kernel.
bool sits_in_programs(std::string_view program) {
  return find_single_hook(program) != nullptr;
}

Result<void> plan_coroutines(Planner& planner, const Capabilities& capabilities,
                             const std::vector<std::string>& programs) {
  if (programs.empty()) return {};
  TRIPTYCH_TRY_ASSIGN(const UserProbeWay way, user_probe_way(capabilities, programs));
  planner.plan().user_probes = way;
  for (const std::string& program : programs) {
    if (way == UserProbeWay::kTogether || !sits_in_programs(program)) {
      TRIPTYCH_TRY(planner.require("coroutine", {program}));
      continue;
    }
    const Capability* better = first_refused(capabilities, {program});
    planner.plan().programs.push_back(program);
    planner.plan().events.push_back(
        {"coroutine", name_of(*find_single_hook(program)),
         better == nullptr ? "" : "not by " + better->name + ": " + better->reason});
  }
  return {};
}

Result<void> plan_faults(Planner& planner, bool wanted) {
  if (!wanted) {
    planner.leave_out("fault", std::string(kNotAsked));
    planner.leave_out("kernel-taken fault", std::string(kNotAsked));
    return {};
  }
  TRIPTYCH_TRY(planner.require("fault", {"on_fault_user", "on_fault_kernel", "on_page_alloc",
                                         "on_fault_minor", "on_fault_major"}));
  if (!planner.take("kernel-taken fault", {"on_kernel_taken_start", "on_kernel_taken_end"})) {
    planner.leave_out("kernel-taken fault", planner.last_refusal());
  }
  return {};
}

// What an event with a stack is recorded by, it is recorded by without: only samples need a
// program.
Result<void> plan_stacks(Planner& planner, const PlanRequest& request) {
  const StackSet& stacks = request.stacks;
  const EventSet& events = request.events;
  if (!stacks.any()) return {};
  const std::pair<bool, std::string_view> missing[] = {
      {stacks.off_cpu && !events.switches, "off-cpu stacks are of events of kind switch"},
      {stacks.wakeup && !events.wakeups, "wakeup stacks are of events of kind wakeup"},
      {(stacks.fault || stacks.cow) && !events.faults,
       "fault and cow stacks are of events of kind fault"}};
  for (const auto& [is, text] : missing) {
    if (is) return fail(std::string(text), "--events leaves them out", ErrorCode::kUsage);
  }
  if (stacks.on_cpu) TRIPTYCH_TRY(planner.require("sample", {"on_sample"}));
  // So that a trace without some of them says whether they were asked for.
  for (const StackName& each : kStackNames) {
    if (!(stacks.*each.member)) continue;
    planner.plan().events.push_back(
        {fmt::format("{} stacks", each.name), hooks_of({each.program}), {}});
  }
  return {};
}

}  // namespace

Result<EventSet> parse_event_set(std::string_view text) {
  EventSet wanted{false, false, false, false, false, false};
  TRIPTYCH_TRY(parse_list(text, "event", kEventNames, wanted));
  return wanted;
}

Result<StackSet> parse_stack_set(std::string_view text) {
  StackSet wanted;
  TRIPTYCH_TRY(parse_list(text, "stack", kStackNames, wanted));
  return wanted;
}

Result<UserProbeWay> user_probe_way(const Capabilities& capabilities,
                                    const std::vector<std::string>& programs) {
  std::string together, one_by_one;
  for (const std::string& program : programs) {
    if (!sits_in_programs(program)) continue;
    const auto look = [&](const Hook& hook, std::string& refusal) {
      const Capability* capability = capabilities.find(name_of(hook));
      if (capability != nullptr && !capability->available) {
        refusal = capability->name + ": " + capability->reason;
      }
    };
    look(*find_hook(program), together);
    look(*find_single_hook(program), one_by_one);
  }
  if (together.empty()) return UserProbeWay::kTogether;
  if (one_by_one.empty()) return UserProbeWay::kOneByOne;
  return fail("this kernel cannot record coroutine: " + together + "; " + one_by_one,
              "`triptych doctor` tells for each kind of event what is missing",
              ErrorCode::kCapability);
}

Result<AttachPlan> make_attach_plan(const Capabilities& capabilities, const PlanRequest& request) {
  const EventSet& wanted = request.events;
  Planner planner(capabilities);
  // The frame: without these no other event has a meaning. sched_switch is part of it, because the
  // last switch of a task is where its own counters are final.
  TRIPTYCH_TRY(planner.require("task", {"on_newtask", "on_exit", "on_free"}));
  TRIPTYCH_TRY(planner.require("exec", {"on_exec"}));
  TRIPTYCH_TRY(planner.require("rename, mark", {"on_rename"}));
  if (request.launched && !request.summary_only) {
    planner.leave_out("running tasks", "not needed: the command is yet to be started");
  } else {
    TRIPTYCH_TRY(planner.require("running tasks", {"on_walk"}));
  }
  if (wanted.switches) {
    TRIPTYCH_TRY(planner.require("switch", {"on_switch"}));
  } else {
    TRIPTYCH_TRY(planner.require("task end", {"on_switch"}));
    planner.leave_out("switch", std::string(kNotAsked));
  }
  if (!wanted.wakeups) {
    planner.leave_out("wakeup", std::string(kNotAsked));
  } else if (request.summary_only) {
    TRIPTYCH_TRY(planner.require("wakeup", {"on_wakeup", "on_wakeup_new"}));
  } else {
    TRIPTYCH_TRY(planner.require("wakeup", {"on_waking", "on_wakeup", "on_wakeup_new"}));
  }
  TRIPTYCH_TRY(plan_faults(planner, wanted.faults));
  plan_clone_calls(planner, wanted.fork, request.summary_only);
  TRIPTYCH_TRY(plan_coroutines(planner, capabilities, request.coroutine_programs));
  TRIPTYCH_TRY(plan_stacks(planner, request));

  AttachPlan plan = std::move(planner.plan());
  plan.stacks = request.stacks;
  plan.preempt_count_distance = capabilities.preempt_count_distance;
  plan.record_switches = wanted.switches;
  plan.record_wakeups = wanted.wakeups;
  // An inherited counting event costs each switch of the target as much as recording it does: none
  // where there is nothing to compare with it, and none where the point is to be cheap.
  plan.count_faults = wanted.faults && !request.summary_only;
  plan.tier = capabilities.has("fentry/handle_mm_fault") && capabilities.has("fentry/kernel_clone")
                  ? "full"
                  : "base";
  return plan;
}

}  // namespace triptych::probe
