// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/event_loop.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <ctime>

namespace triptych::workloads::io {

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Result<EventLoop> EventLoop::create() {
  EventLoop loop;
  loop.epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_) return fail_errno("cannot make an epoll instance", errno);
  return loop;
}

int EventLoop::watch(int descriptor, std::uint32_t token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = token;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int EventLoop::wait(std::vector<std::uint32_t>* fired) {
  constexpr int kAtOnce = 256;
  epoll_event events[kAtOnce];
  fired->clear();
  while (fired->empty()) {
    timespec timeout{};
    if (!timers_.empty()) {
      const std::uint64_t now = now_ns();
      const std::uint64_t left = timers_.top().first > now ? timers_.top().first - now : 0;
      timeout.tv_sec = static_cast<time_t>(left / 1'000'000'000);
      timeout.tv_nsec = static_cast<long>(left % 1'000'000'000);
    }
    ++sleeps_;
    const int count = ::epoll_pwait2(epoll_.get(), events, kAtOnce,
                                     timers_.empty() ? nullptr : &timeout, nullptr);
    if (count < 0 && errno != EINTR) return errno;
    for (int i = 0; i < count; ++i) fired->push_back(events[i].data.u32);
    if (timers_.empty()) continue;
    for (const std::uint64_t now = now_ns(); !timers_.empty() && timers_.top().first <= now;
         timers_.pop()) {
      fired->push_back(timers_.top().second);
    }
  }
  return 0;
}

}  // namespace triptych::workloads::io
