// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/stat_refresh.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/unique_fd.hpp"

namespace triptych::workloads {
namespace {

constexpr int kPatienceMs = 2000;

int inherited_socket() {
  const char* const text = std::getenv(kRefreshVariable);
  if (text == nullptr) return -1;
  int descriptor = -1;
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, descriptor);
  return parsed.ec == std::errc() && parsed.ptr == end ? descriptor : -1;
}

}  // namespace

bool refresh_statistics() {
  const UniqueFd file(::open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), "1", 1) == 1;
}

Refresh have_statistics_refreshed() {
  if (refresh_statistics()) return Refresh::kOwn;
  const int socket = inherited_socket();
  // What is no socket takes no message.
  if (socket < 0 || ::send(socket, &kAskForRefresh, 1, MSG_NOSIGNAL) != 1) return Refresh::kNone;
  pollfd answered{socket, POLLIN, 0};
  char answer = kNotRefreshed;
  if (::poll(&answered, 1, kPatienceMs) != 1 || ::recv(socket, &answer, 1, MSG_DONTWAIT) != 1) {
    return Refresh::kNone;
  }
  return answer == kRefreshed ? Refresh::kAsked : Refresh::kNone;
}

}  // namespace triptych::workloads
