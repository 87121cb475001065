// SPDX-License-Identifier: Apache-2.0
#include "probe/attach_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "probe/hooks.hpp"

namespace triptych::probe {
namespace {

using testing::Contains;
using testing::Not;

// A kernel that allows every hook but those named.
Capabilities kernel_without(const std::vector<std::string>& refused) {
  Capabilities capabilities;
  for (const Hook& hook : all_hooks()) {
    const std::string name = name_of(hook);
    if (capabilities.find(name) != nullptr) continue;
    const bool available = std::find(refused.begin(), refused.end(), name) == refused.end();
    capabilities.hooks.push_back({name, available, available ? "" : "load refused"});
  }
  return capabilities;
}

const std::vector<std::string> kNoFunctions = {"fentry/handle_mm_fault", "fexit/handle_mm_fault",
                                               "fentry/kernel_clone",    "fexit/kernel_clone",
                                               "fentry/copy_page_range", "fexit/copy_page_range"};

const model::PlannedEvent* event(const AttachPlan& plan, const std::string& name) {
  for (const model::PlannedEvent& planned : plan.events) {
    if (planned.event == name) return &planned;
  }
  return nullptr;
}

TEST(AttachPlan, TheFullTierUsesFunctionsAndLeavesSystemCallsAlone) {
  const Result<AttachPlan> plan = make_attach_plan(kernel_without({}), {{}, false});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->tier, "full");
  EXPECT_THAT(plan->programs, Contains("on_kernel_clone_enter"));
  EXPECT_THAT(plan->programs, Contains("on_copy_page_range_exit"));
  EXPECT_THAT(plan->programs, Contains("on_kernel_taken_end"));
  EXPECT_THAT(plan->programs, Not(Contains("on_clone_enter")));
  ASSERT_NE(event(*plan, "fork call"), nullptr);
  EXPECT_EQ(event(*plan, "fork call")->hook, "fentry/kernel_clone, fexit/kernel_clone");
}

TEST(AttachPlan, ProbesInProgramsOnlyWhenAskedFor) {
  PlanRequest request;
  const Result<AttachPlan> without = make_attach_plan(kernel_without({}), request);
  ASSERT_TRUE(without);
  EXPECT_THAT(without->programs, Not(Contains("on_coroutine_marker")));
  EXPECT_EQ(event(*without, "coroutine"), nullptr);
  request.coroutine_programs = {"on_coroutine_marker"};
  const Result<AttachPlan> with = make_attach_plan(kernel_without({}), request);
  ASSERT_TRUE(with);
  EXPECT_THAT(with->programs, Contains("on_coroutine_marker"));
  EXPECT_EQ(event(*with, "coroutine")->hook, "uprobe_multi/coroutine");
  EXPECT_EQ(with->user_probes, UserProbeWay::kTogether);
}

TEST(AttachPlan, ProbesInProgramsOneByOneWhereTheyDoNotComeTogether) {
  PlanRequest request;
  request.coroutine_programs = {"on_python_step", "on_python_switch"};
  const Result<AttachPlan> plan =
      make_attach_plan(kernel_without({"uprobe_multi/python"}), request);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->user_probes, UserProbeWay::kOneByOne);
  EXPECT_THAT(plan->programs, Contains("on_python_step"));
  EXPECT_THAT(plan->programs, Contains("on_python_switch"));
  ASSERT_NE(event(*plan, "coroutine"), nullptr);
  EXPECT_EQ(event(*plan, "coroutine")->hook, "uprobe/python");
  EXPECT_EQ(event(*plan, "coroutine")->reason, "not by uprobe_multi/python: load refused");

  // All in the same way, or not at all.
  request.coroutine_programs.emplace_back("on_greenlet");
  const Result<AttachPlan> both =
      make_attach_plan(kernel_without({"uprobe_multi/python"}), request);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->user_probes, UserProbeWay::kOneByOne);
  const Result<AttachPlan> refused =
      make_attach_plan(kernel_without({"uprobe_multi/python", "uprobe/greenlet"}), request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCapability);
  EXPECT_EQ(refused.error().message,
            "this kernel cannot record coroutine: uprobe_multi/python: load refused; "
            "uprobe/greenlet: load refused");
}

