// SPDX-License-Identifier: Apache-2.0
//
// Whether a program writes for us: as long as its memory is armed, and somebody has answered for
// that lately. When nobody does, because the recorder was killed or stands still, the program
// disarms itself. Other recordings of the same program may come and go meanwhile.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "coroutine/ring/clock.hpp"
#include "coroutine/ring/memory.hpp"

namespace triptych::coroutine::ring {

class Arming {
 public:
  // A program that runs already. One that was told of the recording arms itself.
  Result<void> begin(const Memory& memory, const Anchor& now);
  // Answers for it. False: it had been disarmed, by itself or by somebody else, and is armed again;
  // what happened meanwhile is lost.
  [[nodiscard]] bool keep(const Memory& memory, const Anchor& now);
  // Nobody else may be writing to it: it is disarmed. Otherwise it disarms itself if nobody answers
  // for it soon.
  void end(const Memory& memory, const Anchor& now);

 private:
  std::uint32_t number_ = 0;  // by which it is armed; 0: it has not been yet
  bool shared_ = false;       // another recording has been seen
  bool ended_ = false;
};

}  // namespace triptych::coroutine::ring
