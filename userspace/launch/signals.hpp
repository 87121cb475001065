// SPDX-License-Identifier: Apache-2.0
//
// The signals that end a recording, taken as data: SIGINT, SIGTERM, SIGQUIT and SIGHUP arrive at a
// descriptor. SIGPIPE and SIGXFSZ are ignored, so that a closed terminal or a file limit shows as a
// failed write. What we inherited is kept for the command that we start.
#pragma once

#include <signal.h>

#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::launch {

struct Signal {
  int number = 0;
  // Sent by the kernel, as for a key: every process of the terminal's foreground group got it.
  // Otherwise somebody sent it to us alone, as far as can be known.
  bool from_terminal = false;
};

class Signals {
 public:
  // One at a time in a process. SIGHUP stays ignored if it was (nohup).
  static Result<Signals> take_over();

  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // gives everything back

  [[nodiscard]] int fd() const { return fd_.get(); }  // readable when next() has one
  [[nodiscard]] std::optional<Signal> next();

  // In a forked child: everything as we inherited it. Async-signal-safe.
  void restore() const;

 private:
  Signals() = default;
  static constexpr std::array<int, 2> kIgnored = {SIGPIPE, SIGXFSZ};

  UniqueFd fd_;
  bool active_ = false;
  sigset_t mask_{};  // as inherited
  std::array<struct sigaction, kIgnored.size()> ignored_{};
};

}  // namespace triptych::launch
