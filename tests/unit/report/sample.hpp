// SPDX-License-Identifier: Apache-2.0
//
// A small summary made by hand: a shell (tid 100) that forks a child (101), which execs, copies a
// page and ends as a zombie; a stranger (50) preempts the shell once.
#pragma once

#include "analyze/summary.hpp"

namespace triptych::report {

inline constexpr model::TaskId kStranger{2}, kShell{3}, kChild{4};

inline analyze::Task make_task(model::TaskId id, model::Tid tid, const char* comm) {
  analyze::Task task;
  task.id = id;
  task.tid = task.tgid = task.ns_tid = tid;
  task.comm = comm;
  return task;
}

inline analyze::Task sample_shell() {
  analyze::Task shell = make_task(kShell, 100, "sh");
  shell.created_by = analyze::CreatedBy::kLaunched;
  shell.parent_tid = 99;
  shell.start_ns = 1'000'000;
  shell.exit_ns = 4'900'000;
  shell.end_ns = 5'000'000;
  shell.exit_code = 3 << 8;
  shell.on_cpu_ns = 1'500'000;
  shell.runnable_ns = 500'000;
  shell.blocked_ns = 2'000'000;
  shell.blocked_by_syscall_ns = {{"read", 400'000}, {"wait4", 1'600'000}};
  shell.switches = {10, 5, 1, 3};
  shell.preempted_by[kStranger] = {1, 500'000};
  shell.migrations = 2;
  shell.wakeups = 9;
  shell.run_queue_latency.add(1500, 9);
  shell.slice_length.add(100'000, 15);
  shell.faults.total = 7;
  shell.faults.minor = 7;
  shell.faults.by_kind[static_cast<std::size_t>(analyze::FaultKind::kFirstTouch)] = 7;
  shell.execs.push_back({1'000'000, "sh", "/bin/sh", {"sh", "-c", "a b"}, false, false, 100});
  shell.audit = {analyze::AuditVerdict::kEqual, analyze::AuditVerdict::kEqual, "", "", 10, 5, 8, 1};
  return shell;
}

inline analyze::Task sample_child() {
  analyze::Task child = make_task(kChild, 101, "cat");
  child.created_by = analyze::CreatedBy::kFork;
  child.parent = kShell;
  child.parent_tid = 100;
  child.names = {"sh"};
  child.start_ns = 2'000'000;
  child.exit_ns = 3'000'000;
  child.end_ns = 3'100'000;
  child.exit_code = 9;
  child.zombie = true;
  child.on_cpu_ns = 700'000;
  child.unknown_ns = 400'000;
  child.switches = {1, 1, 0, 2};
  child.faults.total = 1;
  child.faults.minor = 1;
  child.faults.by_kind[static_cast<std::size_t>(analyze::FaultKind::kCowCopy)] = 1;
  child.execs.push_back({2'500'000, "cat", "/bin/cat", {"cat"}, true, false, 101});
  child.audit.switches_remark = child.audit.faults_remark = "records lost";
  return child;
}

inline analyze::Summary sample_summary() {
  analyze::Summary summary;
  model::Metadata& metadata = summary.metadata;
  metadata.tool_version = "0.1.0";
  metadata.record_command = {"triptych", "record", "--", "sh", "-c", "a b"};
  metadata.start_realtime_ns = 1'700'000'000'000'000'000;
  metadata.start_ns = 1'000'000;
  metadata.host.kernel = "6.18.0";
  metadata.host.machine = "x86_64";
  metadata.host.cpus = 2;
  metadata.host.tier = "base";
  metadata.target.command = {"sh", "-c", "a b"};
  metadata.target.tgid = 100;
  metadata.target.user = "build";
  metadata.plan = {{"switch", "tp_btf/sched_switch", ""},
                   {"wakeup", "tp_btf/sched_wakeup", ""},
                   {"fault", "tp_btf/page_fault_user", "no fentry"},
                   {"kernel-taken fault", "", "no fentry"},
                   {"fork call", "tracepoint/syscalls/sys_enter_clone", "no fentry"},
                   {"page-table copy", "", "no fentry"}};
  summary.ending.emplace();
  summary.ending->end_ns = 5'000'000;
  summary.ending->reason = "target ended";
  summary.ending->wait_status = 3 << 8;
  summary.begin_ns = 1'000'000;
  summary.end_ns = 5'000'000;
  summary.events = 100;
  summary.stored_bytes = 400;
  summary.tasks = {sample_shell(), sample_child(), make_task(kStranger, 50, "kworker/0:1")};
  summary.tasks.back().stranger = true;
  summary.totals.switches = {11, 6, 1, 5};
  summary.totals.wakeups = 9;
  summary.totals.faults.total = 8;
  summary.totals.faults.minor = 8;
  summary.totals.cow = {1, 4096, 1900};
  summary.totals.forks = 1;
  summary.totals.execs = 2;
  summary.totals.exits = 2;
  summary.totals.on_cpu_ns = 2'200'000;
  summary.totals.run_queue_latency = summary.tasks[0].run_queue_latency;
  summary.totals.slice_length = summary.tasks[0].slice_length;
  analyze::AddressSpace space;
  space.id = model::MmId{1};
  space.tgid = 100;
  space.comm = "sh";
  space.start_ns = 1'000'000;
  analyze::FaultStats& touches =
      space.faults[static_cast<std::size_t>(analyze::FaultKind::kFirstTouch)];
  touches.count = touches.pages = 7;
  touches.time_ns = 7'000;
  touches.latency.add(1'000, 7);
  summary.address_spaces.push_back(space);
  analyze::Fork fork;
  fork.parent = kShell;
  fork.child = kChild;
  fork.parent_tid = 100;
  fork.child_tid = 101;
  fork.ts_ns = 2'000'000;
  fork.duration_ns = 120'000;
  fork.first_run_delay_ns = 30'000;
  fork.page_table_pages = 12;
  fork.shared_pages = 300;
  fork.cow_child = {1, 4096, 1900};
  summary.forks.push_back(fork);
  summary.marks.push_back({1'200'000, kShell, 100, model::MarkType::kBegin, "load", {}, 3});
  summary.audit.tasks = 2;
  summary.audit.tasks_comparable = 1;
  summary.audit.switches_recorded = summary.audit.switches_kernel = 15;
  summary.audit.faults_recorded = 8;
  summary.audit.faults_counted = 8;
  summary.audit.faults_kernel_taken = 1;
  return summary;
}

}  // namespace triptych::report
