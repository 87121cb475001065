// SPDX-License-Identifier: Apache-2.0
//
// One event of each kind, in the order of model::Payload, with a value of its own in every field:
// what a conversion forgets or exchanges, a comparison finds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/event.hpp"

namespace triptych::test {

// Each call gives the next one of a sequence in which no two values, nor their halves, are alike.
class Values {
 public:
  template <class T>
  operator T() {  // NOLINT: meant to fill fields of any width
    state_ += 0x9e3779b97f4a7c15ull;
    return static_cast<T>(state_ ^ state_ >> 31);
  }

 private:
  std::uint64_t state_ = 0;
};

inline model::Counters sample_counters(Values& any) {
  return {.nvcsw = any,
          .nivcsw = any,
          .min_flt = any,
          .maj_flt = any,
          .utime_ns = any,
          .stime_ns = any,
          .run_time_ns = any};
}

template <class T>
T named(T payload, std::string_view comm) {
  payload.comm.assign(comm);
  return payload;
}

inline model::TaskExec sample_exec(Values& any) {
  using namespace std::string_view_literals;
  model::TaskExec exec{.mm = model::MmId{any}, .old_tid = 4711, .tid = 4712};
  exec.secure = exec.args_truncated = exec.args_unreadable = exec.not_dumpable = true;
  exec.comm.assign("a \"b\"\n\\\xff");
  exec.filename.assign("/usr/bin/gr\xc3\xbcn of a kind");
  const std::string_view args = "sh\0-c\0echo \x1b[2J \"x\"\0\0"sv;
  exec.args_size = static_cast<std::uint32_t>(args.size());
  args.copy(exec.args.data(), args.size());
  return exec;
}

inline model::Mark sample_mark(Values& any) {
  model::Mark mark{.counters = sample_counters(any), .faults = any, .type = model::MarkType::kEnd};
  mark.name.assign("forty-eight bytes, so that no NUL is left at all");
  return mark;
}

inline model::TaskSummary sample_summary(Values& any) {
  model::TaskSummary summary{.counters = sample_counters(any)};
  for (auto* field :
       {&summary.voluntary, &summary.involuntary, &summary.wakeups, &summary.on_cpu_ns,
        &summary.runnable_ns, &summary.blocked_ns, &summary.migrations, &summary.mm_changes,
        &summary.major_faults, &summary.kernel_mode_faults}) {
    *field = any;
  }
  for (auto* array : {&summary.faults, &summary.fault_pages, &summary.fault_ns}) {
    for (auto& value : *array) value = any;
  }
  for (auto* array : {&summary.run_queue_latency, &summary.slice_length}) {
    for (auto& value : *array) value = any;
  }
  summary.faults.back() = 0;
  summary.slice_length = {};
  summary.mm = model::MmId{any};
  summary.final = true;
  return summary;
}

// As long as a stack can be.
inline model::Stack sample_stack(Values& any) {
  model::Stack stack{.id = model::StackId{any},
                     .mm = model::MmId{any},
                     .frames = static_cast<std::uint16_t>(model::kMaxFrames)};
  for (std::uint64_t& frame : stack.frame) frame = any;
  return stack;
}

inline model::Map sample_map(Values& any) {
  model::Map map{.start = any,
                 .end = any,
                 .offset = any,
                 .inode = any,
                 .device_major = any,
                 .device_minor = any,
                 .tgid = 31,
                 .fresh = true,
                 .build_id_size = 3,
                 .build_id = {0xab, 0x00, 0x0c}};
  // As long as the record has room for.
  map.path.assign("/usr/lib/lib \"x\"\n.so, this goes on until it has sixty-four bytes");
  return map;
}

inline std::vector<model::Payload> sample_payloads() {
  using model::MmId;
  using model::TaskId;
  Values any;
  std::vector<model::Payload> all;
  all.push_back(model::Switch{.next = TaskId{any},
                              .prev_state = any,
                              .syscall = 202,
                              .prev_seq = any,
                              .next_seq = any,
                              .voluntary = true,
                              .preempt = true,
                              .prev_target = true,
                              .compat = true});
  all.push_back(model::Wakeup{.waker = TaskId{any},
                              .request_delay_ns = model::kSaturated,
                              .target_cpu = any,
                              .is_new = true,
                              .no_request = true});
  all.push_back(model::Arrival{.queued_ns = any, .arrived_ns = any});
  all.push_back(model::Fault{.address = any,
                             .ip = any,
                             .duration_ns = any,
                             .vm_flags = any,
                             .mm = MmId{any},
                             .pages = any,
                             .error_code = any,
                             .order = 9,
                             .mapping = model::Mapping::kHugetlb,
                             .major = true,
                             .not_zeroed = true,
                             .no_start = true,
                             .from_fentry = true});
  all.push_back(named(model::TaskNew{.clone_flags = any,
                                     .parent = TaskId{any},
                                     .tid = 12,
                                     .tgid = 13,
                                     .ns_tid = 14,
                                     .mm = MmId{any},
                                     .parent_mm = MmId{any},
                                     .page_table_pages = any,
                                     .anon_pages = any,
                                     .file_pages = any,
                                     .shmem_pages = any,
                                     .kthread = true,
                                     .user_worker = true},
                      "exactly sixteen."));
  all.push_back(named(model::TaskSeen{.start_boottime_ns = any,
                                      .parent = TaskId{any},
                                      .tid = 22,
                                      .tgid = 23,
                                      .ns_tid = 24,
                                      .parent_tid = 25,
                                      .mm = MmId{any},
                                      .how = model::SeenHow::kAttached,
                                      .doing = model::SeenDoing::kBlocked,
                                      .syscall = 232,
                                      .run_cpu = any,
                                      .io_worker = true},
                      "kworker/0:1-ev"));
  all.push_back(model::TaskBaseline{
      .counters = sample_counters(any), .prelude_faults = any, .faults_valid = true});
  all.push_back(model::CloneReturn{.duration_ns = any,
                                   .page_table_copy_ns = any,
                                   .child = TaskId{any},
                                   .result = -11,
                                   .source = model::CloneSource::kFentry});
  all.push_back(sample_exec(any));
  all.push_back(named(model::TaskRename{}, "\t"));
  all.push_back(model::TaskExit{.exit_code = 0x8b, .peak_rss_pages = any, .group = true});
  all.push_back(model::TaskEnd{.counters = sample_counters(any), .faults = any});
  all.push_back(model::TaskFree{});
  all.push_back(sample_mark(any));
  all.push_back(
      model::Lost{.first_ns = any, .last_ns = any, .counts = {any, any, any, any, any, any}});
  all.push_back(sample_summary(any));
  all.push_back(model::Coroutine{.id = any,
                                 .other = any,
                                 .space = model::CoroutineSpace{any},
                                 .function = any,
                                 .what = model::CoroutineWhat::kAwaits,
                                 .source = model::CoroutineSource::kUprobe,
                                 .runtime = model::CoroutineRuntime::kFunction});
  all.push_back(model::CoroutineSpaceNew{.ring_bytes = any,
                                         .space = model::CoroutineSpace{any},
                                         .tgid = any,
                                         .forked_from = model::CoroutineSpace{any},
                                         .clock = model::CoroutineClock::kMonotonic});
  model::CoroutineFunction function{.address = any, .function = any, .line = any};
  function.name.assign("serve<int>(a, \"b\")");
  all.push_back(function);
  all.push_back(model::CoroutineTotals{.created = any,
                                       .resumed = any,
                                       .suspended = any,
                                       .finished = any,
                                       .destroyed = any,
                                       .mounted_ns = any,
                                       .space = model::CoroutineSpace{any},
                                       .function = any});
  all.push_back(model::CoroutineLost{.first_ns = any,
                                     .last_ns = any,
                                     .count = any,
                                     .space = model::CoroutineSpace{any},
                                     .reason = model::CoroutineLoss::kNoRing});
  all.push_back(sample_stack(any));
  all.push_back(model::StackOf{.user = model::StackId{any},
                               .kernel = model::StackId{any},
                               .what = model::StackWhat::kFault});
  all.push_back(model::Sample{.period_ns = any,
                              .user = model::StackId{any},
                              .kernel = model::StackId{any},
                              .mm = MmId{any}});
  model::KernelSymbol symbol{.symbol = any};
  symbol.name.assign("do_nanosleep");
  symbol.module.assign("a \"module\"");
  all.push_back(symbol);
  all.push_back(sample_map(any));
  all.push_back(model::CoroutineWait{.space = model::CoroutineSpace{any}, .function = any});
  model::CoroutineFile file{.function = any};
  file.name.assign("/srv/app dir/server.py");
  all.push_back(file);
  model::StackBytes bytes{.id = model::StackId{any}, .address = any};
  bytes.bytes[1] = 0xa0;
  bytes.bytes[bytes.bytes.size() - 1] = 0x0f;
  all.push_back(bytes);
  model::StackCopy copy{.id = model::StackId{any}, .mm = MmId{any}, .pieces = 33};
  for (std::uint64_t& value : copy.registers) value = any;
  all.push_back(copy);
  model::FileSymbol named{.offset = any,
                          .size = any,
                          .inode = any,
                          .device_major = any,
                          .device_minor = any,
                          .build_id_size = 2,
                          .build_id = {0x01, 0xff}};
  // As long as the record has room for.
  named.name.assign("ns::f<int>(char const*, std::vector<int, std::allocator<int> >&)");
  all.push_back(named);
  all.push_back(model::CoroutineInside{
      .id = any, .space = model::CoroutineSpace{any}, .function = any, .depth = any});
  all.push_back(model::FileInlined{.symbol = named, .depth = 255});
  model::JitSymbol made{.address = any, .size = any, .tgid = 26};
  made.name.assign("LazyCompile:~handleRequest /srv/app dir/node_modules/server.js:1");
  all.push_back(made);
  return all;
}

// The same with the flags that sample_payloads leaves out, so that each is seen on and off.
inline void flip_flags(model::Payload& payload) {
  using namespace model;
  const auto flip = [](auto&... flags) { ((flags = !flags), ...); };
  std::visit(
      Overloaded{
          [&](Switch& p) {
            flip(p.voluntary, p.involuntary, p.preempt, p.mm_change, p.prev_target, p.next_target,
                 p.compat);
          },
          [&](Wakeup& p) { flip(p.is_new, p.interrupt, p.no_request); },
          [&](Fault& p) {
            flip(p.major, p.zeroed, p.not_zeroed, p.unresolved, p.no_start, p.kernel_taken,
                 p.from_fentry);
          },
          [&](TaskNew& p) { flip(p.kthread, p.io_worker, p.user_worker); },
          [&](TaskSeen& p) { flip(p.kthread, p.io_worker, p.user_worker, p.compat); },
          [&](TaskBaseline& p) { flip(p.switches_valid, p.faults_valid); },
          [&](TaskExec& p) { flip(p.secure, p.args_truncated, p.args_unreadable, p.not_dumpable); },
          [&](TaskExit& p) { flip(p.group, p.last); },
          [&](TaskSummary& p) { flip(p.final); },
          [&](Coroutine& p) { flip(p.clamped, p.generation_unknown, p.end_unseen, p.first_seen); },
          [&](CoroutineSpaceNew& p) { flip(p.from_start); },
          [&](Stack& p) {
            flip(p.kernel, p.symbols, p.cut);
            p.end = StackEnd::kTooDeep;
            std::fill(p.frame.begin() + 4, p.frame.end(), 0);
            p.frames = 4;
          },
          [&](Sample& p) { flip(p.in_kernel); },
          [&](Map& p) { flip(p.fresh, p.there, p.path_cut); },
          [&](CoroutineWait& p) { flip(p.gil); },
          [&](StackBytes& p) { p.bytes = {}; },
          [&](StackCopy& p) { flip(p.unreadable); },
          [](auto&) {},
      },
      payload);
}

// Two events of each kind, in order of time.
inline std::vector<model::Event> sample_events() {
  std::vector<model::Event> events;
  std::uint64_t ts_ns = 1'000'000'000'000;
  for (const bool flipped : {false, true}) {
    for (model::Payload& payload : sample_payloads()) {
      if (flipped) flip_flags(payload);
      ts_ns += 1'234;
      events.push_back({.ts_ns = ts_ns,
                        .task = model::TaskId{static_cast<std::uint32_t>(2 + events.size())},
                        .cpu = static_cast<std::uint16_t>(events.size() % 3),
                        .payload = payload});
    }
  }
  return events;
}

}  // namespace triptych::test
