// SPDX-License-Identifier: Apache-2.0
//
// What a trace says, as plain data: the result of the analysis and all that a report or an export
// knows. Writers format it and compute nothing. Times are nanoseconds; a time span is only counted
// in on_cpu, runnable or blocked while the events prove it, otherwise in unknown: of each recorded
// task the four add up to its time from start to end, or to what of that lies between the marks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyze/histogram.hpp"
#include "analyze/stacks.hpp"
#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/ids.hpp"
#include "model/metadata.hpp"

namespace triptych::analyze {

// What a page fault turned out to be; derived in analyze/fault_kind.cpp and nowhere else.
enum class FaultKind : std::uint8_t {
  kFirstTouch,       // anonymous page, allocated and zeroed
  kZeroPage,         // the shared zero page was mapped for reading
  kZeroPageWrite,    // first write where the zero page was mapped
  kFile,             // page-cache page mapped (file or shared memory)
  kSharedFileDirty,  // first write to a clean page of a shared file mapping: no copy
  kPrivateFileCopy,  // copy of a file page that was written without being read before
  kCowCopy,          // copy-on-write: a present page was copied
  kWpReuse,          // write to a protected page that had no other owner: no copy
  kHuge,             // a huge page was allocated
  kHugetlbCopy,      // copy of a page of a hugetlb mapping
  kHugetlb,          // any other fault in a hugetlb mapping
  kSwap,             // came back from swap
  kUserfaultfd,
  kSpecial,  // page that the kernel or a device provides: vdso, vvar, device memory
  kUnknown,  // completed, but the facts fit no row, or are missing
};
inline constexpr std::size_t kFaultKinds = 15;
std::string_view name_of(FaultKind kind);  // "first_touch", the name in the JSON

struct FaultStats {
  std::uint64_t count = 0;
  std::uint64_t pages = 0;    // base pages allocated
  std::uint64_t time_ns = 0;  // of those whose duration is known
  Histogram latency;
};

struct FaultCounts {
  std::array<std::uint64_t, kFaultKinds> by_kind{};
  std::uint64_t total = 0;  // completed faults taken: the sum of by_kind
  std::uint64_t minor = 0, major = 0;
  std::uint64_t kernel_mode = 0;   // of total, taken while the kernel ran
  std::uint64_t unresolved = 0;    // not part of total
  std::uint64_t kernel_taken = 0;  // not part of total: recorded by fentry only
};

struct SwitchCounts {
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t yields = 0;      // of involuntary: the task was in sched_yield
  std::uint64_t mm_changes = 0;  // of all: to a task with another address space
};

struct CowBill {
  std::uint64_t copies = 0;  // faults that copied
  std::uint64_t bytes = 0;
  std::uint64_t time_ns = 0;
  // Of the copies, in private mappings of files: the page may have been the file's, which is copied
  // without any fork.
  std::uint64_t in_file_mappings = 0;

