// SPDX-License-Identifier: Apache-2.0
//
// Contexts, coroutines and fibers of Boost that know nothing of triptych, and count themselves what
// they do: for each kind a line "NAME CREATED RESUMED FINISHED DESTROYED" at the end.
//
//   fibers context N    Boost.Context: some return, some are thrown away, one makes another
//   fibers coroutine N  Boost.Coroutine2, pulled and pushed
//   fibers fiber N      Boost.Fiber: in turns, by a channel, joined by each other
//   fibers threads N    Boost.Fiber that shares its fibers between two threads
//   fibers all N        the first three
//   fibers throw N      exceptions, within a context and out of a coroutine
//   fibers fork N       the first three, then again in a child and its parent
//   fibers exec N       the first three, then in the program that it becomes
//   fibers crash N HOW  yields N times in a fiber and falls: HOW is segv, abort or throw
//   fibers block        a fiber sleeps for 200 ms on its thread; what it slept is printed, in ns
//   fibers wait N       context and fiber, twice: when "ready" has been printed and a line come,
//                       again
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/coroutine2/all.hpp>
#include <boost/fiber/algo/shared_work.hpp>
#include <boost/fiber/all.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace context = boost::context;
namespace fibers = boost::fibers;

struct Counts {
  long created = 0, resumed = 0, finished = 0, destroyed = 0;
};
std::map<std::string, Counts> counts;
std::mutex lock;  // of the fibers on two threads

Counts& of(const char* name) {
  return counts[name];
}

context::fiber resume(const char* name, context::fiber&& fiber) {
  ++of(name).resumed;
  return std::move(fiber).resume();
}

struct Returns {
  int rounds;
  context::fiber operator()(context::fiber&& back) const {
    for (int i = 0; i < rounds; ++i) back = std::move(back).resume();
    ++of("Returns").finished;
    return std::move(back);
  }
};

struct ThrownAway {
  context::fiber operator()(context::fiber&& back) const {
    struct Guard {
      ~Guard() { ++of("ThrownAway").destroyed; }
    } guard;
    for (;;) back = std::move(back).resume();
  }
};

struct Never {
  context::fiber operator()(context::fiber&& back) const { return std::move(back); }
};

// What is resumed on top of another one runs there, and is no switch of its own.
struct OnTop {
  context::fiber operator()(context::fiber&& back) const {
    back = std::move(back).resume();
    ++of("OnTop").finished;
    return std::move(back);
  }
};

struct Makes {
  context::fiber operator()(context::fiber&& back) const {
    context::fiber inner(Returns{2});
    ++of("Returns").created;
    while (inner) {
      inner = resume("Returns", std::move(inner));
      ++of("Makes").resumed;  // by it
    }
    back = std::move(back).resume();
    ++of("Makes").finished;
    return std::move(back);
  }
};

template <class Run>
context::fiber make(const char* name, Run run) {
  ++of(name).created;
  return context::fiber(std::move(run));
}

void contexts(int rounds) {
  std::vector<context::fiber> all;
  for (int i = 0; i < 5; ++i) all.push_back(make("Returns", Returns{rounds + i}));
  for (bool any = true; any;) {
    any = false;
    for (context::fiber& each : all) {
      if (!each) continue;
      each = resume("Returns", std::move(each));
      any = true;
    }
  }
  for (context::fiber each = make("Makes", Makes{}); each;) {
    each = resume("Makes", std::move(each));
  }
  {
    context::fiber away = make("ThrownAway", ThrownAway{});
    for (int i = 0; i < 3; ++i) away = resume("ThrownAway", std::move(away));
    ++of("ThrownAway").resumed;  // to throw away what is on its stack
  }
  {
    context::fiber never = make("Never", Never{});
    ++of("Never").resumed;
    ++of("Never").destroyed;
  }
  context::fiber top = make("OnTop", OnTop{});
  top = resume("OnTop", std::move(top));
  ++of("OnTop").resumed;
  top = std::move(top).resume_with([](context::fiber&& back) { return std::move(back); });
}

struct Pulled {
  int most;
  void operator()(boost::coroutines2::coroutine<int>::push_type& sink) const {
    for (int i = 0; i < most; ++i) sink(i);
    of("Pulled").resumed += most + 1;
  }
};

struct Pushed {
  long* sum;
  void operator()(boost::coroutines2::coroutine<int>::pull_type& source) const {
    for (const int each : source) *sum += each, ++of("Pushed").resumed;
  }
};

// A coroutine's stack is thrown away by who holds it, who resumes it once more for that.
void ends(Counts& counts) {
  ++counts.resumed, ++counts.destroyed;
}

void coroutines(int rounds) {
  long pulled = 0, pushed = 0;
  ++of("Pulled").created;
  {
    boost::coroutines2::coroutine<int>::pull_type source(Pulled{rounds});
    for (const int each : source) pulled += each;
  }
  ends(of("Pulled"));
  ++of("Pushed").created;
  {
    boost::coroutines2::coroutine<int>::push_type sink(Pushed{&pushed});
    ++of("Pushed").resumed;  // when it is made, up to where it waits for the first
    for (int i = 0; i < rounds; ++i) sink(i);
  }
  ends(of("Pushed"));
  if (pushed != pulled) std::abort();
}

// A fiber, when it is made, runs up to where it waits for the scheduler.
void ends_fiber(Counts& counts) {
  ++counts.resumed, ++counts.finished;
}

