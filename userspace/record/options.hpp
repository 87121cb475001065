// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "coroutine/probes/marker_table.hpp"
#include "model/metadata.hpp"
#include "probe/attach_plan.hpp"

namespace triptych::record {

inline constexpr const char* kDefaultOutput = "triptych.tpt";
inline constexpr std::uint64_t kDefaultBufferBytes = 64ull << 20;
inline constexpr std::uint64_t kDefaultCoroutineRingBytes = 16ull << 20;

// Not a divisor of anything that programs do in a steady beat.
inline constexpr std::uint32_t kDefaultFrequency = 99;

// Of a user's stack, to be unwound afterwards.
inline constexpr std::uint32_t kDefaultCopiedBytes = 8u << 10;

enum class CoroutineWay : std::uint8_t {
  kOff,
  kRecorder,  // of programs that link our library
  kUsdt,      // markers in the program
  kUprobe,    // probes in the code of one runtime
  kAuto,      // the library, and where the program does not link it, cheap probes
};

struct Options {
  std::string output = kDefaultOutput;
  model::TargetKind kind = model::TargetKind::kCommand;
  std::vector<std::string> command;  // kCommand: not empty
  pid_t process = 0;                 // kProcess: its tgid
  std::optional<std::uint64_t> duration_ns;
  probe::EventSet events;
  std::uint64_t buffer_bytes = kDefaultBufferBytes;  // of all CPUs together
  bool summary_only = false;
  probe::StackSet stacks;
  std::uint32_t frequency = kDefaultFrequency;  // of samples, in a second, on each CPU
  CoroutineWay coroutines = CoroutineWay::kAuto;
  std::string coroutine_runtime;  // kUprobe: which
  // kUsdt: what the markers mean.
  coroutine::probes::MarkerTable coroutine_markers = coroutine::probes::own_markers();
  // What probes in a program may cost, in thousandths of one CPU.
  std::uint32_t coroutine_budget_permille = 50;
  std::uint64_t coroutine_ring_bytes = kDefaultCoroutineRingBytes;  // of each thread
  std::string user;                         // to run the command as; empty: who called us
  std::vector<std::string> without_hooks;   // to do as if the kernel refused them
  std::vector<std::string> record_command;  // our own arguments, for the trace
  std::string tool_version;
};

// The conventions of env, timeout and nohup: what `record` itself cannot do is not mistaken for
// what the command reports.
inline constexpr int kOwnFailure = 125;

struct Failure {
  Error error;
  int exit_status = kOwnFailure;
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

}  // namespace triptych::record
