// SPDX-License-Identifier: Apache-2.0
//
// The one list of what a kind is called outside (docs/text-trace.md) and what its fields are. The
// text writer, the text reader and the JSON writer walk it with visitors of their own:
//     number(name, integer or id)    hex(name, integer)          flag(name, bool)
//     text(name, FixedString)        list(name, array)           arguments(name, TaskExec)
//     choice(name, enum, names)      names[i] is the enumerator of value first + i
//     build_id(name, Map)            its bytes in hexadecimal; likewise of FileSymbol
//     frames(name, Stack)            its addresses, or SYMBOL+OFFSET
//     hex_list(name, array)          numbers in hexadecimal
//     bytes(name, array)             in hexadecimal, without the zeros at the end
//     number_or(name, integer, absent)  left out when it is `absent`, not when it is zero
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "model/event.hpp"

namespace triptych::trace {

// A payload of this type, const or not.
template <class T, class Payload>
concept Like = std::same_as<std::remove_const_t<T>, Payload>;

struct ChoiceNames {
  unsigned first = 0;                       // value of the first name
  std::array<std::string_view, 9> names{};  // as many as the longest has
};
inline constexpr ChoiceNames kHowNames{1, {"launched", "attached", "stranger"}};
inline constexpr ChoiceNames kDoingNames{0, {"unknown", "on_cpu", "runnable", "blocked"}};
inline constexpr ChoiceNames kSourceNames{1, {"syscall", "fentry"}};
inline constexpr ChoiceNames kWhatNames{
    1, {"created", "resumed", "suspended", "finished", "destroyed", "awaits"}};
inline constexpr ChoiceNames kCoroutineSourceNames{1, {"recorder", "usdt", "uprobe"}};
inline constexpr ChoiceNames kRuntimeNames{
    0, {"untold", "cpp", "boost", "ucontext", "asyncio", "trio", "greenlet", "tokio", "function"}};
inline constexpr ChoiceNames kClockNames{1, {"tsc", "monotonic"}};
inline constexpr ChoiceNames kCoroutineLossNames{
    1, {"ring", "no_ring", "damage", "kernel", "budget", "disarmed"}};
inline constexpr ChoiceNames kStackWhatNames{1, {"switch", "wakeup", "task_new", "fault"}};
inline constexpr ChoiceNames kStackEndNames{
    0,
    {"not_told", "first_function", "copy_ends", "unreadable", "no_rules", "no_code", "nonsense",
     "too_deep"}};
inline constexpr ChoiceNames kMarkTypeNames{1, {"begin", "end", "point"}};
inline constexpr ChoiceNames kMappingNames{
    0, {"unknown", "none", "anon", "file", "shmem", "hugetlb", "special"}};

// In the order of model::Payload's alternatives.
inline constexpr std::array<std::string_view, std::variant_size_v<model::Payload>> kKindNames{
    "switch",
    "wakeup",
    "arrival",
    "fault",
    "task_new",
    "task_seen",
    "task_baseline",
    "clone_return",
    "task_exec",
    "task_rename",
    "task_exit",
    "task_end",
    "task_free",
    "mark",
    "lost",
    "task_summary",
    "coroutine",
    "coroutine_space",
    "coroutine_function",
    "coroutine_totals",
    "coroutine_lost",
    "stack",
    "stack_of",
    "sample",
    "kernel_symbol",
    "map",
    "coroutine_wait",
    "coroutine_file",
    "stack_bytes",
    "stack_copy",
    "file_symbol",
    "coroutine_inside",
    "file_inlined",
    "jit_symbol"};

template <Like<model::Counters> P, class V>
void visit_counters(P& p, V& v) {
  v.number("nvcsw", p.nvcsw);
  v.number("nivcsw", p.nivcsw);
  v.number("min_flt", p.min_flt);
  v.number("maj_flt", p.maj_flt);
  v.number("utime_ns", p.utime_ns);
  v.number("stime_ns", p.stime_ns);
  v.number("run_time_ns", p.run_time_ns);
}

template <class P, class V>
void visit_worker_flags(P& p, V& v) {
  v.flag("kthread", p.kthread);
  v.flag("io_worker", p.io_worker);
  v.flag("user_worker", p.user_worker);
}

template <Like<model::Switch> P, class V>
void visit_fields(P& p, V& v) {
  v.number("next", p.next);
  v.number("state", p.prev_state);
  v.number_or("syscall", p.syscall, model::kNoSyscall);
  v.number("prev_seq", p.prev_seq);
  v.number("next_seq", p.next_seq);
  v.flag("voluntary", p.voluntary);
  v.flag("involuntary", p.involuntary);
  v.flag("preempt", p.preempt);
  v.flag("mm_change", p.mm_change);
  v.flag("prev_target", p.prev_target);
  v.flag("next_target", p.next_target);
  v.flag("compat", p.compat);
}

template <Like<model::Wakeup> P, class V>
void visit_fields(P& p, V& v) {
  v.number("waker", p.waker);
  v.number("delay_ns", p.request_delay_ns);
  v.number("target_cpu", p.target_cpu);
  v.flag("new", p.is_new);
  v.flag("interrupt", p.interrupt);
  v.flag("no_request", p.no_request);
}

template <Like<model::Arrival> P, class V>
void visit_fields(P& p, V& v) {
  v.number("queued_ns", p.queued_ns);
  v.number("arrived_ns", p.arrived_ns);
}

template <Like<model::Fault> P, class V>
void visit_fields(P& p, V& v) {
  v.hex("address", p.address);
  v.hex("ip", p.ip);
  v.number("duration_ns", p.duration_ns);
  v.hex("vm_flags", p.vm_flags);
  v.number("mm", p.mm);
  v.number("pages", p.pages);
  v.number("error_code", p.error_code);
  v.number("order", p.order);
  v.choice("mapping", p.mapping, kMappingNames);
  v.flag("major", p.major);
  v.flag("zeroed", p.zeroed);
  v.flag("not_zeroed", p.not_zeroed);
  v.flag("unresolved", p.unresolved);
  v.flag("no_start", p.no_start);
  v.flag("kernel_taken", p.kernel_taken);
  v.flag("from_fentry", p.from_fentry);
}

template <Like<model::TaskNew> P, class V>
void visit_fields(P& p, V& v) {
  v.hex("clone_flags", p.clone_flags);
  v.number("parent", p.parent);
  v.number("tid", p.tid);
  v.number("tgid", p.tgid);
  v.number("ns_tid", p.ns_tid);
  v.number("mm", p.mm);
  v.number("parent_mm", p.parent_mm);
  v.number("page_table_pages", p.page_table_pages);
  v.number("anon_pages", p.anon_pages);
  v.number("file_pages", p.file_pages);
  v.number("shmem_pages", p.shmem_pages);
  visit_worker_flags(p, v);
  v.text("comm", p.comm);
}

template <Like<model::TaskSeen> P, class V>
void visit_fields(P& p, V& v) {
  v.choice("how", p.how, kHowNames);
  v.number("tid", p.tid);
  v.number("tgid", p.tgid);
  v.number("ns_tid", p.ns_tid);
  v.number("parent", p.parent);
  v.number("parent_tid", p.parent_tid);
  v.number("mm", p.mm);
  v.choice("doing", p.doing, kDoingNames);
  v.number_or("syscall", p.syscall, model::kNoSyscall);
  v.number("run_cpu", p.run_cpu);
  visit_worker_flags(p, v);
  v.flag("compat", p.compat);
  v.text("comm", p.comm);
  v.number("start_boottime_ns", p.start_boottime_ns);
}

template <Like<model::TaskBaseline> P, class V>
void visit_fields(P& p, V& v) {
  visit_counters(p.counters, v);
  v.number("prelude_faults", p.prelude_faults);
  v.flag("switches_valid", p.switches_valid);
  v.flag("faults_valid", p.faults_valid);
}

template <Like<model::CloneReturn> P, class V>
void visit_fields(P& p, V& v) {
  v.number("duration_ns", p.duration_ns);
  v.number("page_table_copy_ns", p.page_table_copy_ns);
  v.number("child", p.child);
  v.number("result", p.result);
  v.choice("source", p.source, kSourceNames);
}

template <Like<model::TaskExec> P, class V>
void visit_fields(P& p, V& v) {
  v.number("mm", p.mm);
  v.number("old_tid", p.old_tid);
  v.number("tid", p.tid);
  v.flag("secure", p.secure);
  v.flag("args_truncated", p.args_truncated);
  v.flag("args_unreadable", p.args_unreadable);
  v.flag("not_dumpable", p.not_dumpable);
  v.text("comm", p.comm);
  v.text("filename", p.filename);
  v.arguments("args", p);
}

template <Like<model::TaskRename> P, class V>
void visit_fields(P& p, V& v) {
  v.text("comm", p.comm);
}

template <Like<model::TaskExit> P, class V>
void visit_fields(P& p, V& v) {
  v.number("exit_code", p.exit_code);
  v.number("peak_rss_pages", p.peak_rss_pages);
  v.flag("group", p.group);
  v.flag("last", p.last);
}

template <Like<model::TaskEnd> P, class V>
void visit_fields(P& p, V& v) {
  visit_counters(p.counters, v);
  v.number("faults", p.faults);
}

template <Like<model::TaskFree> P, class V>
void visit_fields(P&, V&) {}

template <Like<model::Mark> P, class V>
void visit_fields(P& p, V& v) {
  v.choice("type", p.type, kMarkTypeNames);
  v.text("name", p.name);
  visit_counters(p.counters, v);
  v.number("faults", p.faults);
}

template <Like<model::Lost> P, class V>
void visit_fields(P& p, V& v) {
  static_assert(model::kLossClasses == 6);
  v.number("first_ns", p.first_ns);
  v.number("last_ns", p.last_ns);
  v.number("switches", p.counts[0]);
  v.number("wakeups", p.counts[1]);
  v.number("tasks", p.counts[2]);
  v.number("faults", p.counts[3]);
  v.number("marks", p.counts[4]);
  v.number("summaries", p.counts[5]);
  v.number("unknown_kind", p.unknown_kind);
  v.flag("damaged", p.damaged);
}

template <Like<model::TaskSummary> P, class V>
void visit_fields(P& p, V& v) {
  visit_counters(p.counters, v);
  v.number("voluntary", p.voluntary);
  v.number("involuntary", p.involuntary);
  v.number("wakeups", p.wakeups);
  v.number("on_cpu_ns", p.on_cpu_ns);
  v.number("runnable_ns", p.runnable_ns);
  v.number("blocked_ns", p.blocked_ns);
  v.number("migrations", p.migrations);
  v.number("mm_changes", p.mm_changes);
  v.number("major_faults", p.major_faults);
  v.number("kernel_mode_faults", p.kernel_mode_faults);
  v.list("faults", p.faults);
  v.list("fault_pages", p.fault_pages);
  v.list("fault_ns", p.fault_ns);
  v.list("run_queue_latency", p.run_queue_latency);
  v.list("slice_length", p.slice_length);
  v.number("mm", p.mm);
  v.flag("final", p.final);
}

template <Like<model::Coroutine> P, class V>
void visit_fields(P& p, V& v) {
  v.choice("what", p.what, kWhatNames);
  v.hex("id", p.id);
  v.number("function", p.function);
  v.number("space", p.space);
  v.hex("other", p.other);
  v.choice("source", p.source, kCoroutineSourceNames);
  v.choice("runtime", p.runtime, kRuntimeNames);
  v.flag("clamped", p.clamped);
  v.flag("generation_unknown", p.generation_unknown);
  v.flag("end_unseen", p.end_unseen);
  v.flag("first_seen", p.first_seen);
}

template <Like<model::CoroutineSpaceNew> P, class V>
void visit_fields(P& p, V& v) {
  v.number("space", p.space);
  v.number("tgid", p.tgid);
  v.number("forked_from", p.forked_from);
  v.choice("source", p.source, kCoroutineSourceNames);
  v.choice("clock", p.clock, kClockNames);
  v.number("ring_bytes", p.ring_bytes);
  v.flag("from_start", p.from_start);
}

template <Like<model::CoroutineFunction> P, class V>
void visit_fields(P& p, V& v) {
  v.number("function", p.function);
  v.text("name", p.name);
  v.number("line", p.line);
  v.hex("address", p.address);
}

template <Like<model::CoroutineTotals> P, class V>
void visit_fields(P& p, V& v) {
  v.number("space", p.space);
  v.number("function", p.function);
  v.number("created", p.created);
  v.number("resumed", p.resumed);
  v.number("suspended", p.suspended);
  v.number("finished", p.finished);
  v.number("destroyed", p.destroyed);
  v.number("mounted_ns", p.mounted_ns);
}

template <Like<model::CoroutineLost> P, class V>
void visit_fields(P& p, V& v) {
  v.number("space", p.space);
  v.choice("reason", p.reason, kCoroutineLossNames);
  v.number("first_ns", p.first_ns);
  v.number("last_ns", p.last_ns);
  v.number("count", p.count);
}

template <Like<model::Stack> P, class V>
void visit_fields(P& p, V& v) {
  v.number("id", p.id);
  v.number("mm", p.mm);
  v.flag("kernel", p.kernel);
  v.flag("symbols", p.symbols);
  v.flag("cut", p.cut);
  v.choice("end", p.end, kStackEndNames);
  v.frames("frames", p);
}

template <Like<model::StackOf> P, class V>
void visit_fields(P& p, V& v) {
  v.choice("what", p.what, kStackWhatNames);
  v.number("user", p.user);
  v.number("kernel", p.kernel);
}

template <Like<model::Sample> P, class V>
void visit_fields(P& p, V& v) {
  v.number("period_ns", p.period_ns);
  v.number("user", p.user);
  v.number("kernel", p.kernel);
  v.number("mm", p.mm);
  v.flag("in_kernel", p.in_kernel);
}

template <Like<model::KernelSymbol> P, class V>
void visit_fields(P& p, V& v) {
  v.number("symbol", p.symbol);
  v.text("name", p.name);
  v.text("module", p.module);
}

template <Like<model::Map> P, class V>
void visit_fields(P& p, V& v) {
  v.number("tgid", p.tgid);
  v.hex("start", p.start);
  v.hex("end", p.end);
  v.hex("offset", p.offset);
  v.number("inode", p.inode);
  v.number("device_major", p.device_major);
  v.number("device_minor", p.device_minor);
  v.flag("fresh", p.fresh);
  v.flag("there", p.there);
  v.flag("path_cut", p.path_cut);
  v.build_id("build_id", p);
  v.text("path", p.path);
}

template <Like<model::StackBytes> P, class V>
void visit_fields(P& p, V& v) {
  v.number("id", p.id);
  v.hex("address", p.address);
  v.bytes("bytes", p.bytes);
}

template <Like<model::FileSymbol> P, class V>
void visit_fields(P& p, V& v) {
  v.hex("offset", p.offset);
  v.number("size", p.size);
  v.number("inode", p.inode);
  v.number("device_major", p.device_major);
  v.number("device_minor", p.device_minor);
  v.build_id("build_id", p);
  v.text("name", p.name);
}

template <Like<model::FileInlined> P, class V>
void visit_fields(P& p, V& v) {
  v.number("depth", p.depth);
  visit_fields(p.symbol, v);
}

template <Like<model::JitSymbol> P, class V>
void visit_fields(P& p, V& v) {
  v.number("tgid", p.tgid);
  v.hex("address", p.address);
  v.number("size", p.size);
  v.text("name", p.name);
}

template <Like<model::StackCopy> P, class V>
void visit_fields(P& p, V& v) {
  v.number("id", p.id);
  v.number("mm", p.mm);
  v.number("pieces", p.pieces);
  v.flag("unreadable", p.unreadable);
  v.hex_list("registers", p.registers);
}

template <Like<model::CoroutineWait> P, class V>
void visit_fields(P& p, V& v) {
  v.number("space", p.space);
  v.number("function", p.function);
  v.flag("gil", p.gil);
}

template <Like<model::CoroutineFile> P, class V>
void visit_fields(P& p, V& v) {
  v.number("function", p.function);
  v.text("name", p.name);
}

template <Like<model::CoroutineInside> P, class V>
void visit_fields(P& p, V& v) {
  v.hex("id", p.id);
  v.number("function", p.function);
  v.number("space", p.space);
  v.number("depth", p.depth);
}

}  // namespace triptych::trace
