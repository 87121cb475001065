// SPDX-License-Identifier: Apache-2.0
//
// A child of ours that may do nothing but answer: what is asked of it may end it, keep it busy for
// ever or make it lie, and we go on. It is forked, so this process must have one thread when it
// starts; it is never started again.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "coroutine/reader/confinement.hpp"

namespace triptych::coroutine::reader {

class ConfinedChild {
 public:
  // `serve` answers in the child, by the messages of channel.hpp; when it returns, the child ends.
  static Result<ConfinedChild> start(const Rights& rights,
                                     const std::function<void(int socket)>& serve);

  ConfinedChild(ConfinedChild&& other) noexcept;
  ConfinedChild& operator=(ConfinedChild&&) = delete;
  ConfinedChild(const ConfinedChild&) = delete;
  ConfinedChild& operator=(const ConfinedChild&) = delete;
  ~ConfinedChild() { end(); }

  // An error that says how it failed; it has ended then, and so will all that is asked later.
  // `file` goes along; -1: none.
  Result<std::vector<std::byte>> ask(std::span<const std::byte> request, int file,
                                     std::uint64_t patience_ns);
  // Takes it away, as who answers nonsense deserves.
  void end();

  // These may be asked of by any thread, while another one waits for an answer.
  void kill() const;
  [[nodiscard]] bool runs() const;
  [[nodiscard]] std::uint64_t cpu_ns() const;  // that it used; 0 when it has been taken away

 private:
  ConfinedChild(pid_t tgid, UniqueFd pidfd, UniqueFd socket)
      : tgid_(tgid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}

  pid_t tgid_;
  UniqueFd pidfd_;
  UniqueFd socket_;  // none: it has ended
};

}  // namespace triptych::coroutine::reader
