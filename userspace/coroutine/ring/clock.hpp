// SPDX-License-Identifier: Apache-2.0
//
// From a program's time stamps to CLOCK_MONOTONIC: two readings of both clocks, one at each end of
// what is being converted. The readings are ours, never the program's.
#pragma once

#include <cstdint>

#include "model/ids.hpp"

namespace triptych::coroutine::ring {

struct Anchor {
  std::uint64_t tsc = 0;
  model::TimeNs ns = 0;
};

// Both clocks at one moment: the closest of a few tries, some tens of ns apart.
Anchor read_anchor();

class Clock {
 public:
  explicit Clock(Anchor start) : first_(start), from_(start), to_(start) {}

  // What was `to` becomes `from`.
  void advance(Anchor to);

  [[nodiscard]] const Anchor& from() const { return from_; }
  [[nodiscard]] const Anchor& to() const { return to_; }

  // Stamps between the two; linear beyond.
  [[nodiscard]] model::TimeNs ns_of(std::uint64_t tsc) const;
  // A length of time, by the mean rate of the whole recording.
  [[nodiscard]] std::uint64_t duration_ns(std::uint64_t ticks) const;

 private:
  Anchor first_;
  Anchor from_;
  Anchor to_;
};

}  // namespace triptych::coroutine::ring
