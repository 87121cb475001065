// SPDX-License-Identifier: Apache-2.0
//
// What was recorded, decoded: one struct a kind, with the same meaning as the record of the same
// name in bpf/abi/events.h, where each field's kernel source is written down. Plain data; the text
// form of `triptych dump` shows exactly this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <variant>

#include "model/fixed_string.hpp"
#include "model/ids.hpp"
#include "model/stack_events.hpp"

namespace triptych::model {

using Comm = FixedString<16>;

struct Counters {
  std::uint64_t nvcsw = 0;
  std::uint64_t nivcsw = 0;
  std::uint64_t min_flt = 0;
  std::uint64_t maj_flt = 0;
  std::uint64_t utime_ns = 0;
  std::uint64_t stime_ns = 0;
  std::uint64_t run_time_ns = 0;
  bool operator==(const Counters&) const = default;
};

inline constexpr std::int16_t kNoSyscall = -1;
inline constexpr std::uint32_t kSaturated =
    0xffffffffu;  // "this or more", in every 32-bit duration

// Event::task leaves the CPU.
inline constexpr std::uint16_t kTaskDead = 0x80;  // TASK_DEAD in Switch::prev_state
struct Switch {
  TaskId next{};
  std::uint16_t prev_state = 0;  // 0: still runnable
  std::int16_t syscall = kNoSyscall;
  std::uint16_t prev_seq = 0;  // low bits of nvcsw + nivcsw, this switch included
  std::uint16_t next_seq = 0;  // low bits of nvcsw + nivcsw
  bool voluntary = false;
  bool involuntary = false;  // both false: the previous task is not recorded
  bool preempt = false;
  bool mm_change = false;
  bool prev_target = false;  // is recorded, not just met
  bool next_target = false;
  bool compat = false;  // `syscall` is of the 32-bit table
  bool operator==(const Switch&) const = default;

