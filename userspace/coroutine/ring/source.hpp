// SPDX-License-Identifier: Apache-2.0
//
// One recorder memory with all that is known of it: its threads' readers, and the numbers that the
// trace has for its processes and functions.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "coroutine/ring/arming.hpp"
#include "coroutine/ring/drain.hpp"
#include "coroutine/ring/memory.hpp"
#include "coroutine/ring/slot_reader.hpp"

namespace triptych::coroutine::ring {

// Numbers that are unique in a recording.
struct Serials {
  std::uint32_t& space;
  std::uint32_t& function;
};

// One drain cycle.
struct Cycle {
  const Threads& threads;
  const Clock& clock;
  model::TimeNs from_ns;     // no event is earlier,
  model::TimeNs to_ns;       // and none is later
  std::uint64_t latest_tsc;  // read after the heads: what is later was not stamped by a clock
  model::TimeNs latest_ns;
  Serials serials;
  const Sink& sink;
};

class Source {
 public:
  Source(Memory memory, model::Tid process, bool from_start);

  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] model::Tid process() const { return process_; }

  // Of a program that runs already.
  Result<void> arm(const Anchor& now) { return arming_.begin(memory_, now); }
  void keep_armed(const Anchor& now);
  void disarm(const Anchor& now) { arming_.end(memory_, now); }

  // Looks how far the rings are. `elapsed_ns`: since the last time.
  void look(std::uint64_t elapsed_ns, const Threads& threads);

  // The next event of all rings that is of this cycle's time; `next_ns` says when. False: none.
  bool next(const Cycle& cycle, model::TimeNs& next_ns);
  // Writes it, and what belongs before it.
  Result<void> write(const Cycle& cycle);
  // What has no place in time: names that were not ready, events of threads without a ring.
  Result<void> end_cycle(const Cycle& cycle);

  Result<void> write_totals(const Clock& clock, model::TimeNs ts_ns, Serials serials,
                            const Sink& sink);

  // All of its processes had ended before the last look: this cycle has their last events.
  [[nodiscard]] bool ended() const { return ended_; }
  // Bytes of the fullest ring since the last look.
  [[nodiscard]] std::uint64_t fullest_bytes() const { return fullest_bytes_; }

 private:
  // Who writes into a slot.
  struct Owner {
    model::TaskId task{};
    std::uint32_t space = 0;
    bool known = false;
    model::TimeNs sought_ns = 0;  // in the cycle of this moment: not to be sought again in it
  };
  struct Ring {
    Ring(const Memory& memory, std::uint32_t slot, std::uint64_t position)
        : reader(memory, slot, position) {}
    SlotReader reader;
    std::uint32_t tid = 0;  // that it was told by the program; 0: not known
    Owner owner;
    model::TimeNs last_ns = 0;  // of its last event
    model::TimeNs next_ns = 0;  // of the event that waits
    bool waiting = false;       // there is one
    bool damage_told = false;
    bool clamped = false;  // whose time had to be changed
  };
  struct Space {
    model::Tid tgid = 0;
    std::uint32_t number = 0;
  };

  void find_next(Ring& ring, const Cycle& cycle);
  bool time_of(Ring& ring, const triptych_coro_event& event, const Cycle& cycle);
  Result<void> meet_owner(Ring& ring, const Cycle& cycle);
  static Result<void> write_lost(const Ring& ring, std::uint64_t count, std::uint32_t reason,
                                 const Cycle& cycle);
  // Of any of its threads.
  Result<void> write_lost_of_all(std::uint64_t count, std::uint32_t reason, const Cycle& cycle);
  Result<std::uint32_t> space_of(model::Tid tgid, model::TimeNs ts_ns, const Cycle& cycle);
  [[nodiscard]] bool all_ended(const Threads& threads) const;
  Result<std::uint32_t> number_of(std::uint32_t function, model::TimeNs ts_ns, Serials serials,
                                  const Sink& sink);
  void reclaim(Ring& ring, const Threads& threads);

  Memory memory_;
  Arming arming_;
  bool lapsed_ = false;  // it was disarmed since the last cycle
  model::Tid process_;
  bool from_start_;
  bool ended_ = false;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<std::uint32_t> heap_;  // rings with an event that waits, the earliest on top
  bool sorted_ = false;              // the heap is of this cycle
  std::vector<Space> spaces_;
  std::vector<std::uint32_t> numbers_;      // of functions; 0: none yet
  std::vector<std::uint32_t> unnamed_;      // functions whose name was not ready
  std::vector<triptych_coro_totals> base_;  // what there was before
  std::uint64_t no_slot_seen_ = 0;
  std::uint64_t fullest_bytes_ = 0;
};

}  // namespace triptych::coroutine::ring
