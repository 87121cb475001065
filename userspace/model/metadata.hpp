// SPDX-License-Identifier: Apache-2.0
//
// What a trace says about itself besides its events: where, how and of what it was made. Stored as
// JSON in the trace file's metadata chunks and as comment lines in the text form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.hpp"

namespace triptych::model {

struct Host {
  std::string kernel;   // uname -r
  std::string machine;  // uname -m
  std::string cpu_model;
  std::uint32_t cpus = 0;  // online
  std::string tier;        // "base" or "full": see docs/architecture.md
  bool virtual_machine = false;
  std::uint32_t page_size = 4096;  // bytes
};

// One kind of event and how it was recorded, so that an old trace still explains itself.
struct PlannedEvent {
  std::string event;   // "switch"
  std::string hook;    // "tp_btf/sched_switch"; empty when it was not recorded
  std::string reason;  // why not, or why no better hook
};

enum class TargetKind : std::uint8_t { kCommand, kProcess, kMachine };

struct Target {
  TargetKind kind = TargetKind::kCommand;
  std::vector<std::string> command;  // kCommand; kProcess: its arguments when it was attached to
  std::string comm;                  // kProcess: its name then
  Tid tgid = 0;                      // kCommand: the child; kProcess: as asked, initial namespace
  std::string user;                  // that the command ran as
};

// Known when the recording begins.
struct Metadata {
  std::string tool_version;
  std::vector<std::string> record_command;  // argv that made the trace
  std::int64_t start_realtime_ns = 0;       // CLOCK_REALTIME at start_ns
  TimeNs start_ns = 0;                      // the gate opened
  Host host;
  Target target;
  std::vector<PlannedEvent> plan;
  bool summary_only = false;
  // The stream that has the coroutines' events and no ring's; 0: there is none.
  std::uint32_t coroutine_stream = 0;
  // Likewise of the mappings of code.
  std::uint32_t map_stream = 0;
};

// Counted independently of our programs by an inherited counting event on the target.
struct CountedFaults {
  std::uint64_t page_faults = 0;  // min + maj
  bool comparable = false;        // began and ended with the recording
  std::string remark;             // why not comparable
};

// Of the probes in programs that see coroutines: what they did to those.
struct CoroutineProbeCost {
  std::uint64_t hits = 0;
  std::uint64_t ns = 0;  // as the instructions under them make one expect
};

// Stacks of events. taken = those with a number + unreadable + lost, but for those that were lost
// with their event.
struct StackCounters {
  std::uint64_t taken = 0;
  std::uint64_t told = 0;          // records that say what a number means
  std::uint64_t lost = 0;          // no room in the ring
  std::uint64_t unreadable = 0;    // not one frame could be read
  std::uint64_t lost_samples = 0;  // no room in the ring
  std::uint64_t collisions = 0;    // told again: another stack had the same hash
  std::uint64_t copied = 0;        // of those taken, as memory that is unwound afterwards
  std::uint64_t lost_maps = 0;     // mappings of code that the kernel found no room to tell of
  bool operator==(const StackCounters&) const = default;
};

// What the probes counted; kinds as in LossClass. produced = recorded + lost.
struct ProbeCounters {
  std::uint64_t produced[6] = {};
  std::uint64_t lost[6] = {};          // no room in the ring
  std::uint64_t storage_failed = 0;    // a task could not be given storage: it is not in the trace
  std::uint64_t recursion_misses = 0;  // the kernel refused to run a program inside itself
  std::uint64_t switches_missed = 0;   // the kernel's counters moved without us
  std::uint64_t serials_exhausted = 0;
  std::uint64_t disk_lost = 0;  // records drained but not written: disk full
  StackCounters stacks;
};

// Known only when it ended; absent in a trace whose recorder was killed.
struct Ending {
  TimeNs end_ns = 0;               // the gate closed
  std::string reason;              // "target ended", "duration", "interrupted", or an error
  std::optional<int> wait_status;  // of the command, as wait(2) encodes it
  ProbeCounters counters;
  CountedFaults counted_faults;
  CoroutineProbeCost coroutine_probes;
  std::uint64_t recorder_cpu_ns = 0;  // user + system, of the recorder and its readers
};

}  // namespace triptych::model