  // A task that is preempted on its way into a sleep carries the state of that sleep, and stays
  // runnable all the same.
  [[nodiscard]] bool stays_runnable() const { return prev_state == 0 || preempt || involuntary; }
  [[nodiscard]] bool is_last() const { return (prev_state & kTaskDead) != 0; }
};

// Event::task was put on a run queue.
struct Wakeup {
  TaskId waker{};
  std::uint32_t request_delay_ns = 0;
  std::uint16_t target_cpu = 0;
  bool is_new = false;
  bool interrupt = false;
  bool no_request = false;
  bool operator==(const Wakeup&) const = default;
};

// Event::task came to its CPU, and a tracepoint that tells of it did not: the scheduler's own
// account.
struct Arrival {
  TimeNs queued_ns = 0;   // put on a run queue, or preempted; 0: not known
  TimeNs arrived_ns = 0;  // the event's own time when it is about to come in
  bool operator==(const Arrival&) const = default;
};

struct TaskNew {
  std::uint64_t clone_flags = 0;
  TaskId parent{};
  Tid tid = 0;
  Tid tgid = 0;
  Tid ns_tid = 0;
  MmId mm{};
  MmId parent_mm{};
  std::uint32_t page_table_pages = 0;
  std::uint32_t anon_pages = 0;
  std::uint32_t file_pages = 0;
  std::uint32_t shmem_pages = 0;
  bool kthread = false;
  bool io_worker = false;
  bool user_worker = false;
  Comm comm{};
  bool operator==(const TaskNew&) const = default;
};

enum class SeenHow : std::uint8_t { kLaunched = 1, kAttached = 2, kStranger = 3 };
enum class SeenDoing : std::uint8_t { kUnknown = 0, kOnCpu = 1, kRunnable = 2, kBlocked = 3 };

struct TaskSeen {
  std::uint64_t start_boottime_ns = 0;
  TaskId parent{};
  Tid tid = 0;
  Tid tgid = 0;
  Tid ns_tid = 0;
  Tid parent_tid = 0;
  MmId mm{};
  SeenHow how = SeenHow::kStranger;
  SeenDoing doing = SeenDoing::kUnknown;  // an attached task
  std::int16_t syscall = kNoSyscall;      // in which it is blocked
  std::uint16_t run_cpu = 0;              // on which it runs or ran last
  bool kthread = false;
  bool io_worker = false;
  bool user_worker = false;
  bool compat = false;  // `syscall` is of the 32-bit table
  Comm comm{};
  bool operator==(const TaskSeen&) const = default;
};

struct TaskBaseline {
  Counters counters;
  std::uint64_t prelude_faults = 0;
  bool switches_valid = false;
  bool faults_valid = false;
  bool operator==(const TaskBaseline&) const = default;
};

enum class CloneSource : std::uint8_t { kSyscall = 1, kFentry = 2 };

// Event::task is the caller, the event's time the return.
struct CloneReturn {
  std::uint64_t duration_ns = 0;
  std::uint64_t page_table_copy_ns = 0;
  TaskId child{};
  std::int32_t result = 0;
  CloneSource source = CloneSource::kSyscall;
  bool operator==(const CloneReturn&) const = default;
};

struct TaskExec {
  MmId mm{};
  Tid old_tid = 0;
  Tid tid = 0;
  bool secure = false;
  bool args_truncated = false;
  bool args_unreadable = false;
  bool not_dumpable = false;
  std::uint32_t args_size = 0;
  Comm comm{};
  FixedString<128> filename{};
  std::array<char, 256> args{};  // the arguments, each with its NUL; args_size bytes of it
  bool operator==(const TaskExec&) const = default;
};

struct TaskRename {
  Comm comm{};
  bool operator==(const TaskRename&) const = default;
};

struct TaskExit {
  std::uint32_t exit_code = 0;  // as wait(2) encodes it
  std::uint64_t peak_rss_pages = 0;
  bool group = false;
  bool last = false;
  bool operator==(const TaskExit&) const = default;
};

struct TaskEnd {
  Counters counters;
  std::uint64_t faults = 0;
  bool operator==(const TaskEnd&) const = default;
};

struct TaskFree {
  bool operator==(const TaskFree&) const = default;
};

enum class Mapping : std::uint8_t {
  kUnknown = 0,
  kNone = 1,
  kAnon = 2,
  kFile = 3,
  kShmem = 4,
  kHugetlb = 5,
  kSpecial = 6,
};

struct Fault {
  std::uint64_t address = 0;
  std::uint64_t ip = 0;
  std::uint32_t duration_ns = 0;
  std::uint32_t vm_flags = 0;
  MmId mm{};
  std::uint32_t pages = 0;
  std::uint16_t error_code = 0;
  std::uint8_t order = 0;
  Mapping mapping = Mapping::kUnknown;
  bool major = false;
  bool zeroed = false;
  bool not_zeroed = false;
  bool unresolved = false;
  bool no_start = false;
  bool kernel_taken = false;
  bool from_fentry = false;
  bool operator==(const Fault&) const = default;
};

enum class MarkType : std::uint8_t { kBegin = 1, kEnd = 2, kPoint = 3 };

struct Mark {
  Counters counters;
  std::uint64_t faults = 0;
  MarkType type = MarkType::kPoint;
  FixedString<48> name{};
  bool operator==(const Mark&) const = default;
};

enum class LossClass : std::uint8_t { kSwitch, kWakeup, kTask, kFault, kMark, kSummary };
inline constexpr std::size_t kLossClasses = 6;

// Event::cpu is the CPU whose records were lost; `last_ns` may be earlier than the event's own
// time.
struct Lost {
  TimeNs first_ns = 0;
  TimeNs last_ns = 0;
  std::array<std::uint32_t, kLossClasses> counts{};
  std::uint64_t unknown_kind = 0;  // records of which no class is known
  bool damaged = false;  // not the recorder's, the reader's word: that part of the file is missing
  bool operator==(const Lost&) const = default;

