// SPDX-License-Identifier: Apache-2.0
//
// The recorder of this very process, seen as one who records sees it: through its memory.
#pragma once

#include <triptych/coroutine.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace triptych::coroutine_testing {

struct Seen {
  std::uint32_t kind = 0;
  std::uint64_t id = 0;
  std::uint32_t function = 0;
  std::uint64_t stamp = 0;
};

inline triptych_coro_header& header() {
  const auto armed = reinterpret_cast<std::uintptr_t>(triptych_coro_armed);
  return *reinterpret_cast<triptych_coro_header*>(armed - offsetof(triptych_coro_header, armed));
}

inline char* memory() {
  return reinterpret_cast<char*>(&header());
}

inline triptych_coro_slot& slot(std::uint32_t index) {
  return *reinterpret_cast<triptych_coro_slot*>(memory() + triptych_coro_slots_offset() +
                                                index * triptych_coro_slot_stride());
}

inline const triptych_coro_function_entry& function(std::uint32_t index) {
  return reinterpret_cast<const triptych_coro_function_entry*>(memory() +
                                                               TRIPTYCH_CORO_HEADER_BYTES)[index];
}

inline const triptych_coro_event* ring(std::uint32_t index) {
  return reinterpret_cast<const triptych_coro_event*>(memory() + triptych_coro_rings_offset() +
                                                      index * header().ring_bytes);
}

inline std::uint64_t ring_events() {
  return header().ring_bytes / sizeof(triptych_coro_event);
}

inline Seen event_at(std::uint32_t slot_index, std::uint64_t position) {
  const triptych_coro_event& event = ring(slot_index)[position % ring_events()];
  return {static_cast<std::uint32_t>(event.what >> TRIPTYCH_CORO_KIND_SHIFT),
          event.what & TRIPTYCH_CORO_ID_MASK,
          static_cast<std::uint32_t>(event.what >> TRIPTYCH_CORO_ID_BITS) &
              (TRIPTYCH_CORO_FUNCTIONS - 1),
          event.stamp};
}

// The events of a slot from `position` on that are still there.
inline std::vector<Seen> events_since(std::uint32_t slot_index, std::uint64_t position) {
  std::vector<Seen> events;
  for (; position < slot(slot_index).head; ++position) {
    events.push_back(event_at(slot_index, position));
  }
  return events;
}

// The slot that a thread of this tid has; SLOTS when none.
inline std::uint32_t slot_of(std::uint32_t tid) {
  for (std::uint32_t index = 0; index < header().slots_used; ++index) {
    if (slot(index).state != 0 && slot(index).tid == tid) return index;
  }
  return TRIPTYCH_CORO_SLOTS;
}

inline triptych_coro_totals totals(std::uint32_t function_index) {
  triptych_coro_totals sum{};
  for (std::uint32_t index = 0; index < header().slots_used; ++index) {
    const triptych_coro_totals& one = slot(index).totals[function_index];
    sum.created += one.created;
    sum.resumed += one.resumed;
    sum.suspended += one.suspended;
    sum.finished += one.finished;
    sum.destroyed += one.destroyed;
    sum.mounted += one.mounted;
  }
  return sum;
}

// While it lives, somebody records.
class Armed {
 public:
  explicit Armed(std::uint64_t until = ~std::uint64_t{0}) {
    header().armed_until = until;
    set(++last_);
  }
  ~Armed() { set(0); }
  Armed(const Armed&) = delete;
  Armed& operator=(const Armed&) = delete;

 private:
  static void set(std::uint32_t value) { header().armed = value; }
  static inline std::uint32_t last_ = 0;
};

}  // namespace triptych::coroutine_testing
