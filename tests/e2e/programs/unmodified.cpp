// SPDX-License-Identifier: Apache-2.0
//
// A program with C++20 coroutines of every sort, which knows nothing of triptych. It prints what it
// counted itself: a line for each function, "name eager created resumed finished destroyed
// awaited".
#include "unmodified.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

std::mutex lock;
std::condition_variable came;
std::deque<std::coroutine_handle<>> queue;

std::coroutine_handle<> next_ready() {
  const std::lock_guard guard(lock);
  if (queue.empty()) return {};
  const auto handle = queue.front();
  queue.pop_front();
  return handle;
}

void run_all() {
  while (const auto handle = next_ready()) handle.resume();
}

long run(Task task) {
  task.handle.resume();
  run_all();
  if (task.handle.promise().failed) std::rethrow_exception(task.handle.promise().failed);
  return *task.handle.promise().value;
}

Counts iota_counts{"iota"}, range_counts{"range<int>"}, doubles_counts{"range<double>"},
    leaf_counts{"leaf"}, mid_counts{"mid"}, top_counts{"top"}, thrower_counts{"thrower"},
    catcher_counts{"catcher"}, throws_counts{"throws"}, background_counts{"background"},
    lambda_counts{"operator()"}, method_counts{"method"}, hopper_counts{"hopper"},
    sleeper_counts{"sleeper"}, ticker_counts{"ticker"}, on_stack_counts{"on_stack"},
    switches_counts{"switches"};

}  // namespace

void ready(std::coroutine_handle<> handle) {
  const std::lock_guard guard(lock);
  queue.push_back(handle);
  came.notify_one();
}

[[gnu::noinline]] Generator<int> iota(Counts&, int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}
template <class T>
[[gnu::noinline]] Generator<T> range(Counts&, T from, T to) {
  for (T x = from; x < to; x = x + 1) co_yield x;
}
[[gnu::noinline]] Task leaf(Counts&, int n) {
  co_await Turn{};
  co_return n + 1;
}
[[gnu::noinline]] Task mid(Counts&, int n) {
  const long a = co_await leaf(leaf_counts, n);
  const long b = co_await leaf(leaf_counts, n + 1);
  co_return a + b;
}
[[gnu::noinline]] Task top(Counts&, int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await mid(mid_counts, i);
  co_return sum;
}
[[gnu::noinline]] Task thrower(Counts& counts, int n) {
  co_await Turn{};
  if (n % 2 != 0) {
    // It comes to its final suspend point all the same.
    throw std::runtime_error("odd");
  }
  co_return n + counts.eager;
}
[[gnu::noinline]] Task catcher(Counts&, int n) {
  int caught = 0;
  for (int i = 0; i < n; ++i) {
    try {
      co_await thrower(thrower_counts, i);
    } catch (const std::exception&) {
      ++caught;
    }
  }
  co_return caught;
}
[[gnu::noinline]] Generator<int> throws(Counts&, int n) {
  for (int i = 0; i < n; ++i) co_yield i;
  throw std::runtime_error("end");
}
[[gnu::noinline]] Detached background(Counts&, int n, int* done) {
  for (int i = 0; i < n; ++i) co_await Turn{};
  ++*done;
}
struct Object {
  int step;
  [[gnu::noinline]] Task method(Counts&, int n) const {
    long sum = 0;
    for (int i = 0; i < n; ++i) {
      sum += step;
      co_await Turn{};
    }
    co_return sum;
  }
};

namespace {

long generators() {
  long sum = 0;
  {
    auto all = iota(iota_counts, 1000);
    while (all.next()) sum += all.value();
  }
  {
    auto all = range<int>(range_counts, 0, 300);
    while (all.next()) sum += all.value();
  }
  {
    auto all = range<double>(doubles_counts, 0, 200);
    while (all.next()) sum += static_cast<long>(all.value());
  }
  for (int i = 0; i < 20; ++i) {
    auto all = throws(throws_counts, 3);
    try {
      while (all.next()) sum += all.value();
    } catch (const std::exception&) {
      sum += 1000;
    }
  }
  {  // destroyed early
    auto some = iota(iota_counts, 100);
    for (int i = 0; i < 5; ++i) sum += some.next() ? some.value() : 0;
  }
  return sum;
}

long tasks() {
  long sum = run(top(top_counts, 100)) + run(catcher(catcher_counts, 50));
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    background(background_counts, 7, &done);
    run_all();
  }
  auto lambda = [](Counts&, int n) __attribute__((noinline))->Task {
    long product = 0;
    for (int i = 0; i < n; ++i) {
      co_await Turn{};
      product += i;
    }
    co_return product;
  };
  sum += done + run(lambda(lambda_counts, 40));
  sum += run(Object{3}.method(method_counts, 25));
  return sum + run(in_library(library_parent, 30));
}

void all(int rounds) {
  long sum = 0;
  for (int i = 0; i < rounds; ++i) sum += generators() + tasks();
  std::fprintf(stderr, "%ld\n", sum);
}

void print_counts() {
  for (const Counts* each :
       {&iota_counts, &range_counts, &doubles_counts, &leaf_counts, &mid_counts, &top_counts,
        &thrower_counts, &catcher_counts, &throws_counts, &background_counts, &lambda_counts,
        &method_counts, &hopper_counts, &sleeper_counts, &ticker_counts, &on_stack_counts,
        &switches_counts, &library_parent, &library_child}) {
    if (each->created == 0) continue;
    std::printf("%s %d %ld %ld %ld %ld %ld\n", each->name, each->eager, each->created.load(),
                each->resumed.load(), each->finished.load(), each->destroyed.load(),
                each->awaited.load());
  }
  std::fflush(stdout);
}

