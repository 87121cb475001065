// SPDX-License-Identifier: Apache-2.0
//
// Writes traces by hand, as the kernel would have: sequence numbers, counters and serials are kept
// by the builder, so that a test only says what happens.
//
//     TraceBuilder t;
//     const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
//     const TaskId b = t.at(20us).fork(101);
//     t.at(25us).wake_new(b).at(100us).cpu(0).switch_to(b);
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "model/event.hpp"

namespace triptych::test {

inline constexpr std::int16_t kRead = 0;
inline constexpr std::int16_t kWrite = 1;
inline constexpr std::int16_t kSchedYield = 24;
inline constexpr std::int16_t kWait4 = 61;
inline constexpr std::int16_t kFutex = 202;

inline constexpr std::uint64_t kForkFlags = 0x01200000;    // CHILD_CLEARTID | CHILD_SETTID
inline constexpr std::uint64_t kVforkFlags = 0x4100;       // VM | VFORK
inline constexpr std::uint64_t kThreadFlags = 0x003d0f00;  // as pthread_create

// Faults that the fault table knows, in anonymous memory unless the name says otherwise.
inline model::Fault fault_facts(std::uint16_t error_code, model::Mapping mapping,
                                std::uint32_t pages, bool zeroed, bool not_zeroed,
                                std::uint32_t duration_ns = 1000) {
  model::Fault fault;
  fault.address = 0x7f0000001000;
  fault.ip = 0x401000;
  fault.duration_ns = duration_ns;
  fault.error_code = error_code;
  fault.mapping = mapping;
  fault.pages = pages;
  fault.zeroed = zeroed;
  fault.not_zeroed = not_zeroed;
  fault.vm_flags = 0x3;
  return fault;
}
inline model::Fault first_touch() {
  return fault_facts(6, model::Mapping::kAnon, 1, true, false, 900);
}
inline model::Fault cow_copy() {
  return fault_facts(7, model::Mapping::kAnon, 1, false, true, 1900);
}
inline model::Fault wp_reuse() {
  return fault_facts(7, model::Mapping::kAnon, 0, false, false, 170);
}
inline model::Fault file_read() {
  return fault_facts(4, model::Mapping::kFile, 0, false, false, 500);
}
inline model::Fault unresolved() {
  model::Fault fault = fault_facts(6, model::Mapping::kUnknown, 0, false, false);
  fault.unresolved = true;
  return fault;
}

class TraceBuilder {
 public:
  using Ns = std::chrono::nanoseconds;

  TraceBuilder& at(Ns time) {
    ts_ns_ = static_cast<model::TimeNs>(time.count());
    return *this;
  }
  TraceBuilder& after(Ns time) { return at(Ns(ts_ns_) + time); }
  TraceBuilder& cpu(std::uint16_t cpu) {
    cpu_ = cpu;
    return *this;
  }

  // The command, at its exec, on this CPU.
  model::TaskId launch(std::string_view comm, model::Tid tid) {
    const model::TaskId id = add_task(tid, tid, new_mm());
    State& state = tasks_[id];
    state.counters.nvcsw = 40;  // from before it was recorded
    state.counters.nivcsw = 2;
    state.counters.min_flt = 100;
    current_[cpu_] = id;
    emit(id, seen(comm, state, model::SeenHow::kLaunched));
    model::TaskBaseline baseline;
    baseline.counters = state.counters;
    baseline.switches_valid = baseline.faults_valid = true;
    emit(id, baseline);
    return id;
  }
  // A running program's task, off the CPU; its baseline comes with its first switch.
  model::TaskId attach(std::string_view comm, model::Tid tid, model::Tid tgid,
                       model::MmId mm = model::kNoMm) {
    const model::TaskId id = add_task(tid, tgid, mm == model::kNoMm ? new_mm() : mm);
    State& state = tasks_[id];
    state.counters.nvcsw = 1000;
    state.counters.nivcsw = 10;
    state.needs_baseline = true;
    emit(id, seen(comm, state, model::SeenHow::kAttached));
    return id;
  }
  model::TaskId stranger(std::string_view comm, model::Tid tid) {
    const model::TaskId id = add_task(tid, tid, model::kNoMm);
    tasks_[id].target = false;
    emit(id, seen(comm, tasks_[id], model::SeenHow::kStranger));
    return id;
  }

