// SPDX-License-Identifier: Apache-2.0
#include "workloads/switch/ring.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>

#include "workloads/support/thread_usage.hpp"

namespace triptych::workloads::switching {

// On a cache line of its own, and not on its neighbour's prefetched one.
struct alignas(128) RingPlace {
  std::atomic<std::uint32_t> full{0};
  std::atomic<Baton> baton{0};
  Usage usage;  // written by the unit for kCount
};

Result<std::unique_ptr<Ring>> Ring::create(unsigned units, std::string_view through,
                                           Sharing sharing) {
  std::unique_ptr<Ring> ring(new Ring);
  ring->units_ = units;
  ring->sharing_ = sharing;
  TRIPTYCH_TRY_ASSIGN(ring->places_, Mapping::shared(units * sizeof(RingPlace)));
  for (unsigned unit = 0; unit < units; ++unit) new (&ring->place(unit)) RingPlace;
  if (through == "futex") return ring;
  for (unsigned unit = 0; unit < units; ++unit) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
    ring->pipes_.push_back({UniqueFd(ends[0]), UniqueFd(ends[1])});
  }
  return ring;
}

Ring::~Ring() = default;

RingPlace& Ring::place(unsigned unit) const {
  return static_cast<RingPlace*>(static_cast<void*>(places_.data()))[unit];
}

void Ring::give(unsigned unit, Baton baton) {
  if (!pipes_.empty()) {
    // Smaller than PIPE_BUF, into a pipe that is all but empty: whole, and at once.
    while (::write(pipes_[unit].write_end.get(), &baton, sizeof(baton)) < 0 && errno == EINTR) {
    }
    return;
  }
  RingPlace& target = place(unit);
  target.baton.store(baton, std::memory_order_relaxed);
  target.full.store(1, std::memory_order_release);
  futex_wake(&target.full, 1, sharing_);
}

void Ring::abandon() {
  broken_.store(true);
  give(0, kBroken);  // for unit 0 to wake up
}

Baton Ring::take(unsigned unit) {
  if (unit != 0) return wait_for_baton(unit);
  if (broken_.load()) return kBroken;  // its baton was taken already
  const Baton baton = wait_for_baton(unit);
  return broken_.load() ? kBroken : baton;
}

Baton Ring::wait_for_baton(unsigned unit) {
  if (!pipes_.empty()) {
    Baton baton = kStop;
    while (::read(pipes_[unit].read_end.get(), &baton, sizeof(baton)) < 0 && errno == EINTR) {
    }
    return baton;
  }
  RingPlace& own = place(unit);
  while (own.full.load(std::memory_order_acquire) == 0) futex_wait(&own.full, 0, sharing_);
  own.full.store(0, std::memory_order_relaxed);
  return own.baton.load(std::memory_order_relaxed);
}

void Ring::serve(unsigned unit, WorkingSet* set) {
  const unsigned next = (unit + 1) % units_;
  while (true) {
    const Baton baton = take(unit);
    if (baton == kStop) return;
    if (baton == kCount) {
      place(unit).usage = usage_of_this_thread();
      give(0, 0);
      continue;
    }
    set->use();
    if (baton > 0) {
      give(next, baton - 1);
    } else {
      give(0, 0);
    }
  }
}

bool Ring::lead(std::uint64_t handovers, WorkingSet* set) {
  if (handovers == 0) return true;
  // The first is to the unit from which the last comes out here. From this one it would take a
  // handover to itself; the unit that is last then adds one.
  const auto first = static_cast<unsigned>((units_ - (handovers - 1) % units_) % units_);
  give(first == 0 ? 1 : first, handovers - 1);
  while (true) {
    const Baton baton = take(0);
    if (baton == kBroken) return false;
    set->use();
    if (baton == 0) return true;
    give(1, baton - 1);
  }
}

Usage Ring::usage_of_others() {
  Usage sum;
  for (unsigned unit = 1; unit < units_; ++unit) {
    give(unit, kCount);
    if (take(0) == kBroken) return sum;
    sum += place(unit).usage;
  }
  return sum;
}

}  // namespace triptych::workloads::switching
