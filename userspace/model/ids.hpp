// SPDX-License-Identifier: Apache-2.0
//
// Identity. A tid names different tasks over time and two at once during an exec in a thread, so
// everything is keyed by the serial number that the recording gave; tids are attributes.
#pragma once

#include <cstdint>

namespace triptych::model {

enum class TaskId : std::uint32_t {};  // one thread's life; dense, never reused within a trace
enum class MmId : std::uint32_t {};    // one address space's life: ends with exec or the last user

// The frames of a stack, as the recording numbers them: what a number means is told by a Stack
// event. The same frames may have several numbers.
enum class StackId : std::uint32_t {};

enum class CoroutineSpace : std::uint32_t {};  // a process that has coroutines; 0: none

inline constexpr TaskId kNoTask{0};    // not known
inline constexpr TaskId kIdleTask{1};  // the idle task of the event's CPU
inline constexpr TaskId kFirstTask{2};
inline constexpr StackId kNoStack{0};
inline constexpr MmId kNoMm{0};  // kernel thread, or already gone

using Tid = std::int32_t;      // thread id, as seen from the initial pid namespace; Tgid likewise
using TimeNs = std::uint64_t;  // CLOCK_MONOTONIC

}  // namespace triptych::model
