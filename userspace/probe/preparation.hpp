// SPDX-License-Identifier: Apache-2.0
//
// What a session is made of besides its programs, made in a thread of its own while the caller
// finds out what the kernel allows and loads the programs: clearing the rings' pages and waiting
// for the kernel's grace periods takes as long as that.
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
  struct Parts {
    Rings rings;
    UniqueFd first_counter;  // while it is open, further counting events are quick to open
  };

  // Begins. To be called after the last fork.
  static Result<Preparation> start(const Options& options);

  // What the programs are to be loaded with as their map `rings`; it is filled meanwhile.
  [[nodiscard]] int array_of_rings() const { return array_of_rings_.get(); }

  // Once.
  Result<Parts> finish() { return parts_.get(); }

 private:
  UniqueFd array_of_rings_;
  std::future<Result<Parts>> parts_;
};

}  // namespace triptych::probe
