// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.hpp"

namespace triptych::coroutine::reader {
namespace {

constexpr std::size_t kPiece = 64 << 10;

using Size = std::uint64_t;

Result<void> wait_for(int socket, short event, std::uint64_t deadline_ns) {
  pollfd ready{socket, event, 0};
  for (;;) {
    timespec left{};
    if (deadline_ns != kForEver) {
      const std::uint64_t now_ns = monotonic_ns();
      if (now_ns >= deadline_ns) return fail("its reader did not answer in time");
      left.tv_sec = static_cast<time_t>((deadline_ns - now_ns) / kNsPerSecond);
      left.tv_nsec = static_cast<long>((deadline_ns - now_ns) % kNsPerSecond);
    }
    const int polled = ::ppoll(&ready, 1, deadline_ns == kForEver ? nullptr : &left, nullptr);
    if (polled > 0) return {};
    if (polled < 0 && errno != EINTR) return fail_errno("wait for its reader", errno);
  }
}

bool may_come_later() {
  return errno == EINTR || errno == EAGAIN;
}

// The socket's end, too, is an error.
Result<std::size_t> receive_some(int socket, std::span<std::byte> bytes, UniqueFd* file,
                                 std::uint64_t deadline_ns) {
  for (;;) {
    TRIPTYCH_TRY(wait_for(socket, POLLIN, deadline_ns));
    iovec where{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &where;
    header.msg_iovlen = 1;
    if (file != nullptr) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
    }
    const ssize_t got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && may_come_later()) continue;
    if (got <= 0) return fail("its reader ended");
    const cmsghdr* came = file == nullptr ? nullptr : CMSG_FIRSTHDR(&header);
    if (came != nullptr && came->cmsg_level == SOL_SOCKET && came->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(came), sizeof fd);
      file->reset(fd);
    }
    return static_cast<std::size_t>(got);
  }
}

Result<void> receive_all(int socket, std::span<std::byte> bytes, UniqueFd* file,
                         std::uint64_t deadline_ns) {
  while (!bytes.empty()) {
    TRIPTYCH_TRY_ASSIGN(const std::size_t got, receive_some(socket, bytes, file, deadline_ns));
    bytes = bytes.subspan(got);
  }
  return {};
}

// A file goes along with the first bytes.
Result<void> send_all(int socket, std::span<const std::byte> bytes, int file,
                      std::uint64_t deadline_ns) {
  while (!bytes.empty()) {
    TRIPTYCH_TRY(wait_for(socket, POLLOUT, deadline_ns));
    iovec where{const_cast<std::byte*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &where;
    header.msg_iovlen = 1;
    if (file >= 0) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      cmsghdr* goes = CMSG_FIRSTHDR(&header);
      goes->cmsg_level = SOL_SOCKET;
      goes->cmsg_type = SCM_RIGHTS;
      goes->cmsg_len = CMSG_LEN(sizeof file);
      std::memcpy(CMSG_DATA(goes), &file, sizeof file);
    }
    const ssize_t sent = ::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && may_come_later()) continue;
    if (sent <= 0) return fail("its reader ended");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
    file = -1;
  }
  return {};
}

}  // namespace

Result<void> send_message(int socket, std::span<const std::byte> bytes, int file,
                          std::uint64_t deadline_ns) {
  const Size size = bytes.size();
  TRIPTYCH_TRY(send_all(socket, std::as_bytes(std::span(&size, 1)), file, deadline_ns));
  return send_all(socket, bytes, -1, deadline_ns);
}

Result<std::vector<std::byte>> receive_message(int socket, UniqueFd* file,
                                               std::uint64_t deadline_ns) {
  Size size = 0;
  TRIPTYCH_TRY(receive_all(socket, std::as_writable_bytes(std::span(&size, 1)), file, deadline_ns));
  if (size > kMostMessageBytes) return fail("its reader answered too much");
  std::vector<std::byte> bytes;
  while (bytes.size() < size) {
    const std::size_t begin = bytes.size();
    const auto piece = static_cast<std::size_t>(std::min<Size>(size - begin, kPiece));
    bytes.resize(begin + piece);
    TRIPTYCH_TRY(receive_all(socket, std::span(bytes).subspan(begin), file, deadline_ns));
  }
  return bytes;
}

}  // namespace triptych::coroutine::reader
