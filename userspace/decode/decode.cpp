// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "abi/events.h"
#include "decode/decode_as.hpp"
#include "decode/decode_coroutines.hpp"
#include "decode/decode_stacks.hpp"

namespace triptych::decode {
namespace {

using model::MmId;
using model::TaskId;
using model::Tid;

model::Counters read_counters(const triptych_counters& raw) {
  return {.nvcsw = raw.nvcsw,
          .nivcsw = raw.nivcsw,
          .min_flt = raw.min_flt,
          .maj_flt = raw.maj_flt,
          .utime_ns = raw.utime_ns,
          .stime_ns = raw.stime_ns,
          .run_time_ns = raw.run_time_ns};
}

bool read(const triptych_switch& raw, model::Switch& out) {
  out = {.next = TaskId{raw.next_task},
         .prev_state = raw.prev_state,
         .syscall = raw.syscall,
         .prev_seq = raw.prev_seq,
         .next_seq = raw.next_seq,
         .voluntary = (raw.flags & TRIPTYCH_SWITCH_VOLUNTARY) != 0,
         .involuntary = (raw.flags & TRIPTYCH_SWITCH_INVOLUNTARY) != 0,
         .preempt = (raw.flags & TRIPTYCH_SWITCH_PREEMPT) != 0,
         .mm_change = (raw.flags & TRIPTYCH_SWITCH_MM_CHANGE) != 0,
         .prev_target = (raw.flags & TRIPTYCH_SWITCH_PREV_TARGET) != 0,
         .next_target = (raw.flags & TRIPTYCH_SWITCH_NEXT_TARGET) != 0,
         .compat = (raw.flags & TRIPTYCH_SWITCH_COMPAT) != 0};
  return true;
}

bool read(const triptych_wakeup& raw, model::Wakeup& out) {
  out = {.waker = TaskId{raw.waker_task},
         .request_delay_ns = raw.request_delay_ns,
         .target_cpu = raw.target_cpu,
         .is_new = (raw.flags & TRIPTYCH_WAKEUP_NEW) != 0,
         .interrupt = (raw.flags & TRIPTYCH_WAKEUP_INTERRUPT) != 0,
         .no_request = (raw.flags & TRIPTYCH_WAKEUP_NO_REQUEST) != 0};
  return true;
}

bool read(const triptych_arrival& raw, model::Arrival& out) {
  out = {.queued_ns = raw.queued_ns, .arrived_ns = raw.arrived_ns};
  return true;
}

bool read(const triptych_task_new& raw, model::TaskNew& out) {
  out.clone_flags = raw.clone_flags;
  out.parent = TaskId{raw.parent_task};
  out.tid = static_cast<Tid>(raw.tid);
  out.tgid = static_cast<Tid>(raw.tgid);
  out.ns_tid = static_cast<Tid>(raw.ns_tid);
  out.mm = MmId{raw.mm};
  out.parent_mm = MmId{raw.parent_mm};
  out.page_table_pages = raw.page_table_pages;
  out.anon_pages = raw.anon_pages;
  out.file_pages = raw.file_pages;
  out.shmem_pages = raw.shmem_pages;
  out.kthread = (raw.flags & TRIPTYCH_TASK_KTHREAD) != 0;
  out.io_worker = (raw.flags & TRIPTYCH_TASK_IO_WORKER) != 0;
  out.user_worker = (raw.flags & TRIPTYCH_TASK_USER_WORKER) != 0;
  read_name(out.comm, raw.comm);
  return true;
}

bool read(const triptych_task_seen& raw, model::TaskSeen& out) {
  if (raw.how < TRIPTYCH_SEEN_LAUNCHED || raw.how > TRIPTYCH_SEEN_STRANGER) return false;
  if (raw.run_state > TRIPTYCH_RUN_BLOCKED) return false;
  out.start_boottime_ns = raw.start_boottime_ns;
  out.parent = TaskId{raw.parent_task};
  out.tid = static_cast<Tid>(raw.tid);
  out.tgid = static_cast<Tid>(raw.tgid);
  out.ns_tid = static_cast<Tid>(raw.ns_tid);
  out.parent_tid = static_cast<Tid>(raw.parent_tid);
  out.mm = MmId{raw.mm};
  out.how = static_cast<model::SeenHow>(raw.how);
  out.doing = static_cast<model::SeenDoing>(raw.run_state);
  out.syscall = raw.syscall;
  out.run_cpu = raw.run_cpu;
  out.compat = (raw.flags & TRIPTYCH_TASK_COMPAT) != 0;
  out.kthread = (raw.flags & TRIPTYCH_TASK_KTHREAD) != 0;
  out.io_worker = (raw.flags & TRIPTYCH_TASK_IO_WORKER) != 0;
  out.user_worker = (raw.flags & TRIPTYCH_TASK_USER_WORKER) != 0;
  read_name(out.comm, raw.comm);
  return true;
}

bool read(const triptych_task_baseline& raw, model::TaskBaseline& out) {
  out.counters = read_counters(raw.counters);
  out.prelude_faults = raw.prelude_faults;
  out.switches_valid = (raw.valid & TRIPTYCH_BASELINE_SWITCHES) != 0;
  out.faults_valid = (raw.valid & TRIPTYCH_BASELINE_FAULTS) != 0;
  return true;
}

bool read(const triptych_clone_return& raw, model::CloneReturn& out) {
  if (raw.source < TRIPTYCH_CLONE_FROM_SYSCALL || raw.source > TRIPTYCH_CLONE_FROM_FENTRY) {
    return false;
  }
  out = {.duration_ns = raw.duration_ns,
         .page_table_copy_ns = raw.page_table_copy_ns,
         .child = TaskId{raw.child_task},
         .result = raw.result,
         .source = static_cast<model::CloneSource>(raw.source)};
  return true;
}

bool read(const triptych_task_exec& raw, model::TaskExec& out) {
  if (raw.args_size > TRIPTYCH_ARGS_LEN) return false;
  out.mm = MmId{raw.mm};
  out.old_tid = static_cast<Tid>(raw.old_tid);
  out.tid = static_cast<Tid>(raw.tid);
  out.secure = (raw.flags & TRIPTYCH_EXEC_SECURE) != 0;
  out.args_truncated = (raw.flags & TRIPTYCH_EXEC_ARGS_TRUNCATED) != 0;
  out.args_unreadable = (raw.flags & TRIPTYCH_EXEC_ARGS_UNREADABLE) != 0;
  out.not_dumpable = (raw.flags & TRIPTYCH_EXEC_NOT_DUMPABLE) != 0;
  out.args_size = raw.args_size;
  read_name(out.comm, raw.comm);
  read_name(out.filename, raw.filename);
  out.args = {};
  std::copy_n(raw.args, raw.args_size, out.args.begin());
  return true;
}

bool read(const triptych_task_rename& raw, model::TaskRename& out) {
  read_name(out.comm, raw.comm);
  return true;
}

bool read(const triptych_task_exit& raw, model::TaskExit& out) {
  out = {.exit_code = raw.exit_code,
         .peak_rss_pages = raw.peak_rss_pages,
         .group = (raw.flags & TRIPTYCH_EXIT_GROUP) != 0,
         .last = (raw.flags & TRIPTYCH_EXIT_LAST) != 0};
  return true;
}

bool read(const triptych_task_end& raw, model::TaskEnd& out) {
  out = {.counters = read_counters(raw.counters), .faults = raw.faults};
  return true;
}

bool read(const triptych_task_free&, model::TaskFree&) {
  return true;
}

bool read(const triptych_fault& raw, model::Fault& out) {
  if (raw.mapping > TRIPTYCH_MAPPING_SPECIAL) return false;
  out = {.address = raw.address,
         .ip = raw.ip,
         .duration_ns = raw.duration_ns,
         .vm_flags = raw.vm_flags,
         .mm = MmId{raw.mm},
         .pages = raw.pages,
         .error_code = raw.error_code,
         .order = raw.order,
         .mapping = static_cast<model::Mapping>(raw.mapping),
         .major = (raw.flags & TRIPTYCH_FAULT_MAJOR) != 0,
         .zeroed = (raw.flags & TRIPTYCH_FAULT_ZEROED) != 0,
         .not_zeroed = (raw.flags & TRIPTYCH_FAULT_NOT_ZEROED) != 0,
         .unresolved = (raw.flags & TRIPTYCH_FAULT_UNRESOLVED) != 0,
         .no_start = (raw.flags & TRIPTYCH_FAULT_NO_START) != 0,
         .kernel_taken = (raw.flags & TRIPTYCH_FAULT_KERNEL_TAKEN) != 0,
         .from_fentry = (raw.flags & TRIPTYCH_FAULT_FROM_FENTRY) != 0};
  return true;
}

bool read(const triptych_mark& raw, model::Mark& out) {
  if (raw.type < TRIPTYCH_MARK_BEGIN || raw.type > TRIPTYCH_MARK_POINT) return false;
  out.counters = read_counters(raw.counters);
  out.faults = raw.faults;
  out.type = static_cast<model::MarkType>(raw.type);
  read_name(out.name, raw.name);
  return true;
}

bool read(const triptych_lost& raw, model::Lost& out) {
  static_assert(model::kLossClasses == TRIPTYCH_LOSS_CLASSES);
  out.first_ns = raw.first_ns;
  out.last_ns = raw.last_ns;
  std::copy(std::begin(raw.counts), std::end(raw.counts), out.counts.begin());
  return true;
}

bool read(const triptych_task_summary& raw, model::TaskSummary& out) {
  static_assert(model::kSummaryFaultClasses == TRIPTYCH_SUMMARY_FAULT_CLASSES);
  static_assert(model::kSummaryBuckets == TRIPTYCH_SUMMARY_BUCKETS);
  out.counters = read_counters(raw.counters);
  out.voluntary = raw.voluntary;
  out.involuntary = raw.involuntary;
  out.wakeups = raw.wakeups;
  out.on_cpu_ns = raw.on_cpu_ns;
  out.runnable_ns = raw.runnable_ns;
  out.blocked_ns = raw.blocked_ns;
  out.migrations = raw.migrations;
  out.mm_changes = raw.mm_changes;
  out.major_faults = raw.major_faults;
  out.kernel_mode_faults = raw.kernel_mode_faults;
  std::copy(std::begin(raw.faults), std::end(raw.faults), out.faults.begin());
  std::copy(std::begin(raw.fault_pages), std::end(raw.fault_pages), out.fault_pages.begin());
  std::copy(std::begin(raw.fault_ns), std::end(raw.fault_ns), out.fault_ns.begin());
  std::copy(std::begin(raw.run_queue_latency), std::end(raw.run_queue_latency),
            out.run_queue_latency.begin());
  std::copy(std::begin(raw.slice_length), std::end(raw.slice_length), out.slice_length.begin());
  out.mm = MmId{raw.mm};
  out.final = (raw.flags & TRIPTYCH_SUMMARY_FINAL) != 0;
  return true;
}

template <class Raw, class Payload>
Status decode_as(std::span<const std::byte> record, model::Event& event) {
  return decode::decode_as<Raw, Payload>(record, event, &read);
}

// What programs do by themselves: their coroutines and stacks.
Status decode_of_programs(std::uint8_t kind, std::span<const std::byte> record,
                          model::Event& event) {
  const Status status = decode_coroutines(kind, record, event);
  return status == Status::kUnknownKind ? decode_stacks(kind, record, event) : status;
}

}  // namespace

Status decode(std::span<const std::byte> record, model::Event& event) {
  triptych_hdr header;
  if (record.size() < sizeof header) return Status::kMalformed;
  std::memcpy(&header, record.data(), sizeof header);
  if (header.size8 * std::size_t{8} != record.size()) return Status::kMalformed;
  switch (header.kind) {
    case TRIPTYCH_EV_INVALID:
      return Status::kMalformed;
    case TRIPTYCH_EV_SWITCH:
      return decode_as<triptych_switch, model::Switch>(record, event);
    case TRIPTYCH_EV_WAKEUP:
      return decode_as<triptych_wakeup, model::Wakeup>(record, event);
    case TRIPTYCH_EV_ARRIVAL:
      return decode_as<triptych_arrival, model::Arrival>(record, event);
    case TRIPTYCH_EV_TASK_NEW:
      return decode_as<triptych_task_new, model::TaskNew>(record, event);
    case TRIPTYCH_EV_TASK_SEEN:
      return decode_as<triptych_task_seen, model::TaskSeen>(record, event);
    case TRIPTYCH_EV_TASK_BASELINE:
      return decode_as<triptych_task_baseline, model::TaskBaseline>(record, event);
    case TRIPTYCH_EV_CLONE_RETURN:
      return decode_as<triptych_clone_return, model::CloneReturn>(record, event);
    case TRIPTYCH_EV_TASK_EXEC:
      return decode_as<triptych_task_exec, model::TaskExec>(record, event);
    case TRIPTYCH_EV_TASK_RENAME:
      return decode_as<triptych_task_rename, model::TaskRename>(record, event);
    case TRIPTYCH_EV_TASK_EXIT:
      return decode_as<triptych_task_exit, model::TaskExit>(record, event);
    case TRIPTYCH_EV_TASK_END:
      return decode_as<triptych_task_end, model::TaskEnd>(record, event);
    case TRIPTYCH_EV_TASK_FREE:
      return decode_as<triptych_task_free, model::TaskFree>(record, event);
    case TRIPTYCH_EV_FAULT:
      return decode_as<triptych_fault, model::Fault>(record, event);
    case TRIPTYCH_EV_MARK:
      return decode_as<triptych_mark, model::Mark>(record, event);
    case TRIPTYCH_EV_LOST:
      return decode_as<triptych_lost, model::Lost>(record, event);
    case TRIPTYCH_EV_TASK_SUMMARY:
      return decode_as<triptych_task_summary, model::TaskSummary>(record, event);
    default:
      return decode_of_programs(header.kind, record, event);
  }
}

}  // namespace triptych::decode
