// SPDX-License-Identifier: Apache-2.0
//
// A process that does nothing but belong to our process group. A signal that somebody sends does
// not say whether it was for us alone or for the group; it was for the group if the witness has it
// too. It has it first: the kernel goes through a group from its youngest member on.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace triptych::launch {

class GroupWitness {
 public:
  GroupWitness() = default;  // none: it sees nothing
  GroupWitness(GroupWitness&& other) noexcept;
  GroupWitness& operator=(GroupWitness&&) = delete;
  ~GroupWitness();

  // Call it with the signals blocked that are to be seen. Without memory for a process it sees
  // nothing. It ends with us, however we end.
  void start();

  // The signals of `wanted` that came to the group since start() or the last call, as bits
  // (1 << (number - 1)).
  std::uint64_t take(std::uint64_t wanted);

 private:
  void stop();
  pid_t pid_ = -1;
};

}  // namespace triptych::launch
