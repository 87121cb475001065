// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::workloads::io {

// CLOCK_MONOTONIC.
std::uint64_t now_ns();

// Timers and readable descriptors of one kernel task, in one sleep. A token is the caller's name
// for what it waits for.
class EventLoop {
 public:
  static Result<EventLoop> create();

  // Fires whenever the descriptor can be read, until it is closed. 0 or an errno.
  int watch(int descriptor, std::uint32_t token);
  // Fires once, at that time of now_ns() or a little later.
  void wake_at(std::uint64_t time_ns, std::uint32_t token) { timers_.emplace(time_ns, token); }

  // Sleeps until something fires; the tokens replace what is in *fired. 0 or an errno.
  int wait(std::vector<std::uint32_t>* fired);

  // Calls of epoll_pwait2.
  [[nodiscard]] std::uint64_t sleeps() const { return sleeps_; }

 private:
  using Timer = std::pair<std::uint64_t, std::uint32_t>;

  UniqueFd epoll_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t sleeps_ = 0;
};

}  // namespace triptych::workloads::io
