// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace triptych::probe {

// Keeps the descriptors `fds` open a little longer, in a process of their own that nobody has to
// wait for: closing the last one of a system call's tracepoint takes the kernel up to 80 ms, one
// after the other, while the programs behind them do nothing any more. Owns the process; its caller
// still owns and closes `fds`, which is then quick. Without that process, closing is merely slow.
class BackgroundDetach {
 public:
  explicit BackgroundDetach(std::vector<int> fds);
  BackgroundDetach(const BackgroundDetach&) = delete;
  BackgroundDetach& operator=(const BackgroundDetach&) = delete;
  ~BackgroundDetach();  // lets that process end

 private:
  int release_ = -1;  // write end of the pipe that it waits on
};

}  // namespace triptych::probe
