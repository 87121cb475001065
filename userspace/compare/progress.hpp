// SPDX-License-Identifier: Apache-2.0
//
// How far a comparison is: one line on standard error, rewritten in place, and only on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace triptych::compare {

// "compare: measuring create process fork, 43 %, 31 s left"
std::string progress_line(std::string_view what, std::uint64_t done_ns, std::uint64_t left_ns);

class Progress {
 public:
  Progress();
  ~Progress();  // removes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // At most ten times a second. `left_ns` is an estimate.
  void show(std::string_view what, std::uint64_t left_ns);

 private:
  bool terminal_;
  bool shown_ = false;
  std::uint64_t start_ns_;
  std::uint64_t last_ns_ = 0;
};

}  // namespace triptych::compare
