// SPDX-License-Identifier: Apache-2.0
//
// The programs that are hit in the targets' own code, and what they and the loader tell each other:
// which place means what, how functions are called, where coroutines return to, what it has cost.
#pragma once

#include <cstdint>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/config.h"
#include "abi/coroutines.h"
#include "abi/python.h"
#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/attach_plan.hpp"
#include "probe/skeleton_owner.hpp"
#include "probe/user_probes.hpp"

namespace triptych::probe {

class CoroutinePrograms {
 public:
  // `skeleton` outlives this.
  explicit CoroutinePrograms(triptych_bpf* skeleton) : skeleton_(skeleton) {}

  // Before the skeleton is loaded: the maps of those programs that are not are not made either.
  void prepare(UserProbeWay way);

  // Of a plan without any of them: these are loaded now, beside what runs.
  Result<void> load(const std::vector<std::string>& programs, UserProbeWay way);
  [[nodiscard]] bool loaded() const;  // any of them

  // Places of the file that `file` is open on; the program must be loaded. May be called for
  // several files, and several times for one, before and after the gate has opened. An error where
  // there are too many of them for the way.
  Result<void> attach(std::string_view program, int file, std::span<const UserProbe> probes);
  // What triptych_coroutine_site::function says of this one; 0: there is no room for more.
  std::uint32_t add_function(std::string_view name, std::uint64_t address);
  [[nodiscard]] std::uint32_t functions() const { return functions_; }
  // What the objects of the Python look like whose probed file has this number in its sites.
  Result<void> add_python(std::uint32_t file, const triptych_python_layout& layout);
  // A context that is made with the function at this address of the file is called as add_function
  // has numbered it; 0: it is what chooses the next one.
  void add_context_entry(std::uint32_t file, std::uint64_t address, std::uint32_t function);
  void set_context_layout(const triptych_context_layout& layout);
  void set_context_loop(const triptych_context_loop& loop);
  [[nodiscard]] std::uint32_t places() const { return places_; }  // ever attached
  // All. One by one they go in the background; the destructor waits for it.
  void detach();

  // Where coroutines return to that nobody has settled yet.
  std::vector<triptych_cpp_return> take_new_returns();
  void settle_return(const triptych_cpp_return& place, std::uint32_t state);

  struct Cost {
    std::uint64_t hits = 0;
    std::uint64_t ns = 0;  // as the places' instructions make one expect
  };
  [[nodiscard]] Cost cost() const;

  // Of losses that no record has told: told now. The gate is closed.
  [[nodiscard]] std::vector<triptych_coroutine_lost> last_losses() const;

 private:
  [[nodiscard]] std::vector<triptych_coroutine_cpu_state> cpu_states() const;

  triptych_bpf* skeleton_;
  SkeletonOwner beside_;  // what load() has loaded
  UserProbeWay way_ = UserProbeWay::kTogether;
  std::vector<UniqueFd> links_;
  std::future<void> leaving_;
  std::uint32_t places_ = 0;
  std::uint32_t functions_ = 0;
  std::uint64_t returns_seen_ = 0;
};

}  // namespace triptych::probe
