// SPDX-License-Identifier: Apache-2.0
//
// What a recording says while it runs, on standard error: whole lines, and on a terminal one line
// of progress that is rewritten in place. Never fails: a recording is not lost for a closed
// terminal.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace triptych::record {

struct Progress {
  std::uint64_t elapsed_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
};

std::string format_progress(const Progress& progress);

class Console {
 public:
  Console();
  ~Console();  // removes the line of progress
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // "triptych: `text`" on a line of its own.
  void say(std::string_view text);

  // At most once a second, only on a terminal, and only while the terminal is ours to write on: in
  // the foreground and not taken over by a full-screen program or a question for a password.
  void show(std::uint64_t now_ns, const std::function<Progress()>& progress);
  [[nodiscard]] bool shows_progress() const { return terminal_; }

 private:
  void clear();

  bool terminal_;
  bool line_open_ = false;
  std::uint64_t last_ns_ = 0;
};

}  // namespace triptych::record
