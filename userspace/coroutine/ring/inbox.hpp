// SPDX-License-Identifier: Apache-2.0
//
// Where programs that we start hand over their recorder's memory the moment it is made: an abstract
// datagram socket with a name that nobody can guess. A memory that lies in it outlives its program.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "model/ids.hpp"

namespace triptych::coroutine::ring {

class Inbox {
 public:
  static Result<Inbox> open();

  struct Letter {
    UniqueFd memory;
    model::Tid sender = 0;  // its process, by the kernel's word
  };
  // The next one that waits; does not block.
  std::optional<Letter> take();

  [[nodiscard]] int fd() const { return socket_.get(); }  // readable when one waits
  // What TRIPTYCH_CORO_ENVIRONMENT has to say.
  [[nodiscard]] std::string environment(std::uint64_t ring_bytes) const;

 private:
  Inbox() = default;
  UniqueFd socket_;
  std::string name_;
};

}  // namespace triptych::coroutine::ring
