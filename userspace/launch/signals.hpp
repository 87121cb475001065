// SPDX-License-Identifier: Apache-2.0
//
// The signals that end a recording, taken as data: SIGINT, SIGTERM, SIGQUIT and SIGHUP arrive at a
// descriptor. SIGPIPE and SIGXFSZ are ignored, so that a closed terminal or a file limit shows as a
// failed write. What we inherited is kept for the command that we start.
#pragma once

#include <signal.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "launch/group_witness.hpp"

namespace triptych::launch {

struct Signal {
  int number = 0;
  // Our whole process group got it: a key of the terminal, or kill(2) with the group's number.
  // Without watch_group() only keys are known as such.
  bool to_group = false;
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

  // From now on signals to the group are told from those to us alone.
  void watch_group() { witness_.start(); }

  [[nodiscard]] int fd() const { return fd_.get(); }  // readable when next() has one
  [[nodiscard]] std::optional<Signal> next();

  // In a forked child: everything as we inherited it. Async-signal-safe.
  void restore() const;

 private:
  Signals() = default;
  static constexpr std::array<int, 2> kIgnored = {SIGPIPE, SIGXFSZ};

  UniqueFd fd_;
  std::uint64_t taken_ = 0;  // as bits
  // Of taken_: came to the group, and next() has yet to come to it.
  std::uint64_t group_pending_ = 0;
  GroupWitness witness_;
  bool active_ = false;
  sigset_t mask_{};  // as inherited
  std::array<struct sigaction, kIgnored.size()> ignored_{};
};

}  // namespace triptych::launch