  [[nodiscard]] std::uint64_t records() const {
    return std::accumulate(counts.begin(), counts.end(), unknown_kind);
  }
  // A damaged part without any figure may have had any number of records, of any class.
  [[nodiscard]] bool may_be_of(LossClass loss) const {
    return counts[static_cast<std::size_t>(loss)] != 0 || unknown_kind != 0 ||
           (damaged && records() == 0);
  }
};

inline constexpr std::size_t kSummaryFaultClasses = 8;  // enum triptych_summary_fault
inline constexpr std::size_t kSummaryBuckets = 32;

// Cumulative: the last one of a task holds.
struct TaskSummary {
  Counters counters;
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t wakeups = 0;
  std::uint64_t on_cpu_ns = 0;
  std::uint64_t runnable_ns = 0;
  std::uint64_t blocked_ns = 0;
  std::uint64_t migrations = 0;
  std::uint64_t mm_changes = 0;
  std::uint64_t major_faults = 0;
  std::uint64_t kernel_mode_faults = 0;
  std::array<std::uint64_t, kSummaryFaultClasses> faults{};
  std::array<std::uint64_t, kSummaryFaultClasses> fault_pages{};
  std::array<std::uint64_t, kSummaryFaultClasses> fault_ns{};
  std::array<std::uint32_t, kSummaryBuckets> run_queue_latency{};
  std::array<std::uint32_t, kSummaryBuckets> slice_length{};
  MmId mm{};
  bool final = false;
  bool operator==(const TaskSummary&) const = default;
};

// How a coroutine's events came to be seen.
enum class CoroutineSource : std::uint8_t { kRecorder = 1, kUsdt = 2, kUprobe = 3 };
enum class CoroutineRuntime : std::uint8_t {
  kUntold = 0,
  kCpp = 1,
  kBoost = 2,
  kUcontext = 3,
  kAsyncio = 4,
  kTrio = 5,
  kGreenlet = 6,
  kTokio = 7,
  kFunction = 8,  // one that somebody named was entered: kResumed, and nothing else is known
};
enum class CoroutineWhat : std::uint8_t {
  kCreated = 1,
  kResumed = 2,
  kSuspended = 3,
  kFinished = 4,
  kDestroyed = 5,
  kAwaits = 6,
};

// Event::task is the thread; of a recorder's events no CPU is known.
struct Coroutine {
  std::uint64_t id = 0;
  std::uint64_t other = 0;  // kAwaits: whom
  CoroutineSpace space{};
  std::uint32_t function = 0;  // 0: not known
  CoroutineWhat what = CoroutineWhat::kResumed;
  CoroutineSource source = CoroutineSource::kRecorder;
  CoroutineRuntime runtime = CoroutineRuntime::kUntold;
  bool clamped = false;
  bool generation_unknown = false;  // it may be another one than who had the id before
  bool end_unseen = false;          // kResumed: its kSuspended comes too late
  bool first_seen = false;          // kCreated: some time before; it was resumed first now
  bool operator==(const Coroutine&) const = default;
};

enum class CoroutineClock : std::uint8_t { kTsc = 1, kMonotonic = 2 };

struct CoroutineSpaceNew {
  std::uint64_t ring_bytes = 0;
  CoroutineSpace space{};
  Tid tgid = 0;
  CoroutineSpace forked_from{};
  CoroutineSource source = CoroutineSource::kRecorder;
  CoroutineClock clock = CoroutineClock::kTsc;
  bool from_start = false;
  bool operator==(const CoroutineSpaceNew&) const = default;
};

struct CoroutineFunction {
  std::uint64_t address = 0;
  std::uint32_t function = 0;
  std::uint32_t line = 0;
  FixedString<112> name{};
  bool operator==(const CoroutineFunction&) const = default;
};

// Cumulative: the last ones of a function hold.
struct CoroutineTotals {
  std::uint64_t created = 0;
  std::uint64_t resumed = 0;
  std::uint64_t suspended = 0;
  std::uint64_t finished = 0;
  std::uint64_t destroyed = 0;
  std::uint64_t mounted_ns = 0;
  CoroutineSpace space{};
  std::uint32_t function = 0;
  bool operator==(const CoroutineTotals&) const = default;
};

enum class CoroutineLoss : std::uint8_t {
  kRing = 1,
  kNoRing = 2,
  kDamage = 3,
  kKernel = 4,
  kBudget = 5,
  kDisarmed = 6,
};

struct CoroutineLost {
  TimeNs first_ns = 0;
  TimeNs last_ns = 0;
  std::uint64_t count = 0;
  CoroutineSpace space{};
  CoroutineLoss reason = CoroutineLoss::kRing;
  bool operator==(const CoroutineLost&) const = default;
};

// The thread leaves the CPU to wait, while a coroutine is mounted on it.
struct CoroutineWait {
  CoroutineSpace space{};
  std::uint32_t function = 0;  // the innermost one; 0: not known
  bool gil = false;            // for the lock of Python's interpreter
  bool operator==(const CoroutineWait&) const = default;
};

struct CoroutineFile {
  std::uint32_t function = 0;
  FixedString<112> name{};  // the end of a longer one
  bool operator==(const CoroutineFile&) const = default;
};

// One of the coroutines that another one awaits which is about to be suspended: see the ABI.
struct CoroutineInside {
  std::uint64_t id = 0;
  CoroutineSpace space{};
  std::uint32_t function = 0;
  std::uint32_t depth = 0;
  bool operator==(const CoroutineInside&) const = default;
};

using Payload =
    std::variant<Switch, Wakeup, Arrival, Fault, TaskNew, TaskSeen, TaskBaseline, CloneReturn,
                 TaskExec, TaskRename, TaskExit, TaskEnd, TaskFree, Mark, Lost, TaskSummary,
                 Coroutine, CoroutineSpaceNew, CoroutineFunction, CoroutineTotals, CoroutineLost,
                 Stack, StackOf, Sample, KernelSymbol, Map, CoroutineWait, CoroutineFile,
                 StackBytes, StackCopy, FileSymbol, CoroutineInside, FileInlined, JitSymbol>;

struct Event {
  TimeNs ts_ns = 0;
  TaskId task{};
  std::uint16_t cpu = 0;
  Payload payload;
  bool operator==(const Event&) const = default;
};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace triptych::model
