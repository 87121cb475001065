// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/echo_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "workloads/io/event_loop.hpp"
#include "workloads/support/child.hpp"

namespace triptych::workloads::io {
namespace {

constexpr std::uint64_t kQuestion = 0x3f3f3f3f3f3f3f3f;

int serve(const std::vector<UniqueFd>& sockets, std::uint64_t delay_ns) {
  Result<EventLoop> loop = EventLoop::create();
  if (!loop) return 1;
  // A socket's number is its question's token; that plus the number of sockets, its answer's.
  const auto count = static_cast<std::uint32_t>(sockets.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    if (loop->watch(sockets[i].get(), i) != 0) return 1;
  }
  std::vector<std::uint32_t> fired;
  while (loop->wait(&fired) == 0) {
    const std::uint64_t answer_at = now_ns() + delay_ns;
    for (const std::uint32_t token : fired) {
      if (token >= count) {
        if (ask(sockets[token - count].get()) != 0) return 1;
        continue;
      }
      if (take_answer(sockets[token].get()) != 0) return 1;
      if (delay_ns > 0) {
        loop->wake_at(answer_at, token + count);
      } else if (ask(sockets[token].get()) != 0) {
        return 1;
      }
    }
  }
  return 1;
}

}  // namespace

Result<std::shared_ptr<EchoServer>> EchoServer::start(unsigned units, std::uint64_t delay_ns) {
  std::shared_ptr<EchoServer> server(new EchoServer);
  std::vector<UniqueFd> far_ends;
  for (unsigned unit = 0; unit < units; ++unit) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return fail_errno("cannot make a pair of sockets", errno);
    }
    server->sockets_.emplace_back(ends[0]);
    far_ends.emplace_back(ends[1]);
  }
  server->owner_ = ::getpid();
  TRIPTYCH_TRY_ASSIGN(server->server_, start_child([&far_ends, delay_ns, &server] {
                        server->sockets_.clear();
                        return serve(far_ends, delay_ns);
                      }));
  return server;
}

EchoServer::~EchoServer() {
  if (server_ == 0 || owner_ != ::getpid()) return;
  ::kill(server_, SIGKILL);
  reap(server_);
}

int ask(int socket) {
  while (::send(socket, &kQuestion, sizeof(kQuestion), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int take_answer(int socket) {
  std::uint64_t answer = 0;
  ssize_t count = 0;
  do {
    count = ::recv(socket, &answer, sizeof(answer), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno;
  return count == sizeof(answer) && answer == kQuestion ? 0 : EPIPE;
}

}  // namespace triptych::workloads::io
