// SPDX-License-Identifier: Apache-2.0
//
// A program with markers of its coroutines that says how often it reached each: `name created
// resumed suspended finished destroyed`, a line for each function.
//
//     markers switch ROUNDS THREADS   each thread: a coroutine that suspends ROUNDS times
//     markers await ROUNDS            a parent that awaits a child, ROUNDS times
//     markers throw ROUNDS            coroutines that throw, to who awaits them and to who resumes
//     them markers stacks ROUNDS           coroutines on stacks of their own, which switch while
//     one is resumed markers fork ROUNDS             a child process does as its parent, and forks
//     in turn markers exec ROUNDS PROGRAM…    as `switch ROUNDS 1`, then becomes another program
//     markers crash ROUNDS HOW        falls in a coroutine: HOW is segv, abort or throw
//     markers block MS                a coroutine that sleeps in a system call
//     markers wait ROUNDS             until its standard input ends, then as `switch ROUNDS 1`
//     markers leaf ROUNDS             in leaf functions, which keep what they need below their
//                                     stack pointer
#include <sys/wait.h>
#include <time.h>
#include <triptych/usdt.h>
#include <ucontext.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

unsigned long id_of(std::coroutine_handle<> handle) {
  return reinterpret_cast<unsigned long>(handle.address());
}

// Each of its awaits is marked, whatever it awaits.
struct Task {
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;
  struct Start {
    Handle self;
    static bool await_ready() noexcept { return false; }
    static void await_suspend(Handle /*self*/) noexcept {}
    void await_resume() const noexcept { triptych_usdt_resumed(id_of(self)); }
  };
  struct Final {
    static bool await_ready() noexcept { return false; }
    static std::coroutine_handle<> await_suspend(Handle self) noexcept {
      triptych_usdt_finished(id_of(self));
      return self.promise().continuation;
    }
    static void await_resume() noexcept {}
  };
  struct Pause {
    Handle self = {};
    static bool await_ready() { return false; }
    void await_suspend(Handle handle) {
      self = handle;
      triptych_usdt_suspended(id_of(handle));
    }
    void await_resume() const { triptych_usdt_resumed(id_of(self)); }
  };
  struct Join {
    Handle child;
    Handle self = {};
    static bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(Handle handle) {
      self = handle;
      child.promise().continuation = handle;
      child.promise().awaited = true;
      triptych_usdt_awaits(id_of(handle), id_of(child));
      triptych_usdt_suspended(id_of(handle));
      return child;
    }
    void await_resume() const {
      triptych_usdt_resumed(id_of(self));
      if (child.promise().failed) std::rethrow_exception(child.promise().failed);
    }
  };
  struct promise_type {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    bool awaited = false;
    std::exception_ptr failed;
    Task get_return_object() { return Task{Handle::from_promise(*this)}; }
    Start initial_suspend() { return {Handle::from_promise(*this)}; }
    static Final final_suspend() noexcept { return {}; }
    void return_void() {}
    // To who awaits it, and where nobody does to who resumes it.
    void unhandled_exception() {
      if (!awaited) throw;
      failed = std::current_exception();
    }
  };

  explicit Task(Handle taken) : handle(taken) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (!handle) return;
    triptych_usdt_destroyed(id_of(handle));
    handle.destroy();
  }
  Join operator co_await() const { return {handle}; }
  Handle handle;
};

Task named(Task task, const char* name) {
  triptych_usdt_created(id_of(task.handle), name);
  return task;
}

void say(const char* name, long created, long resumed, long suspended, long finished,
         long destroyed) {
  std::printf("%s %ld %ld %ld %ld %ld\n", name, created, resumed, suspended, finished, destroyed);
}

void run(const Task& task) {
  while (!task.handle.done()) task.handle.resume();
}

Task work(long rounds) {
  for (long i = 0; i < rounds; ++i) co_await Task::Pause{};
}

void work_alone(long rounds) {
  run(named(work(rounds), "worker"));
}

int switch_on_threads(long rounds, long threads) {
  std::vector<std::thread> all;
  for (long i = 0; i < threads; ++i) all.emplace_back(work_alone, rounds);
  for (std::thread& thread : all) thread.join();
  say("worker", threads, threads * (rounds + 1), threads * rounds, threads, threads);
  return 0;
}

Task nothing() {
  co_return;
}
Task parent(long rounds) {
  for (long i = 0; i < rounds; ++i) {
    const Task child = named(nothing(), "child");
    co_await child;
  }
}

int await_rounds(long rounds) {
  run(named(parent(rounds), "parent"));
  say("parent", 1, rounds + 1, rounds, 1, 1);
  say("child", rounds, rounds, 0, rounds, rounds);
  return 0;
}

