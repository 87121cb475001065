// SPDX-License-Identifier: Apache-2.0
//
// How processes and threads hand control round: each unit waits at a place of its own until
// somebody gives it the baton.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"
#include "workloads/support/futex.hpp"
#include "workloads/switch/switch.hpp"

namespace triptych::workloads::switching {

// How many handovers are to follow, or a word to the unit.
using Baton = std::uint64_t;
inline constexpr Baton kStop = ~Baton{0};        // end
inline constexpr Baton kCount = ~Baton{0} - 1;   // write down your usage, then the baton to unit 0
inline constexpr Baton kBroken = ~Baton{0} - 2;  // to unit 0: a unit has died

struct RingPlace;

class Ring {
 public:
  // "futex" or "pipe"; processes must be forked after this.
  static Result<std::unique_ptr<Ring>> create(unsigned units, std::string_view through,
                                              Sharing sharing);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  void give(unsigned unit, Baton baton);
  Baton take(unsigned unit);  // waits for it
  // A unit has died: from now on unit 0 takes kBroken. May be called by a signal handler.
  void abandon();

  // The life of a unit other than 0: until kStop.
  void serve(unsigned unit, WorkingSet* set);
  // The part of unit 0: `handovers` of them, until control is back here. False: a unit has died.
  bool lead(std::uint64_t handovers, WorkingSet* set);
  // Of the units other than 0, since each was started, as getrusage of the unit has it.
  Usage usage_of_others();

  [[nodiscard]] unsigned units() const { return units_; }

 private:
  struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
  };
  Ring() = default;
  RingPlace& place(unsigned unit) const;
  Baton wait_for_baton(unsigned unit);

  unsigned units_ = 0;
  Sharing sharing_ = Sharing::kThreads;
  Mapping places_;
  std::vector<Pipe> pipes_;  // one for each unit, or none
  // Kept apart from the baton at unit 0's place, over which a unit that lives may lay its own.
  std::atomic<bool> broken_{false};
};

}  // namespace triptych::workloads::switching