struct Yields {
  int rounds;
  void operator()() const {
    for (int i = 0; i < rounds; ++i) boost::this_fiber::yield();
    of("Yields").resumed += rounds + 1;
    ends_fiber(of("Yields"));
  }
};

void fibers_in_turns(int rounds) {
  std::vector<fibers::fiber> all;
  for (int i = 0; i < 4; ++i) {
    ++of("Yields").created;
    all.emplace_back(Yields{rounds + i});
  }
  for (fibers::fiber& each : all) each.join();
}

struct Spreads {
  int rounds;
  void operator()() const {
    long resumed = 1;
    for (int i = 0; i < rounds; ++i) {
      boost::this_fiber::yield();
      ++resumed;
    }
    const std::lock_guard<std::mutex> guard(lock);
    of("Spreads").resumed += resumed;
    ends_fiber(of("Spreads"));
  }
};

void on_two_threads(int rounds) {
  constexpr int kFibers = 6;
  fibers::use_scheduling_algorithm<fibers::algo::shared_work>(true);
  fibers::barrier end(2);
  std::vector<fibers::fiber> all;
  of("Spreads").created += kFibers;
  std::thread other([&end] {
    fibers::use_scheduling_algorithm<fibers::algo::shared_work>(true);
    end.wait();
  });
  for (int i = 0; i < kFibers; ++i) all.emplace_back(Spreads{rounds});
  for (fibers::fiber& each : all) each.join();
  end.wait();
  other.join();
}

// Between the throw and the catch it has been switched away from, deeper on its stack.
struct Catches {
  int rounds;
  static void throw_after(context::fiber& back) {
    back = std::move(back).resume();
    throw std::runtime_error("on purpose");
  }
  context::fiber operator()(context::fiber&& back) const {
    for (int i = 0; i < rounds; ++i) {
      try {
        throw_after(back);
      } catch (const std::runtime_error&) {
        back = std::move(back).resume();
      }
    }
    ++of("Catches").finished;
    return std::move(back);
  }
};

// What leaves it comes out where it was resumed.
struct Throws {
  int rounds;
  void operator()(boost::coroutines2::coroutine<int>::push_type& sink) const {
    for (int i = 0; i < rounds; ++i) sink(i);
    of("Throws").resumed += rounds + 1;
    throw std::runtime_error("on purpose");
  }
};

void exceptions(int rounds) {
  for (context::fiber each = make("Catches", Catches{rounds}); each;) {
    each = resume("Catches", std::move(each));
  }
  for (int i = 0; i < 3; ++i) {
    ++of("Throws").created;
    {
      boost::coroutines2::coroutine<int>::pull_type source(Throws{rounds});
      try {
        for (int each : source) static_cast<void>(each);
        std::abort();
      } catch (const std::runtime_error&) {
      }
    }
    ends(of("Throws"));
  }
}

struct Falls {
  int rounds;
  std::string how;
  void operator()() const {
    for (int i = 0; i < rounds; ++i) boost::this_fiber::yield();
    if (how == "segv") *static_cast<volatile int*>(nullptr) = 1;
    if (how == "abort") std::abort();
    throw std::runtime_error("nobody catches it");
  }
};

void crash(int rounds, const char* how) {
  std::printf("Falls 1 %d 0 0\n", rounds + 1);
  std::fflush(stdout);
  fibers::fiber(Falls{rounds, how}).join();
}

void print_counts() {
  for (const auto& [name, each] : counts) {
    std::printf("%s %ld %ld %ld %ld\n", name.c_str(), each.created, each.resumed, each.finished,
                each.destroyed);
  }
  std::fflush(stdout);
}

void first_three(int rounds) {
  contexts(rounds);
  coroutines(rounds);
  fibers_in_turns(rounds);
}

// Whether the child ends well.
bool again_in_both(int rounds) {
  const pid_t child = ::fork();
  first_three(rounds);
  if (child == 0) return true;
  int status = 1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

struct Sleeps {
  void operator()() const {
    const auto before = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const std::chrono::nanoseconds slept = std::chrono::steady_clock::now() - before;
    std::printf("slept %lld\n", static_cast<long long>(slept.count()));
    ++of("Sleeps").resumed;
    ends_fiber(of("Sleeps"));
  }
};

void block() {
  ++of("Sleeps").created;
  fibers::fiber sleeper{Sleeps{}};
  ++of("Yields").created;
  fibers::fiber other{Yields{3}};
  sleeper.join();
  other.join();
  boost::this_fiber::sleep_for(std::chrono::milliseconds(50));  // the loop is idle
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "all";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 10;
  for (int turn = 0; turn < (what == "wait" ? 2 : 1); ++turn) {
    if (turn == 1) {
      std::printf("ready\n");
      std::fflush(stdout);
      std::getchar();
    }
    if (what == "context" || what == "wait") contexts(rounds);
    if (what == "coroutine") coroutines(rounds);
    if (what == "fiber" || what == "wait") fibers_in_turns(rounds);
    if (what == "all" || what == "fork" || what == "exec") first_three(rounds);
    if (what == "threads") on_two_threads(rounds);
    if (what == "throw") exceptions(rounds);
    if (what == "block") block();
  }
  if (what == "crash" && argc > 3) crash(rounds, argv[3]);
  const bool well = what != "fork" || again_in_both(rounds);
  print_counts();
  if (what == "exec") ::execl(argv[0], argv[0], "all", argv[2], nullptr);
  return well ? 0 : 1;
}