  void add(const CowBill& other) {
    copies += other.copies;
    bytes += other.bytes;
    time_ns += other.time_ns;
    in_file_mappings += other.in_file_mappings;
  }
};

enum class CreatedBy : std::uint8_t {
  kUnknown,     // its creation is not in the trace
  kLaunched,    // the command
  kAttached,    // was running when the recording began
  kFork,        // own address space
  kVfork,       // CLONE_VM | CLONE_VFORK: vfork or posix_spawn
  kThread,      // CLONE_THREAD
  kClone,       // any other mix of flags; see clone_flags
  kIoWorker,    // io_uring's
  kUserWorker,  // other kernel-made workers inside a process
  kKthread,
};
std::string_view name_of(CreatedBy how);  // "fork"

struct Preemption {  // who ran instead, and for how long this task then waited
  std::uint64_t count = 0;
  std::uint64_t waited_ns = 0;
};

struct Exec {
  model::TimeNs ts_ns = 0;
  std::string comm, filename;
  std::vector<std::string> arguments;
  bool arguments_truncated = false;
  bool secure = false;
  model::Tid old_tid = 0;  // of the thread that called it; it now has the tid of the first thread
};

// Why the events do not prove what a task did for some time.
enum class UnknownCause : std::uint8_t {
  kBeforeFirstEvent,  // it was there when the recording began, and no event had told of it yet
  kLoss,              // records were lost, or the recording was cut
  kUnexplained,       // events are missing or contradict each other, and no loss explains it
  kWakeupsLeftOut,    // asleep or waiting for a CPU: --events left out what tells them apart
};
inline constexpr std::size_t kUnknownCauses = 4;
std::string_view name_of(UnknownCause cause);  // "before_first_event", the name in the JSON
using UnknownTimes = std::array<std::uint64_t, kUnknownCauses>;

enum class AuditVerdict : std::uint8_t { kEqual, kDiffers, kNotComparable };
std::string_view name_of(AuditVerdict verdict);  // "equal", "differs", "not comparable"

// Recorded against the kernel's own counters, over the time in which the task was recorded.
struct TaskAudit {
  AuditVerdict switches = AuditVerdict::kNotComparable;
  AuditVerdict faults = AuditVerdict::kNotComparable;
  std::string switches_remark, faults_remark;  // why not comparable, or how it was compared
  std::uint64_t kernel_voluntary = 0, kernel_involuntary = 0;
  std::uint64_t kernel_faults = 0;       // min_flt + maj_flt
  std::int64_t kernel_taken_faults = 0;  // kernel_faults - recorded
};

struct Task {
  model::TaskId id{};
  model::Tid tid = 0, tgid = 0, ns_tid = 0;
  model::TaskId parent{};  // that created it
  model::Tid parent_tid = 0;
  CreatedBy created_by = CreatedBy::kUnknown;
  std::uint64_t clone_flags = 0;
  std::string comm;                        // the last name
  std::vector<std::string> names;          // earlier names, oldest first, at most 8
  std::vector<Exec> execs;                 // at most 64, oldest first
  std::uint64_t exec_count = 0;            // those between the marks, all of them
  model::TimeNs start_ns = 0;              // created, or its recording began
  std::optional<model::TimeNs> end_ns;     // last switch; none: alive at the end of the recording
  std::optional<model::TimeNs> exit_ns;    // it called exit
  std::optional<model::TimeNs> free_ns;    // it was reaped
  std::optional<std::uint32_t> exit_code;  // as wait(2) encodes it
  bool group_exit = false;
  bool orphaned = false;  // outlived the process that created it (processes' first threads only)
  // Inferred: it ended, its creator lives, and no release of it had been seen by the end (first
  // threads only; a release shows late, so not of those that ended in the last 50 ms).
  bool zombie = false;
  bool unreaped = false;  // inferred alike: none had been seen when its creator, too, had ended
  bool stranger = false;  // not recorded: only met
  std::uint64_t on_cpu_ns = 0, runnable_ns = 0, blocked_ns = 0, unknown_ns = 0;
  UnknownTimes unknown_by_cause_ns{};  // of unknown_ns; all zero in a trace of summaries
  // "read"; "no system call" (page fault, exception, kernel thread); "being created" (before its
  // first wakeup); "other"
  std::map<std::string, std::uint64_t> blocked_by_syscall_ns;
  SwitchCounts switches;
  // By whom came in when it was preempted (yielding is not); at most 256, the rest as kNoTask.
  std::map<model::TaskId, Preemption> preempted_by;
  std::uint64_t migrations = 0;
  std::uint64_t wakeups = 0;  // it was woken, the first time after its creation included
  std::uint64_t wakeups_by_interrupt = 0;
  // Spans that were seen whole; in a window, those that ended in it. In a trace of summaries the
  // sum, minimum and maximum are those of the buckets' middles.
  Histogram run_queue_latency;  // from enqueueing, or preemption, to running
  Histogram slice_length;       // from switch-in to switch-out
  FaultCounts faults;
  CowBill cow;                           // copies that it made
  std::uint64_t coroutine_switches = 0;  // resumptions on it
  // Of the process, known at its end; 0 also where the kernel's account is partly its creator's.
  std::uint64_t peak_rss_bytes = 0;
  std::uint64_t run_time_ns = 0;  // the scheduler's own account, where known
  // As the clock's ticks found it, since its recording began; known of one that ended.
  std::optional<std::uint64_t> user_ns, system_ns;
  TaskAudit audit;
};

struct AddressSpace {
  model::MmId id{};
  model::Tid tgid = 0;  // that first used it
  std::string comm;     // last name of the task that first used it
  model::TimeNs start_ns = 0;
  std::optional<model::TimeNs> end_ns;
  std::array<FaultStats, kFaultKinds> faults;  // all zero in a trace of summaries
};

struct Fork {
  model::TaskId parent{}, child{};
  model::Tid parent_tid = 0, child_tid = 0;
  CreatedBy kind = CreatedBy::kFork;         // or kVfork, or kClone: whatever makes a process
  model::TimeNs ts_ns = 0;                   // the child came into being
  std::optional<std::uint64_t> duration_ns;  // of the call, in the parent
  std::optional<std::uint64_t> page_table_copy_ns;  // only with fentry
  std::optional<std::uint64_t> first_run_delay_ns;  // of the child, since ts_ns
  std::uint64_t page_table_pages = 0;
  std::uint64_t shared_pages = 0;  // resident in the child when it came into being
  CowBill cow_parent, cow_child;   // copies charged to this fork: rule in docs/methodology.md
  bool cow_incomplete = false;     // records were lost: there may have been more copies
};

struct MarkPoint {
  model::TimeNs ts_ns = 0;
  model::TaskId task{};
  model::Tid tid = 0;
  model::MarkType type{};
  std::string name;
  model::Counters counters;
  std::uint64_t faults = 0;
};

// How long something of a coroutine's was mounted on a thread, and what the thread did meanwhile.
// on_cpu + runnable + blocked + unknown is mounted.
struct CoroutineTimes {
  std::uint64_t mounted_ns = 0;
  std::uint64_t on_cpu_ns = 0, runnable_ns = 0, blocked_ns = 0, unknown_ns = 0;
  std::uint64_t gil_ns = 0;  // of blocked_ns: waiting for the lock of Python's interpreter
  std::uint64_t suspended_ns = 0;
};

struct CoroutineCounts {
  std::uint64_t created = 0, resumed = 0, suspended = 0, finished = 0, destroyed = 0;
  bool operator==(const CoroutineCounts&) const = default;
};

// All coroutines of one function.
struct CoroutineFunction {
  std::uint32_t number = 0;
  std::string name;  // empty: not known
  std::string file;  // empty: not known
  std::uint32_t line = 0;
  bool is_callee = false;  // it was met as what a coroutine had called
  std::uint64_t address = 0;
  CoroutineCounts counts;         // recorded
  bool creations_unseen = false;  // of some nobody knows whether they were there before
  CoroutineTimes times;
  std::optional<CoroutineCounts> own_counts;  // by the program's own account
  std::uint64_t own_mounted_ns = 0;
};

struct Coroutine {
  std::uint64_t number = 0;  // in the order of meeting
  std::uint64_t address = 0;
  std::uint32_t space = 0;
  std::uint32_t function = 0;
  model::CoroutineSource source = model::CoroutineSource::kRecorder;
  model::CoroutineRuntime runtime{};
  bool generation_known = true;             // false: it may be several, one after another
  std::uint64_t creator = 0;                // the coroutine that made it; 0: none
  model::TaskId creator_task{};             // the thread
  std::uint64_t awaited_by = 0;             // the coroutine that last awaited it; 0: none known
  std::optional<model::TimeNs> created_ns;  // none: not seen
  bool first_seen = false;                  // at created_ns; it was created some time before
  std::optional<model::TimeNs> ended_ns;    // the last that is known of its end
  bool finished = false;                    // it came to its end
  bool destroyed = false;                   // at ended_ns
  std::uint64_t resumes = 0;
  CoroutineTimes times;
  std::vector<model::TaskId> threads;  // at most 16, in the order of meeting
  std::uint64_t migrations = 0;
};

// A process that has coroutines, and how they were seen.
struct CoroutineSpace {
  std::uint32_t number = 0;
  model::Tid tgid = 0;
  std::uint32_t forked_from = 0;
  model::CoroutineSource source{};
  model::CoroutineClock clock{};
  std::uint64_t ring_bytes = 0;
  bool from_start = false;
};

enum class BlockedHow : std::uint8_t { kBlocked, kRunnable, kComputing, kGil };
std::string_view name_of(BlockedHow how);  // "blocked", "runnable", "computing", "gil"

// A coroutine kept its thread from all others for longer than the slow step.
struct BlockedLoop {
  model::TaskId task{};
  std::uint64_t coroutine = 0;
  std::uint32_t function = 0;
  BlockedHow how{};
  std::string syscall;          // kBlocked, kGil: in which it slept
  std::uint32_t innermost = 0;  // kBlocked, kGil: the function that it had called; 0: not known
  model::TimeNs begin_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t delayed =
      0;  // others that were suspended before it and ran before the thread was idle
};

// A thread that runs coroutines.
struct EventLoop {
  model::TaskId task{};
  std::uint64_t iterations = 0;  // it slept with nothing mounted
  std::uint64_t steps = 0;       // from nothing mounted to nothing mounted
  std::uint64_t switches = 0;    // resumptions
  std::uint64_t longest_step_ns = 0;
  std::uint64_t coroutine_ns = 0;  // with one mounted
  std::uint64_t idle_ns = 0;       // off the CPU with none mounted
  std::uint64_t elsewhere_ns = 0;  // on it with none mounted
  std::uint64_t unknown_ns = 0;    // behind a resumption until whose end nobody sees
  model::TimeNs begin_ns = 0, end_ns = 0;
};

struct Coroutines {
  bool recorded = false;
  std::uint64_t slow_step_ns = 0;
  std::uint64_t switches = 0;                    // resumptions
  std::uint64_t ends_unseen = 0;                 // of them nobody saw until when
  std::uint64_t lost = 0;                        // events that the trace does not have
  std::uint64_t count = 0;                       // coroutines that were met
  std::uint64_t omitted = 0;                     // of them not in `rows`: the shortest mounted
  std::optional<model::TimeNs> budget_ended_ns;  // from then on none was recorded: too dear
  std::vector<CoroutineSpace> spaces;
  std::vector<CoroutineFunction> functions;  // longest mounted first
  std::vector<Coroutine> rows;               // longest mounted first
  std::vector<BlockedLoop> blocked;          // most damage first
  std::uint64_t blocked_omitted = 0;
  std::vector<EventLoop> loops;
};

// What all tasks together waited, or computed, in one place.
struct StackSum {
  Stacks stacks;
  std::int32_t key = 0;     // waited: in which system call, see blocked_name
  std::uint64_t count = 0;  // waits; or samples
  std::uint64_t time_ns = 0;
};

struct StackSums {
  bool recorded = false;
  std::uint64_t waited_ns = 0;          // blocked, with a stack
  std::uint64_t waited_without_ns = 0;  // without
  std::uint64_t ran_ns = 0;             // by samples
  std::vector<StackSum> waits, runs;    // longest first, at most 1,000
  std::shared_ptr<const StackTable> table;
};

struct Totals {
  SwitchCounts switches;
  std::uint64_t wakeups = 0;
  FaultCounts faults;
  CowBill cow;
  std::uint64_t forks = 0, vforks = 0, other_clones = 0, threads_created = 0, kernel_workers = 0;
  std::uint64_t execs = 0, exits = 0;
  std::uint64_t on_cpu_ns = 0, runnable_ns = 0, blocked_ns = 0, unknown_ns = 0;
  UnknownTimes unknown_by_cause_ns{};
  Histogram run_queue_latency, slice_length;
};

struct Audit {
  std::uint64_t tasks = 0;                                   // recorded ones
  std::uint64_t tasks_comparable = 0;                        // their switches, that is
  std::uint64_t tasks_differing = 0;                         // in switches or faults
  std::uint64_t switches_recorded = 0, switches_kernel = 0;  // of comparable tasks
  std::uint64_t faults_recorded = 0;                         // all recorded, completed faults
  std::optional<std::uint64_t> faults_counted;               // by the independent counting event
  std::string faults_remark;                         // why there is none, or it is not comparable
  std::optional<std::uint64_t> faults_kernel_taken;  // min_flt + maj_flt beyond the recorded ones
  std::string remark;  // what the tasks' audits cannot know: records of tasks were lost
};

struct LossRange {
  std::uint16_t cpu = 0;
  model::TimeNs first_ns = 0, last_ns = 0;
  std::array<std::uint64_t, model::kLossClasses> counts{};
  std::uint64_t unknown_kind = 0;
  bool damaged = false;  // in a damaged part of the file; all zero: nobody knows how many
};

struct Summary {
  model::Metadata metadata;
  std::optional<model::Ending> ending;
  std::string from_mark, to_mark;  // empty: the whole trace
  model::TimeNs begin_ns = 0, end_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t stack_records = 0;  // that tell what stacks and code are: no events
  std::uint64_t stored_bytes = 0;
  Totals totals;            // of all recorded tasks
  std::vector<Task> tasks;  // by start; strangers last
  std::vector<AddressSpace> address_spaces;
  std::vector<Fork> forks;
  Coroutines coroutines;
  std::vector<MarkPoint> marks;  // at most 10,000, the first ones
  StackSums stacks;
  Audit audit;
  std::vector<LossRange> losses;  // at most 1,000, then merged by CPU
  model::DataQuality quality;
  bool summary_only = false;  // what needs state across tasks is not available
};

}  // namespace triptych::analyze
