// SPDX-License-Identifier: Apache-2.0
#include "compare/refresh_service.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "workloads/support/stat_refresh.hpp"

namespace triptych::compare {

Result<RefreshService> RefreshService::open() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("cannot make a pair of sockets", errno);
  }
  RefreshService service;
  service.answering_.reset(ends[0]);
  service.asking_.reset(ends[1]);
  return service;
}

std::string RefreshService::variable() const {
  return fmt::format("{}={}", workloads::kRefreshVariable, asking_.get());
}

bool RefreshService::hand_over() const {
  return ::fcntl(asking_.get(), F_SETFD, 0) == 0;
}

void RefreshService::answer() {
  char question = 0;
  const ssize_t count = ::recv(answering_.get(), &question, 1, MSG_DONTWAIT);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count != 1 || question != workloads::kAskForRefresh) {
    answering_.reset();
    return;
  }
  const char answer =
      workloads::refresh_statistics() ? workloads::kRefreshed : workloads::kNotRefreshed;
  if (::send(answering_.get(), &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) answering_.reset();
}

}  // namespace triptych::compare