  // By the task on this CPU. The child still waits for wake_new.
  model::TaskId fork(model::Tid tid) { return clone(tid, kForkFlags, true); }
  model::TaskId vfork(model::Tid tid) { return clone(tid, kVforkFlags, false); }
  model::TaskId thread(model::Tid tid) { return clone(tid, kThreadFlags, false); }
  model::TaskId clone(model::Tid tid, std::uint64_t flags, bool own_mm) {
    const model::TaskId parent = current();
    State& from = tasks_[parent];
    const bool in_process = (flags & 0x10000) != 0;
    const model::TaskId id =
        add_task(tid, in_process ? from.tgid : tid, own_mm ? new_mm() : from.mm);
    model::TaskNew record;
    record.clone_flags = flags;
    record.parent = parent;
    record.tid = record.ns_tid = tid;
    record.tgid = tasks_[id].tgid;
    record.mm = tasks_[id].mm;
    record.parent_mm = from.mm;
    if (own_mm) {
      record.page_table_pages = 12;
      record.anon_pages = 300;
      record.file_pages = 200;
    }
    record.comm = from.comm;
    tasks_[id].comm = from.comm;
    emit(id, record);
    return id;
  }
  TraceBuilder& clone_return(model::TaskId child, Ns duration) {
    model::CloneReturn record;
    record.duration_ns = static_cast<std::uint64_t>(duration.count());
    record.child = child;
    record.result = tasks_[child].tid;
    return emit(current(), record);
  }

  // The task on this CPU leaves it: preempted, …
  TraceBuilder& switch_to(model::TaskId next) { return leave(next, 0, model::kNoSyscall, false); }
  // … blocked in a system call, …
  TraceBuilder& block_to(model::TaskId next, std::int16_t syscall) {
    return leave(next, 1, syscall, true);
  }
  TraceBuilder& yield_to(model::TaskId next) { return leave(next, 0, kSchedYield, false); }
  // … or for ever, with its final counters.
  TraceBuilder& end_to(model::TaskId next) {
    const model::TaskId ended = current();
    leave(next, 0x80, model::kNoSyscall, true);
    model::TaskEnd record;
    record.counters = tasks_[ended].counters;
    record.faults = tasks_[ended].faults;
    return emit(ended, record);
  }

  TraceBuilder& wake(model::TaskId task, model::TaskId waker = model::kNoTask) {
    model::Wakeup record;
    record.waker = waker;
    record.no_request = waker == model::kNoTask;
    record.request_delay_ns = 300;
    return emit(task, record);
  }
  TraceBuilder& wake_new(model::TaskId task) {
    model::Wakeup record;
    record.waker = current();
    record.is_new = true;
    return emit(task, record);
  }

  // Taken by the task on this CPU.
  TraceBuilder& fault(model::Fault record) {
    State& state = tasks_[current()];
    record.mm = state.mm;
    if (!record.unresolved && !record.kernel_taken) ++state.faults;
    if (!record.unresolved) ++(record.major ? state.counters.maj_flt : state.counters.min_flt);
    return emit(current(), record);
  }
  // Counted by the kernel for the task on this CPU, and seen by nobody else.
  TraceBuilder& unseen_faults(std::uint64_t count) {
    tasks_[current()].counters.min_flt += count;
    return *this;
  }
  TraceBuilder& exec(std::string_view comm, std::string_view args = {}) {
    State& state = tasks_[current()];
    rename(comm);
    state.mm = new_mm();
    model::TaskExec record;
    record.mm = state.mm;
    record.old_tid = record.tid = state.tid;
    record.comm.assign(comm);
    record.filename.assign(comm);
    args.copy(record.args.data(), record.args.size());
    record.args_size = static_cast<std::uint32_t>(args.size());
    return emit(current(), record);
  }
  TraceBuilder& rename(std::string_view comm) {
    model::TaskRename record;
    record.comm.assign(comm);
    tasks_[current()].comm = record.comm;
    return emit(current(), record);
  }
  TraceBuilder& exit(std::uint32_t exit_code, bool last = true) {
    model::TaskExit record;
    record.exit_code = exit_code;
    record.last = last;
    record.peak_rss_pages = last ? 250 : 0;
    return emit(current(), record);
  }
  TraceBuilder& free(model::TaskId task) { return emit(task, model::TaskFree{}); }
  TraceBuilder& mark(std::string_view name, model::MarkType type = model::MarkType::kPoint) {
    model::Mark record;
    record.counters = tasks_[current()].counters;
    record.faults = tasks_[current()].faults;
    record.type = type;
    record.name.assign(name);
    return emit(current(), record);
  }
  TraceBuilder& lost(Ns first, Ns last, model::LossClass loss, std::uint32_t count = 1) {
    model::Lost record;
    record.first_ns = static_cast<model::TimeNs>(first.count());
    record.last_ns = static_cast<model::TimeNs>(last.count());
    record.counts[static_cast<std::size_t>(loss)] = count;
    return emit(model::kNoTask, record);
  }

