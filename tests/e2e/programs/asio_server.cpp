// SPDX-License-Identifier: Apache-2.0
//
// A server and its clients on one event loop, with Debian's asio; one session sleeps where it must
// not.
#include <poll.h>
#include <time.h>

#include <asio.hpp>
#include <cstdio>

namespace {

constexpr int kClients = 10, kMessages = 20;

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

asio::awaitable<void> client(tcp::endpoint server) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  char byte = 'x';
  for (int i = 0; i < kMessages; ++i) {
    co_await asio::async_write(socket, asio::buffer(&byte, 1), asio::use_awaitable);
    co_await asio::async_read(socket, asio::buffer(&byte, 1), asio::use_awaitable);
  }
}

int main() {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(loop, listener(acceptor), asio::detached);
  for (int i = 0; i < kClients; ++i) {
    asio::co_spawn(loop, client(acceptor.local_endpoint()), asio::detached);
  }
  loop.run();
}
