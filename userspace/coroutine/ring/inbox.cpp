// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/inbox.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace triptych::coroutine::ring {
namespace {

constexpr const char* kTrouble = "cannot make the socket for coroutine recorders";

}  // namespace

Result<Inbox> Inbox::open() {
  std::uint64_t secret[2] = {};
  if (::getrandom(secret, sizeof secret, 0) != sizeof secret) return fail_errno(kTrouble, errno);
  Inbox inbox;
  inbox.name_ = fmt::format("triptych-{:016x}{:016x}", secret[0], secret[1]);
  inbox.socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!inbox.socket_) return fail_errno(kTrouble, errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  inbox.name_.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + inbox.name_.size());
  const int on = 1;
  if (::bind(inbox.socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::setsockopt(inbox.socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail_errno(kTrouble, errno);
  }
  return inbox;
}

std::optional<Inbox::Letter> Inbox::take() {
  for (;;) {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got = 0;
    do {
      got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return std::nullopt;
    Letter letter;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET) continue;
      if (part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(int))) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
        letter.memory.reset(fd);
      } else if (part->cmsg_type == SCM_CREDENTIALS) {
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
        letter.sender = sender.pid;
      }
    }
    if (letter.memory && letter.sender > 0) return letter;
  }
}

std::string Inbox::environment(std::uint64_t ring_bytes) const {
  return fmt::format("1:{}:{}", ring_bytes, name_);
}

}  // namespace triptych::coroutine::ring