  template <class T>
  TraceBuilder& emit(model::TaskId task, T payload) {
    model::Event event;
    event.ts_ns = ts_ns_;
    event.task = task;
    event.cpu = cpu_;
    event.payload = std::move(payload);
    events_.push_back(std::move(event));
    return *this;
  }

  [[nodiscard]] model::TaskId current() const {
    const auto found = current_.find(cpu_);
    return found == current_.end() ? model::kIdleTask : found->second;
  }
  [[nodiscard]] model::MmId mm_of(model::TaskId task) const { return tasks_.at(task).mm; }
  [[nodiscard]] const std::vector<model::Event>& events() const { return events_; }
  [[nodiscard]] model::TimeNs now_ns() const { return ts_ns_; }

 private:
  struct State {
    model::Tid tid = 0, tgid = 0;
    model::MmId mm{};
    model::Comm comm{};
    model::Counters counters;
    std::uint64_t faults = 0;
    bool target = true;
    bool needs_baseline = false;

    [[nodiscard]] std::uint16_t sequence() const {
      return static_cast<std::uint16_t>(counters.nvcsw + counters.nivcsw);
    }
  };

  model::MmId new_mm() { return model::MmId{next_mm_++}; }
  model::TaskId add_task(model::Tid tid, model::Tid tgid, model::MmId mm) {
    const model::TaskId id{next_task_++};
    State& state = tasks_[id];
    state.tid = tid;
    state.tgid = tgid;
    state.mm = mm;
    return id;
  }
  static model::TaskSeen seen(std::string_view comm, State& state, model::SeenHow how) {
    model::TaskSeen record;
    record.tid = record.ns_tid = state.tid;
    record.tgid = state.tgid;
    record.parent_tid = 1;
    record.mm = state.mm;
    record.how = how;
    record.comm.assign(comm);
    state.comm = record.comm;
    return record;
  }
  void settle_baseline(model::TaskId id) {
    State& state = tasks_[id];
    if (!std::exchange(state.needs_baseline, false)) return;
    model::TaskBaseline baseline;
    baseline.counters = state.counters;
    baseline.switches_valid = true;
    emit(id, baseline);
  }
  [[nodiscard]] bool is_target(model::TaskId id) const {
    const auto found = tasks_.find(id);
    return found != tasks_.end() && found->second.target;
  }
  TraceBuilder& leave(model::TaskId next, std::uint16_t prev_state, std::int16_t syscall,
                      bool voluntary) {
    const model::TaskId prev = current();
    model::Switch record;
    record.next = next;
    record.prev_state = prev_state;
    if (is_target(prev)) {
      settle_baseline(prev);
      State& state = tasks_[prev];
      ++(voluntary ? state.counters.nvcsw : state.counters.nivcsw);
      record.prev_seq = state.sequence();
      record.prev_target = true;
      record.voluntary = voluntary;
      record.involuntary = !voluntary;
      record.syscall = syscall;
    }
    if (is_target(next)) {
      settle_baseline(next);
      record.next_seq = tasks_[next].sequence();
      record.next_target = true;
      record.mm_change = is_target(prev) && tasks_[prev].mm != tasks_[next].mm;
    }
    current_[cpu_] = next;
    // Who is not recorded is named only where it takes a recorded task's place.
    if (!is_target(next) && next != model::kIdleTask && prev_state != 0)
      record.next = model::kNoTask;
    return emit(is_target(prev) || prev == model::kIdleTask ? prev : model::kNoTask, record);
  }

  model::TimeNs ts_ns_ = 0;
  std::uint16_t cpu_ = 0;
  std::uint32_t next_task_ = static_cast<std::uint32_t>(model::kFirstTask);
  std::uint32_t next_mm_ = 1;
  std::map<model::TaskId, State> tasks_;
  std::map<std::uint16_t, model::TaskId> current_;
  std::vector<model::Event> events_;
};

}  // namespace triptych::test