// Coroutines that any of several threads resumes next.
std::atomic<int> hopping{0};

}  // namespace

[[gnu::noinline]] Detached hopper(Counts&, int n) {
  for (int i = 0; i < n; ++i) co_await Turn{};
  --hopping;
}

namespace {

void hop(int threads, int coroutines, int turns) {
  hopping = coroutines;
  for (int i = 0; i < coroutines; ++i) hopper(hopper_counts, turns);
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; ++i) {
    pool.emplace_back([] {
      while (hopping != 0) {
        if (const auto handle = next_ready()) handle.resume();
      }
    });
  }
  for (std::thread& each : pool) each.join();
}

// Two stacks that run coroutines, in turn.
struct Stack {
  ucontext_t context;
  std::vector<char> memory = std::vector<char>(1 << 18);
  bool done = false;
};
ucontext_t home;
Stack stacks[2];

}  // namespace

// Between its resumptions the stacks may be switched,
[[gnu::noinline]] Generator<int> on_stack(Counts&, int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}
// and of this one while it is resumed.
[[gnu::noinline]] Generator<int> switches(Counts&, int n, Stack* own) {
  for (int i = 0; i < n; ++i) {
    ::swapcontext(&own->context, &home);
    co_yield i;
  }
}

namespace {

void run_on_stack(int number, int rounds, int in_the_middle) {
  Stack& own = stacks[number];
  auto all = in_the_middle != 0 ? switches(switches_counts, rounds, &own)
                                : on_stack(on_stack_counts, rounds);
  while (all.next()) ::swapcontext(&own.context, &home);
  own.done = true;
}

void on_stacks(int rounds, int in_the_middle) {
  for (int number = 0; number < 2; ++number) {
    Stack& stack = stacks[number];
    stack.done = false;
    ::getcontext(&stack.context);
    stack.context.uc_stack.ss_sp = stack.memory.data();
    stack.context.uc_stack.ss_size = stack.memory.size();
    stack.context.uc_link = &home;
    ::makecontext(&stack.context, reinterpret_cast<void (*)()>(run_on_stack), 3, number, rounds,
                  in_the_middle);
  }
  while (!stacks[0].done || !stacks[1].done) {
    for (Stack& stack : stacks) {
      if (!stack.done) ::swapcontext(&home, &stack.context);
    }
  }
}

// An event loop over epoll, with timers.
int epoll_fd = -1;

struct Timer {
  int fd = ::timerfd_create(CLOCK_MONOTONIC, 0);
  std::coroutine_handle<> waiting;
  Counts* counts = nullptr;
  explicit Timer(long milliseconds) {
    itimerspec time{};
    time.it_value.tv_nsec = milliseconds * 1'000'000;
    ::timerfd_settime(fd, 0, &time, nullptr);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
  ~Timer() { ::close(fd); }
  bool await_ready() noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    counts = handle.promise().counts;
    waiting = handle;
  }
  void await_resume() noexcept { ++counts->resumed; }
};

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

int running = 0;

}  // namespace

[[gnu::noinline]] Detached ticker(Counts&, int n) {
  for (int i = 0; i < n; ++i) co_await Timer(10);
  --running;
}

[[gnu::noinline]] Detached sleeper(Counts&, long milliseconds) {
  co_await Timer(35);
  const double begin = now();
  ::poll(nullptr, 0, static_cast<int>(milliseconds));
  std::printf("slept %.9f\n", now() - begin);
  co_await Timer(35);
  --running;
}

namespace {

void loop(long milliseconds) {
  epoll_fd = ::epoll_create1(0);
  running = 4;
  for (int i = 0; i < 3; ++i) ticker(ticker_counts, 20);
  sleeper(sleeper_counts, milliseconds);
  while (running != 0) {
    epoll_event event{};
    if (::epoll_wait(epoll_fd, &event, 1, -1) != 1) continue;
    static_cast<Timer*>(event.data.ptr)->waiting.resume();
  }
}

[[gnu::noinline]] Detached falls(Counts&, int n) {
  co_await Turn{};
  if (n == 1) *static_cast<volatile int*>(nullptr) = 1;
  throw std::runtime_error("nobody catches it");
}

}  // namespace

int main(int count, char** words) {
  const char* what = count > 1 ? words[1] : "all";
  const int number = count > 2 ? std::atoi(words[2]) : 1;
  if (std::strcmp(what, "wait") == 0) {
    std::printf("ready\n");
    std::fflush(stdout);
    if (std::getchar() == EOF) return 1;
  }
  if (std::strcmp(what, "fork") == 0) {
    all(number);
    const pid_t child = ::fork();
    all(number);
    print_counts();
    if (child == 0) return 0;
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  }
  if (std::strcmp(what, "exec") == 0) {
    all(number);
    print_counts();
    ::execl(words[0], words[0], "all", "1", nullptr);
    return 1;
  }
  if (std::strcmp(what, "hop") == 0) {
    hop(3, 20, number);
  } else if (std::strcmp(what, "stacks") == 0) {
    on_stacks(number, 0);
    on_stacks(number, 1);
  } else if (std::strcmp(what, "loop") == 0) {
    loop(number);
  } else if (std::strcmp(what, "crash") == 0 || std::strcmp(what, "throw") == 0) {
    falls(iota_counts, std::strcmp(what, "crash") == 0 ? 1 : 0);
    run_all();
  } else {
    all(number);
  }
  print_counts();
  return 0;
}
