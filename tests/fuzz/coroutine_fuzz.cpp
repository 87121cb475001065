// SPDX-License-Identifier: Apache-2.0
//
// A recorder's memory that a program writes as it likes while it is being drained. The input is a
// list of words, each with the place that it goes to; some places stand for a drain, for an event
// written as it should be, or for something that the kernel tells of the program's threads.
#include <sched.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "abi/events.h"
#include "base/check.hpp"
#include "coroutine/ring/drain.hpp"
#include "decode/decode.hpp"
#include "support/recorder_memory.hpp"

namespace {

using namespace triptych;
using Memory = test::RecorderMemory;

struct Step {
  std::uint8_t place;
  std::uint8_t index;
  std::uint8_t task;
  std::uint8_t reserved;
  std::uint64_t word;
};

// Each drain's records must be whole, in order, and of the time since the last one.
void drain_once(coroutine::ring::Drain& drain, std::uint64_t& last_ns) {
  drain.begin();
  drain.meet_threads();
  const auto written = drain.write([&last_ns](std::span<const std::byte> record) -> Result<void> {
    model::Event event;
    TRIPTYCH_CHECK(decode::decode(record, event) == decode::Status::kOk);
    TRIPTYCH_CHECK(event.ts_ns >= last_ns);
    last_ns = event.ts_ns;
    return {};
  });
  TRIPTYCH_CHECK(written.has_value());
  TRIPTYCH_CHECK(last_ns <= coroutine::ring::read_anchor().ns);
}

template <class Raw>
void tell(coroutine::ring::Drain& drain, Raw raw, std::uint8_t kind, const Step& step) {
  raw.hdr.ts_ns = coroutine::ring::read_anchor().ns;
  raw.hdr.task = step.task;
  raw.hdr.kind = kind;
  raw.hdr.size8 = sizeof raw / 8;
  drain.on_record(std::as_bytes(std::span(&raw, 1)));
}

void tell_of_threads(coroutine::ring::Drain& drain, const Step& step) {
  const auto number = static_cast<std::uint32_t>(step.word % 128);
  switch (step.index % 4) {
    case 0: {
      triptych_task_new created{};
      created.tid = created.ns_tid = number;
      created.tgid = step.index < 128 ? number : Memory::kTid;
      created.clone_flags = step.index < 128 ? 0 : CLONE_VM | CLONE_THREAD;
      created.parent_task = static_cast<std::uint32_t>(step.word >> 32) % 128;
      return tell(drain, created, TRIPTYCH_EV_TASK_NEW, step);
    }
    case 1: {
      triptych_task_seen seen{};
      seen.tid = seen.tgid = seen.ns_tid = number;
      seen.how = TRIPTYCH_SEEN_LAUNCHED;
      return tell(drain, seen, TRIPTYCH_EV_TASK_SEEN, step);
    }
    case 2:
      return tell(drain, triptych_task_exec{}, TRIPTYCH_EV_TASK_EXEC, step);
    default:
      return tell(drain, triptych_task_end{}, TRIPTYCH_EV_TASK_END, step);
  }
}

void take(coroutine::ring::Drain& drain, Memory& memory, const Step& step, std::uint64_t& last_ns) {
  const std::uint32_t slot = step.index % 8;
  switch (step.place % 8) {
    case 0:
      return drain_once(drain, last_ns);
    case 1:
      return memory.write(slot, step.task, step.word & TRIPTYCH_CORO_ID_MASK);
    case 2:
      return memory.write(slot, step.task, step.word & TRIPTYCH_CORO_ID_MASK, step.word);
    case 3:
      memory.slot(slot).head = step.word;
      return;
    case 4:
      return tell_of_threads(drain, step);
    default: {
      // Header, functions and slots; what is in the rings is written above.
      const std::uint64_t words = triptych_coro_rings_offset() / sizeof step.word;
      const std::uint64_t at = (step.index * 256u + step.task) * (step.place % 8 - 4u) % words;
      std::memcpy(memory.data() + at * sizeof step.word, &step.word, sizeof step.word);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Memory memory;
  coroutine::ring::Drain drain;
  std::uint64_t last_ns = 0;
  const auto added = drain.add(memory.fd(), Memory::kTid, true);
  TRIPTYCH_CHECK(added.has_value());
  for (; size >= sizeof(Step); data += sizeof(Step), size -= sizeof(Step)) {
    Step step;
    std::memcpy(&step, data, sizeof step);
    take(drain, memory, step, last_ns);
  }
  drain_once(drain, last_ns);
  return 0;
}
