// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "base/unique_fd.hpp"
#include "workloads/io/io.hpp"

namespace triptych::workloads::io {

// A process that answers each question a delay after it was asked; a socket for each unit.
class EchoServer {
 public:
  static Result<std::shared_ptr<EchoServer>> start(unsigned units, std::uint64_t delay_ns);
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer();

  [[nodiscard]] int socket(unsigned unit) const { return sockets_[unit].get(); }

 private:
  EchoServer() = default;

  pid_t owner_ = 0;
  pid_t server_ = 0;
  std::vector<UniqueFd> sockets_;
};

// Sends a question, and takes the answer when there is one or, on a blocking socket, waits for it.
// 0 or an errno.
int ask(int socket);
int take_answer(int socket);

}  // namespace triptych::workloads::io
