// SPDX-License-Identifier: Apache-2.0
//
// What a session is made of besides its programs, made in threads of its own while the caller finds
// out what the kernel allows and loads the programs: clearing the rings' pages, and waiting until
// the kernel has patched its scheduler, take as long as that.
#pragma once

#include <cstdint>
#include <future>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/rings.hpp"

namespace triptych::probe {

class Preparation {
 public:
  struct Options {
    std::uint64_t buffer_bytes = 64ull << 20;  // of all CPUs together
    bool count_faults = false;                 // AttachPlan::count_faults may turn out true
  };

  // Begins. To be called after the last fork.
  static Preparation start(const Options& options);

  // Each waits until it is there; to be called once.
  Result<Rings> rings() { return rings_.get(); }
  // While it is open, further counting events are quick to open. None if faults are not counted, or
  // if it was refused: so will they be, and say so.
  UniqueFd first_counter() { return first_counter_.valid() ? first_counter_.get() : UniqueFd(); }

 private:
  std::future<Result<Rings>> rings_;
  std::future<UniqueFd> first_counter_;
};

}  // namespace triptych::probe