TEST(AttachPlan, OnlySamplesNeedAProgramOfTheirOwn) {
  PlanRequest request;
  request.stacks.off_cpu = request.stacks.fault = true;
  const Result<AttachPlan> events = make_attach_plan(kernel_without({}), request);
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->stacks.off_cpu);
  EXPECT_THAT(events->programs, Not(Contains("on_sample")));
  request.stacks.on_cpu = true;
  const Result<AttachPlan> samples = make_attach_plan(kernel_without({}), request);
  ASSERT_TRUE(samples);
  EXPECT_THAT(samples->programs, Contains("on_sample"));
  EXPECT_EQ(event(*samples, "sample")->hook, "perf_event/cpu-clock");
  // Which were asked for is told.
  EXPECT_EQ(event(*samples, "on-cpu stacks")->hook, "perf_event/cpu-clock");
  EXPECT_EQ(event(*samples, "off-cpu stacks")->hook, "tp_btf/sched_switch");
  EXPECT_EQ(event(*samples, "fault stacks")->hook, "perf_event/page-faults-min");
  EXPECT_EQ(event(*samples, "cow stacks"), nullptr);
  EXPECT_FALSE(make_attach_plan(kernel_without({"perf_event/cpu-clock"}), request));
}

TEST(AttachPlan, StacksOfEventsThatAreLeftOutAreRefused) {
  PlanRequest request;
  request.events.wakeups = false;
  request.stacks.wakeup = true;
  const Result<AttachPlan> plan = make_attach_plan(kernel_without({}), request);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, "wakeup stacks are of events of kind wakeup");
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
}

TEST(StackSet, ItsNames) {
  const Result<StackSet> set = parse_stack_set("on-cpu,cow");
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->on_cpu && set->cow);
  EXPECT_FALSE(set->off_cpu || set->wakeup || set->fault || set->fork || set->kernel);
  const Result<StackSet> unknown = parse_stack_set("on-cpu,oncpu");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().hint, "known stacks: on-cpu, off-cpu, wakeup, fault, cow, fork");
}

TEST(AttachPlan, TheBaseTierFallsBackAndSaysWhy) {
  const Result<AttachPlan> plan = make_attach_plan(kernel_without(kNoFunctions), {{}, false});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->tier, "base");
  EXPECT_THAT(plan->programs, Contains("on_clone_enter"));
  EXPECT_THAT(plan->programs, Contains("on_vfork_exit"));
  EXPECT_THAT(plan->programs, Not(Contains("on_kernel_clone_enter")));
  EXPECT_EQ(event(*plan, "fork call")->reason, "not by fentry/kernel_clone: load refused");
  ASSERT_NE(event(*plan, "page-table copy"), nullptr);
  EXPECT_EQ(event(*plan, "page-table copy")->hook, "");
  EXPECT_EQ(event(*plan, "kernel-taken fault")->reason, "fentry/handle_mm_fault: load refused");
}

TEST(AttachPlan, OnlyWhatWasAskedForIsAttached) {
  EventSet wanted{};
  wanted.faults = wanted.fork = wanted.wakeups = false;
  const Result<AttachPlan> plan = make_attach_plan(kernel_without({}), {wanted, false});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->record_switches);
  EXPECT_FALSE(plan->count_faults);
  for (const char* program : {"on_fault_user", "on_fault_minor", "on_page_alloc", "on_waking",
                              "on_wakeup", "on_kernel_clone_enter", "on_clone_enter"}) {
    EXPECT_THAT(plan->programs, Not(Contains(program)));
  }
  EXPECT_EQ(event(*plan, "fault")->reason, "not asked for");
  EXPECT_EQ(event(*plan, "wakeup")->hook, "");
}

