// SPDX-License-Identifier: Apache-2.0
#include "decode/encode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "abi/coroutines.h"
#include "decode/encode_stacks.hpp"
#include "decode/raw_parts.hpp"

namespace triptych::decode {
namespace {

triptych_counters write_counters(const model::Counters& in) {
  triptych_counters raw{};
  raw.nvcsw = in.nvcsw;
  raw.nivcsw = in.nivcsw;
  raw.min_flt = in.min_flt;
  raw.maj_flt = in.maj_flt;
  raw.utime_ns = in.utime_ns;
  raw.stime_ns = in.stime_ns;
  raw.run_time_ns = in.run_time_ns;
  return raw;
}

template <class In>
std::uint32_t task_flags(const In& in) {
  return bit_if(in.kthread, TRIPTYCH_TASK_KTHREAD) | bit_if(in.io_worker, TRIPTYCH_TASK_IO_WORKER) |
         bit_if(in.user_worker, TRIPTYCH_TASK_USER_WORKER);
}

triptych_switch raw_of(const model::Switch& in) {
  triptych_switch raw{};
  raw.hdr.kind = TRIPTYCH_EV_SWITCH;
  raw.next_task = number(in.next);
  raw.prev_state = in.prev_state;
  raw.syscall = in.syscall;
  raw.prev_seq = in.prev_seq;
  raw.next_seq = in.next_seq;
  raw.flags = static_cast<__u16>(bit_if(in.voluntary, TRIPTYCH_SWITCH_VOLUNTARY) |
                                 bit_if(in.involuntary, TRIPTYCH_SWITCH_INVOLUNTARY) |
                                 bit_if(in.preempt, TRIPTYCH_SWITCH_PREEMPT) |
                                 bit_if(in.mm_change, TRIPTYCH_SWITCH_MM_CHANGE) |
                                 bit_if(in.prev_target, TRIPTYCH_SWITCH_PREV_TARGET) |
                                 bit_if(in.next_target, TRIPTYCH_SWITCH_NEXT_TARGET) |
                                 bit_if(in.compat, TRIPTYCH_SWITCH_COMPAT));
  return raw;
}

triptych_wakeup raw_of(const model::Wakeup& in) {
  triptych_wakeup raw{};
  raw.hdr.kind = TRIPTYCH_EV_WAKEUP;
  raw.waker_task = number(in.waker);
  raw.request_delay_ns = in.request_delay_ns;
  raw.target_cpu = in.target_cpu;
  raw.flags = static_cast<__u16>(bit_if(in.is_new, TRIPTYCH_WAKEUP_NEW) |
                                 bit_if(in.interrupt, TRIPTYCH_WAKEUP_INTERRUPT) |
                                 bit_if(in.no_request, TRIPTYCH_WAKEUP_NO_REQUEST));
  return raw;
}

triptych_arrival raw_of(const model::Arrival& in) {
  triptych_arrival raw{};
  raw.hdr.kind = TRIPTYCH_EV_ARRIVAL;
  raw.queued_ns = in.queued_ns;
  raw.arrived_ns = in.arrived_ns;
  return raw;
}

triptych_task_new raw_of(const model::TaskNew& in) {
  triptych_task_new raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_NEW;
  raw.clone_flags = in.clone_flags;
  raw.parent_task = number(in.parent);
  raw.tid = number(in.tid);
  raw.tgid = number(in.tgid);
  raw.ns_tid = number(in.ns_tid);
  raw.mm = number(in.mm);
  raw.parent_mm = number(in.parent_mm);
  raw.page_table_pages = in.page_table_pages;
  raw.anon_pages = in.anon_pages;
  raw.file_pages = in.file_pages;
  raw.shmem_pages = in.shmem_pages;
  raw.flags = task_flags(in);
  write_name(raw.comm, in.comm);
  return raw;
}

triptych_task_seen raw_of(const model::TaskSeen& in) {
  triptych_task_seen raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_SEEN;
  raw.start_boottime_ns = in.start_boottime_ns;
  raw.parent_task = number(in.parent);
  raw.tid = number(in.tid);
  raw.tgid = number(in.tgid);
  raw.ns_tid = number(in.ns_tid);
  raw.parent_tid = number(in.parent_tid);
  raw.mm = number(in.mm);
  raw.how = number(in.how);
  raw.flags = task_flags(in) | bit_if(in.compat, TRIPTYCH_TASK_COMPAT);
  raw.run_state = static_cast<__u16>(in.doing);
  raw.syscall = in.syscall;
  raw.run_cpu = in.run_cpu;
  write_name(raw.comm, in.comm);
  return raw;
}

triptych_task_baseline raw_of(const model::TaskBaseline& in) {
  triptych_task_baseline raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_BASELINE;
  raw.counters = write_counters(in.counters);
  raw.prelude_faults = in.prelude_faults;
  raw.valid = bit_if(in.switches_valid, TRIPTYCH_BASELINE_SWITCHES) |
              bit_if(in.faults_valid, TRIPTYCH_BASELINE_FAULTS);
  return raw;
}

triptych_clone_return raw_of(const model::CloneReturn& in) {
  triptych_clone_return raw{};
  raw.hdr.kind = TRIPTYCH_EV_CLONE_RETURN;
  raw.duration_ns = in.duration_ns;
  raw.page_table_copy_ns = in.page_table_copy_ns;
  raw.child_task = number(in.child);
  raw.result = in.result;
  raw.source = number(in.source);
  return raw;
}

triptych_task_exec raw_of(const model::TaskExec& in) {
  triptych_task_exec raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_EXEC;
  raw.mm = number(in.mm);
  raw.old_tid = number(in.old_tid);
  raw.tid = number(in.tid);
  raw.flags = bit_if(in.secure, TRIPTYCH_EXEC_SECURE) |
              bit_if(in.args_truncated, TRIPTYCH_EXEC_ARGS_TRUNCATED) |
              bit_if(in.args_unreadable, TRIPTYCH_EXEC_ARGS_UNREADABLE) |
              bit_if(in.not_dumpable, TRIPTYCH_EXEC_NOT_DUMPABLE);
  raw.args_size = in.args_size;
  write_name(raw.comm, in.comm);
  write_name(raw.filename, in.filename);
  std::copy(in.args.begin(), in.args.end(), raw.args);
  return raw;
}

triptych_task_rename raw_of(const model::TaskRename& in) {
  triptych_task_rename raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_RENAME;
  write_name(raw.comm, in.comm);
  return raw;
}

triptych_task_exit raw_of(const model::TaskExit& in) {
  triptych_task_exit raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_EXIT;
  raw.exit_code = in.exit_code;
  raw.flags = bit_if(in.group, TRIPTYCH_EXIT_GROUP) | bit_if(in.last, TRIPTYCH_EXIT_LAST);
  raw.peak_rss_pages = in.peak_rss_pages;
  return raw;
}

triptych_task_end raw_of(const model::TaskEnd& in) {
  triptych_task_end raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_END;
  raw.counters = write_counters(in.counters);
  raw.faults = in.faults;
  return raw;
}

triptych_task_free raw_of(const model::TaskFree&) {
  triptych_task_free raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_FREE;
  return raw;
}

triptych_fault raw_of(const model::Fault& in) {
  triptych_fault raw{};
  raw.hdr.kind = TRIPTYCH_EV_FAULT;
  raw.address = in.address;
  raw.ip = in.ip;
  raw.duration_ns = in.duration_ns;
  raw.vm_flags = in.vm_flags;
  raw.mm = number(in.mm);
  raw.pages = in.pages;
  raw.error_code = in.error_code;
  raw.flags = static_cast<__u16>(bit_if(in.major, TRIPTYCH_FAULT_MAJOR) |
                                 bit_if(in.zeroed, TRIPTYCH_FAULT_ZEROED) |
                                 bit_if(in.not_zeroed, TRIPTYCH_FAULT_NOT_ZEROED) |
                                 bit_if(in.unresolved, TRIPTYCH_FAULT_UNRESOLVED) |
                                 bit_if(in.no_start, TRIPTYCH_FAULT_NO_START) |
                                 bit_if(in.kernel_taken, TRIPTYCH_FAULT_KERNEL_TAKEN) |
                                 bit_if(in.from_fentry, TRIPTYCH_FAULT_FROM_FENTRY));
  raw.order = in.order;
  raw.mapping = static_cast<__u8>(in.mapping);
  return raw;
}

triptych_mark raw_of(const model::Mark& in) {
  triptych_mark raw{};
  raw.hdr.kind = TRIPTYCH_EV_MARK;
  raw.counters = write_counters(in.counters);
  raw.faults = in.faults;
  raw.type = number(in.type);
  write_name(raw.name, in.name);
  return raw;
}

triptych_lost raw_of(const model::Lost& in) {
  triptych_lost raw{};
  raw.hdr.kind = TRIPTYCH_EV_LOST;
  raw.first_ns = in.first_ns;
  raw.last_ns = in.last_ns;
  std::copy(in.counts.begin(), in.counts.end(), raw.counts);
  return raw;
}

triptych_task_summary raw_of(const model::TaskSummary& in) {
  triptych_task_summary raw{};
  raw.hdr.kind = TRIPTYCH_EV_TASK_SUMMARY;
  raw.counters = write_counters(in.counters);
  raw.voluntary = in.voluntary;
  raw.involuntary = in.involuntary;
  raw.wakeups = in.wakeups;
  raw.on_cpu_ns = in.on_cpu_ns;
  raw.runnable_ns = in.runnable_ns;
  raw.blocked_ns = in.blocked_ns;
  raw.migrations = in.migrations;
  raw.mm_changes = in.mm_changes;
  raw.major_faults = in.major_faults;
  raw.kernel_mode_faults = in.kernel_mode_faults;
  std::copy(in.faults.begin(), in.faults.end(), raw.faults);
  std::copy(in.fault_pages.begin(), in.fault_pages.end(), raw.fault_pages);
  std::copy(in.fault_ns.begin(), in.fault_ns.end(), raw.fault_ns);
  std::copy(in.run_queue_latency.begin(), in.run_queue_latency.end(), raw.run_queue_latency);
  std::copy(in.slice_length.begin(), in.slice_length.end(), raw.slice_length);
  raw.flags = bit_if(in.final, TRIPTYCH_SUMMARY_FINAL);
  raw.mm = number(in.mm);
  return raw;
}

triptych_coroutine raw_of(const model::Coroutine& in) {
  triptych_coroutine raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE;
  raw.id = in.id;
  raw.other = in.other;
  raw.space = number(in.space);
  raw.function = in.function;
  raw.what = static_cast<__u8>(in.what);
  raw.source = static_cast<__u8>(in.source);
  raw.runtime = static_cast<__u8>(in.runtime);
  raw.flags =
      static_cast<__u16>(bit_if(in.clamped, TRIPTYCH_COROUTINE_CLAMPED) |
                         bit_if(in.generation_unknown, TRIPTYCH_COROUTINE_GENERATION_UNKNOWN) |
                         bit_if(in.end_unseen, TRIPTYCH_COROUTINE_END_UNSEEN) |
                         bit_if(in.first_seen, TRIPTYCH_COROUTINE_FIRST_SEEN));
  return raw;
}

triptych_coroutine_space raw_of(const model::CoroutineSpaceNew& in) {
  triptych_coroutine_space raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_SPACE;
  raw.ring_bytes = in.ring_bytes;
  raw.space = number(in.space);
  raw.tgid = number(in.tgid);
  raw.forked_from = number(in.forked_from);
  raw.source = number(in.source);
  raw.clock = number(in.clock);
  raw.flags = bit_if(in.from_start, TRIPTYCH_COROUTINE_FROM_START);
  return raw;
}

triptych_coroutine_function raw_of(const model::CoroutineFunction& in) {
  triptych_coroutine_function raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_FUNCTION;
  raw.address = in.address;
  raw.function = in.function;
  raw.line = in.line;
  write_name(raw.name, in.name);
  return raw;
}

triptych_coroutine_totals raw_of(const model::CoroutineTotals& in) {
  triptych_coroutine_totals raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_TOTALS;
  raw.created = in.created;
  raw.resumed = in.resumed;
  raw.suspended = in.suspended;
  raw.finished = in.finished;
  raw.destroyed = in.destroyed;
  raw.mounted_ns = in.mounted_ns;
  raw.space = number(in.space);
  raw.function = in.function;
  return raw;
}

triptych_coroutine_lost raw_of(const model::CoroutineLost& in) {
  triptych_coroutine_lost raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_LOST;
  raw.first_ns = in.first_ns;
  raw.last_ns = in.last_ns;
  raw.count = in.count;
  raw.space = number(in.space);
  raw.reason = number(in.reason);
  return raw;
}

constexpr std::size_t rounded_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

// But for stacks, mappings and functions, records have the size of their kind.
template <class Payload, class Raw>
std::size_t size_of(const Payload& payload, const Raw& raw) {
  if constexpr (std::is_same_v<Payload, model::Stack>) {
    return offsetof(triptych_stack, frame) +
           rounded_up(payload.frames, TRIPTYCH_STACK_FRAMES_STEP) * sizeof(__u64);
  } else if constexpr (std::is_same_v<Payload, model::Map>) {
    return offsetof(triptych_map, path) +
           rounded_up(payload.path.view().size(), TRIPTYCH_MAP_PATH_STEP);
  } else if constexpr (std::is_same_v<Payload, model::FileSymbol>) {
    const std::size_t name = rounded_up(payload.name.view().size(), TRIPTYCH_FILE_SYMBOL_NAME_STEP);
    return std::min(offsetof(triptych_file_symbol, name) + name, sizeof raw);
  } else if constexpr (std::is_same_v<Payload, model::FileInlined>) {
    return size_of(payload.symbol, triptych_file_symbol{});
  } else if constexpr (std::is_same_v<Payload, model::JitSymbol>) {
    const std::size_t name = rounded_up(payload.name.view().size(), TRIPTYCH_JIT_SYMBOL_NAME_STEP);
    return std::min(offsetof(triptych_jit_symbol, name) + name, sizeof raw);
  } else {
    return sizeof raw;
  }
}

triptych_coroutine_wait raw_of(const model::CoroutineWait& in) {
  triptych_coroutine_wait raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_WAIT;
  raw.space = number(in.space);
  raw.function = in.function;
  raw.flags = bit_if(in.gil, TRIPTYCH_COROUTINE_WAITS_FOR_GIL);
  return raw;
}

triptych_coroutine_inside raw_of(const model::CoroutineInside& in) {
  triptych_coroutine_inside raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_INSIDE;
  raw.id = in.id;
  raw.space = number(in.space);
  raw.function = in.function;
  raw.depth = in.depth;
  return raw;
}

triptych_coroutine_file raw_of(const model::CoroutineFile& in) {
  triptych_coroutine_file raw{};
  raw.hdr.kind = TRIPTYCH_EV_COROUTINE_FILE;
  raw.function = in.function;
  write_name(raw.name, in.name);
  return raw;
}

}  // namespace

std::vector<std::byte> encode(const model::Event& event) {
  return std::visit(
      [&event](const auto& payload) {
        auto raw = raw_of(payload);
        static_assert(sizeof raw % 8 == 0);
        raw.hdr.ts_ns = event.ts_ns;
        raw.hdr.task = number(event.task);
        raw.hdr.cpu = event.cpu;
        const std::size_t size = size_of(payload, raw);
        raw.hdr.size8 = static_cast<__u8>(size / 8);
        std::vector<std::byte> bytes(size);
        std::memcpy(bytes.data(), &raw, size);
        return bytes;
      },
      event.payload);
}

}  // namespace triptych::decode
