// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/arming.hpp"

namespace triptych::coroutine::ring {
namespace {

// In the program's own unit of time.
std::uint64_t stamp_of(const Memory& memory, const Anchor& now) {
  return memory.uses_tsc() ? now.tsc : now.ns;
}

}  // namespace

Result<void> Arming::begin(const Memory& memory, const Anchor& now) {
  const std::uint32_t before = memory.armed();
  shared_ = shared_ || before != 0;
  // A number that differs from the last one: threads begin anew.
  number_ = before + 1 == 0 ? 1 : before + 1;
  // In this order: armed and with nobody to answer for it, the program would disarm itself at once.
  TRIPTYCH_TRY(memory.answer_until(stamp_of(memory, now) + triptych_coro_lease(memory.clock())));
  return memory.arm(number_);
}

bool Arming::keep(const Memory& memory, const Anchor& now) {
  if (ended_) return true;
  const std::uint32_t armed = memory.armed();
  if (armed == 0) {
    if (number_ == 0) return true;
    // Where it cannot be done, it is tried again the next time.
    if (!begin(memory, now)) number_ = 1;
    return false;
  }
  shared_ = shared_ || (number_ != 0 && armed != number_);
  number_ = armed;
  const std::uint64_t lease = triptych_coro_lease(memory.clock());
  const std::uint64_t until = stamp_of(memory, now) + lease;
  // A system call: not each time. Where it fails, the program disarms itself, which is then seen.
  if (until - memory.armed_until() > lease / 4) static_cast<void>(memory.answer_until(until));
  return true;
}

void Arming::end(const Memory& memory, const Anchor& now) {
  ended_ = true;
  const std::uint64_t soon = triptych_coro_lease(memory.clock()) / TRIPTYCH_CORO_PARTING;
  // Where it cannot be done, the program disarms itself later.
  const Result<void> done =
      shared_ ? memory.answer_until(stamp_of(memory, now) + soon) : memory.arm(0);
  static_cast<void>(done);
}

}  // namespace triptych::coroutine::ring