TEST(AttachPlan, TheEndOfTasksNeedsSwitchesEvenWhenTheyAreNotRecorded) {
  EventSet wanted{};
  wanted.switches = false;
  const Result<AttachPlan> plan = make_attach_plan(kernel_without({}), {wanted, false});
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->record_switches);
  EXPECT_THAT(plan->programs, Contains("on_switch"));
  EXPECT_EQ(event(*plan, "switch")->reason, "not asked for");
}

TEST(AttachPlan, SummaryModeNeedsNoWaker) {
  const Result<AttachPlan> plan = make_attach_plan(kernel_without({}), {{}, true});
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->programs, Not(Contains("on_waking")));
  EXPECT_THAT(plan->programs, Contains("on_wakeup"));
}

TEST(AttachPlan, ACommandYetToBeStartedIsNotLookedFor) {
  const PlanRequest launched{{}, false, true};
  EXPECT_THAT(make_attach_plan(kernel_without({}), launched)->programs, Not(Contains("on_walk")));
  EXPECT_TRUE(make_attach_plan(kernel_without({"iter/task"}), launched));
  // But snapshots of summaries are taken by a walk.
  const PlanRequest summaries{{}, true, true};
  EXPECT_THAT(make_attach_plan(kernel_without({}), summaries)->programs, Contains("on_walk"));
}

TEST(AttachPlan, SummaryModeLeavesSystemCallsAlone) {
  const Result<AttachPlan> plan = make_attach_plan(kernel_without(kNoFunctions), {{}, true});
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->programs, Not(Contains("on_clone_enter")));
  EXPECT_EQ(event(*plan, "fork call")->reason,
            "not by tracepoints of system calls in summary mode; not by fentry/kernel_clone: load "
            "refused");
}

TEST(AttachPlan, FaultsAreCountedBesideOnlyWhereTheyAreRecordedOneByOne) {
  EventSet without_faults{};
  without_faults.faults = false;
  EXPECT_FALSE(make_attach_plan(kernel_without({}), {without_faults, false})->count_faults);
  EXPECT_FALSE(make_attach_plan(kernel_without({}), {{}, true})->count_faults);
}

TEST(AttachPlan, WithoutItsFrameNothingCanBeRecorded) {
  for (const char* hook : {"tp_btf/task_newtask", "tp_btf/sched_switch",
                           "tp_btf/sched_process_exit", "tp_btf/sched_process_exec", "iter/task"}) {
    const Result<AttachPlan> plan = make_attach_plan(kernel_without({hook}), {{}, false});
    ASSERT_FALSE(plan) << hook;
    EXPECT_EQ(plan.error().code, ErrorCode::kCapability);
    EXPECT_THAT(plan.error().message, testing::HasSubstr(hook));
    EXPECT_THAT(plan.error().message, testing::StartsWith("this kernel cannot record "));
  }
}

TEST(EventSet, NamesAreThoseOfTheOption) {
  const Result<EventSet> wanted = parse_event_set("switch,fault");
  ASSERT_TRUE(wanted);
  EXPECT_TRUE(wanted->switches);
  EXPECT_TRUE(wanted->faults);
  EXPECT_FALSE(wanted->wakeups);
  EXPECT_FALSE(wanted->fork);
}

TEST(EventSet, AnUnknownNameListsTheKnownOnes) {
  for (const char* text : {"switches", "", "switch,", ",", "switch,,fault", "SWITCH"}) {
    const Result<EventSet> wanted = parse_event_set(text);
    ASSERT_FALSE(wanted) << text;
    EXPECT_EQ(wanted.error().code, ErrorCode::kUsage);
    EXPECT_THAT(wanted.error().message, testing::StartsWith("unknown event '"));
    EXPECT_EQ(wanted.error().hint, "known events: switch, wakeup, fault, fork, exec, exit");
  }
}

}  // namespace
}  // namespace triptych::probe
