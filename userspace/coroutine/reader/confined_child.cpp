// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/confined_child.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/clock.hpp"
#include "base/pidfd.hpp"
#include "coroutine/reader/channel.hpp"

namespace triptych::coroutine::reader {

Result<ConfinedChild> ConfinedChild::start(const Rights& rights,
                                           const std::function<void(int socket)>& serve) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("cannot speak to a reader of programs", errno);
  }
  UniqueFd ours(ends[0]);
  UniqueFd its(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t tgid = ::fork();
  if (tgid < 0) return fail_errno("cannot start a reader of programs", errno);
  if (tgid == 0) {
    confine(rights, its.get(), parent);
    serve(its.get());
    ::_exit(0);
  }
  UniqueFd pidfd(pidfd_open(tgid));
  const int why = errno;
  ConfinedChild child(tgid, std::move(pidfd), std::move(ours));
  if (!child.pidfd_) return fail_errno("cannot watch a reader of programs", why);
  return child;
}

ConfinedChild::ConfinedChild(ConfinedChild&& other) noexcept
    : tgid_(std::exchange(other.tgid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      socket_(std::move(other.socket_)) {}

Result<std::vector<std::byte>> ConfinedChild::ask(std::span<const std::byte> request, int file,
                                                  std::uint64_t patience_ns) {
  if (!socket_) return fail("its reader ended");
  const std::uint64_t deadline_ns = monotonic_ns() + patience_ns;
  Result<void> asked = send_message(socket_.get(), request, file, deadline_ns);
  Result<std::vector<std::byte>> answer = asked
                                              ? receive_message(socket_.get(), nullptr, deadline_ns)
                                              : tl::unexpected<Error>(std::move(asked.error()));
  if (!answer) end();
  return answer;
}

// It is reaped in the destructor at the latest, so that until then its number is nobody else's.
void ConfinedChild::end() {
  if (!socket_) return;
  socket_.reset();
  ::kill(tgid_, SIGKILL);
  while (::waitpid(tgid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ConfinedChild::kill() const {
  pidfd_send_signal(pidfd_.get(), SIGKILL);
}

bool ConfinedChild::runs() const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

std::uint64_t ConfinedChild::cpu_ns() const {
  clockid_t clock{};
  timespec used{};
  if (!runs() || ::clock_getcpuclockid(tgid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return 0;
  }
  return static_cast<std::uint64_t>(used.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(used.tv_nsec);
}

}  // namespace triptych::coroutine::reader
