// SPDX-License-Identifier: Apache-2.0
//
// A server and its clients on one event loop, with Debian's asio; one session sleeps where it must
// not.
//
//     asio_server        from beginning to end
//     asio_server wait   half way every client says nothing more, until a line comes on the
//     standard
//                        input; "ready" is printed when all of them have got there
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstdio>

namespace {

constexpr int kClients = 10, kMessages = 20, kBefore = 5;

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void look_up_in_a_slow_way() {
  const double begin = now();
  ::poll(nullptr, 0, 200);
  std::printf("slept %.9f\n", now() - begin);
}

}  // namespace

using asio::ip::tcp;

asio::awaitable<void> session(tcp::socket socket, int number) {
  char byte = 0;
  for (int i = 0; i < kMessages; ++i) {
    co_await asio::async_read(socket, asio::buffer(&byte, 1), asio::use_awaitable);
    if (number == 3 && i == 7) look_up_in_a_slow_way();
    co_await asio::async_write(socket, asio::buffer(&byte, 1), asio::use_awaitable);
  }
}

asio::awaitable<void> listener(tcp::acceptor& acceptor) {
  for (int i = 0; i < kClients; ++i) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), session(std::move(socket), i), asio::detached);
  }
}

// Where clients wait; cancelled, it lets them through.
struct Gate {
  asio::steady_timer timer;
  int waiting = 0;
};

asio::awaitable<void> open_at_a_line(Gate& gate) {
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor, ::dup(STDIN_FILENO));
  char byte = 0;
  co_await asio::async_read(input, asio::buffer(&byte, 1), asio::use_awaitable);
  gate.timer.cancel();
}

asio::awaitable<void> pass(Gate& gate) {
  if (++gate.waiting == kClients) {
    std::puts("ready");
    std::fflush(stdout);
    asio::co_spawn(gate.timer.get_executor(), open_at_a_line(gate), asio::detached);
  }
  asio::error_code cancelled;
  co_await gate.timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<void> client(tcp::endpoint server, Gate* gate) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  char byte = 'x';
  for (int i = 0; i < kMessages; ++i) {
    if (i == kBefore && gate != nullptr) co_await pass(*gate);
    co_await asio::async_write(socket, asio::buffer(&byte, 1), asio::use_awaitable);
    co_await asio::async_read(socket, asio::buffer(&byte, 1), asio::use_awaitable);
  }
}

int main(int argc, char** /*argv*/) {
  asio::io_context loop(1);
  Gate gate{asio::steady_timer(loop, asio::steady_timer::time_point::max())};
  const bool waits = argc > 1;
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(loop, listener(acceptor), asio::detached);
  for (int i = 0; i < kClients; ++i) {
    asio::co_spawn(loop, client(acceptor.local_endpoint(), waits ? &gate : nullptr),
                   asio::detached);
  }
  loop.run();
}
