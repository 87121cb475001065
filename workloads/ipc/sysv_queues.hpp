// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::workloads::ipc {

// Two System V message queues. The kernel keeps such a queue until somebody removes it, also when
// all its users are dead, and removing it early takes it from its users. So the queues belong to a
// guardian, a child in a session of its own that no signal but SIGKILL reaches: it makes them,
// waits for the end of this process, and removes them.
class SysvQueues {
 public:
  static Result<std::shared_ptr<SysvQueues>> create();
  SysvQueues(const SysvQueues&) = delete;
  SysvQueues& operator=(const SysvQueues&) = delete;
  ~SysvQueues();  // removes the queues and waits until they are gone

  [[nodiscard]] int there() const { return there_; }
  [[nodiscard]] int back() const { return back_; }

 private:
  SysvQueues() = default;

  pid_t owner_ = 0;  // who may dismiss the guardian: not the children that inherit this object
  pid_t guardian_ = 0;
  UniqueFd life_;  // the guardian reads the other end
  int there_ = -1;
  int back_ = -1;
};

}  // namespace triptych::workloads::ipc