Task fails(bool at_once) {
  if (!at_once) co_await Task::Pause{};
  throw std::runtime_error("on purpose");
}
Task catches(long rounds, long& caught) {
  for (long i = 0; i < rounds; ++i) {
    const Task child = named(fails(true), "awaited");
    try {
      co_await child;
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
}

int throw_rounds(long rounds) {
  long caught = 0;
  run(named(catches(rounds, caught), "catches"));
  for (long i = 0; i < rounds; ++i) {
    try {
      run(named(fails(false), "left"));
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  say("catches", 1, rounds + 1, rounds, 1, 1);
  say("awaited", rounds, rounds, 0, rounds, rounds);
  say("left", rounds, 2 * rounds, rounds, 0, rounds);
  return caught == 2 * rounds ? 0 : 1;
}

struct Stack {
  ucontext_t context;
  std::vector<char> memory = std::vector<char>(65536);
  bool done = false;
};
ucontext_t home;
Stack stacks[2];

Task switches(long rounds, Stack& own) {
  for (long i = 0; i < rounds; ++i) {
    ::swapcontext(&own.context, &home);
    co_await Task::Pause{};
  }
}

void run_on_stack(int number) {
  run(named(switches(1000, stacks[number]), "switches"));
  stacks[number].done = true;
}

// In turn, each in the middle of its coroutine.
int on_stacks(long rounds) {
  for (long i = 0; i < rounds; ++i) {
    for (int number = 0; number < 2; ++number) {
      Stack& stack = stacks[number];
      stack.done = false;
      ::getcontext(&stack.context);
      stack.context.uc_stack.ss_sp = stack.memory.data();
      stack.context.uc_stack.ss_size = stack.memory.size();
      stack.context.uc_link = &home;
      ::makecontext(&stack.context, reinterpret_cast<void (*)()>(run_on_stack), 1, number);
    }
    while (!stacks[0].done || !stacks[1].done) {
      for (Stack& stack : stacks) {
        if (!stack.done) ::swapcontext(&home, &stack.context);
      }
    }
  }
  say("switches", 2 * rounds, 2 * rounds * 1001, 2 * rounds * 1000, 2 * rounds, 2 * rounds);
  return 0;
}

Task falls(long rounds, const std::string& how) {
  for (long i = 0; i < rounds; ++i) co_await Task::Pause{};
  if (how == "segv") *static_cast<volatile int*>(nullptr) = 1;
  if (how == "abort") std::abort();
  throw std::runtime_error("nobody catches it");
}

int crash_after(long rounds, const std::string& how) {
  say("falls", 1, rounds + 1, rounds, 0, 0);
  std::fflush(stdout);
  run(named(falls(rounds, how), "falls"));
  return 1;
}

bool forked_and_well(long rounds, int generations) {
  const pid_t child = ::fork();
  if (child == 0) {
    work_alone(rounds);
    ::_exit(generations > 1 && !forked_and_well(rounds, generations - 1) ? 1 : 0);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

int fork_rounds(long rounds) {
  work_alone(rounds);
  if (!forked_and_well(rounds, 2)) return 1;
  work_alone(rounds);
  say("worker", 4, 4 * (rounds + 1), 4 * rounds, 4, 4);
  return 0;
}

Task sleeper(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
  co_await Task::Pause{};
}

int block(long ms) {
  run(named(sleeper(ms), "sleeper"));
  say("sleeper", 1, 2, 1, 1, 1);
  return 0;
}

int wait_for_end_of_input(long rounds) {
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return switch_on_threads(rounds, 1);
}

// With optimisation its array lies in the red zone, across two markers.
__attribute__((noinline)) long leaf(long id) {
  volatile long kept[12];
  for (long i = 0; i < 12; ++i) kept[i] = id + i;
  triptych_usdt_resumed(static_cast<unsigned long>(id));
  triptych_usdt_suspended(static_cast<unsigned long>(id));
  long sum = 0;
  for (long i = 0; i < 12; ++i) sum += kept[i];
  return sum;
}

int leaves(long rounds) {
  triptych_usdt_created(1, "leaf");
  for (long i = 0; i < rounds; ++i) {
    if (leaf(1) != 12 * 1 + 66) return 1;
  }
  say("leaf", 1, rounds, rounds, 0, 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const long first = argc > 2 ? std::atol(argv[2]) : 0;
  if (mode == "switch" && argc == 4) return switch_on_threads(first, std::atol(argv[3]));
  if (mode == "await") return await_rounds(first);
  if (mode == "throw") return throw_rounds(first);
  if (mode == "stacks") return on_stacks(first);
  if (mode == "crash" && argc == 4) return crash_after(first, argv[3]);
  if (mode == "exec" && argc > 3) {
    switch_on_threads(first, 1);
    std::fflush(stdout);
    ::execv(argv[3], argv + 3);
    return 1;
  }
  if (mode == "fork") return fork_rounds(first);
  if (mode == "block") return block(first);
  if (mode == "wait") return wait_for_end_of_input(first);
  if (mode == "leaf") return leaves(first);
  std::fprintf(stderr, "markers: see the head of its source\n");
  return 2;
}
