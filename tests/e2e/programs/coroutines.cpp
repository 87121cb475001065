// SPDX-License-Identifier: Apache-2.0
//
// A program with coroutines that says how often it did what: `name created resumed suspended
// finished destroyed`, a line for each function.
//
// clang-format off
//     coroutines switch ROUNDS THREADS   each thread: a coroutine that suspends ROUNDS times
//     coroutines rush ROUNDS             as `switch ROUNDS 1`, and says its speed: `rate N`, a second of its CPU
//     coroutines await ROUNDS            a parent that awaits a child, ROUNDS times
//     coroutines chain MS                one that awaits one that awaits one that waits for MS
//     coroutines block MS                a coroutine that sleeps in a system call, with others ready
//     coroutines spin MS                 a coroutine that computes without a pause
//     coroutines throw ROUNDS            coroutines that throw, to who awaits them and to who resumes them
//     coroutines fork ROUNDS             a child process that goes on with its parent's coroutine
//     coroutines clone ROUNDS            the same behind the back of the C library
//     coroutines vfork ROUNDS PROGRAM…   a child process that becomes another program at once
//     coroutines kill ROUNDS             kills itself in the middle
//     coroutines crash ROUNDS HOW        falls in a coroutine: HOW is segv, abort or throw
//     coroutines scribble                writes nonsense over its recorder's memory
//     coroutines wait ROUNDS             waits for its standard input to end, then as `switch ROUNDS 1`
//     coroutines sandbox ROUNDS          the same, and every system call but what that needs would end it
//     coroutines exec ROUNDS PROGRAM…    as `switch ROUNDS 1`, then becomes another program
// clang-format on
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <triptych/coroutine.hpp>
#include <utility>
#include <vector>

namespace {

struct TaskPromise;
struct Task {
  using promise_type = triptych::traced_promise<TaskPromise>;
  using Handle = std::coroutine_handle<TaskPromise>;
  explicit Task(Handle taken) : handle(taken) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  Handle handle;
};
struct TaskPromise {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  bool awaited = false;
  std::exception_ptr failed;
  Task get_return_object() { return Task(Task::Handle::from_promise(*this)); }
  static std::suspend_always initial_suspend() { return {}; }
  struct Final {
    static bool await_ready() noexcept { return false; }
    static std::coroutine_handle<> await_suspend(Task::Handle handle) noexcept {
      return handle.promise().continuation;
    }
    static void await_resume() noexcept {}
  };
  static Final final_suspend() noexcept { return {}; }
  void return_void() {}
  // To who awaits it, and where nobody does to who resumes it.
  void unhandled_exception() {
    if (!awaited) throw;
    failed = std::current_exception();
  }
};
struct TaskAwaiter {
  Task::Handle handle;
  static bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    handle.promise().continuation = awaiting;
    handle.promise().awaited = true;
    return handle;
  }
  void await_resume() const {
    if (handle.promise().failed) std::rethrow_exception(handle.promise().failed);
  }
};
TaskAwaiter operator co_await(Task&& task) {
  return {task.handle};
}

void say(const char* name, long created, long resumed, long suspended, long finished,
         long destroyed) {
  std::printf("%s %ld %ld %ld %ld %ld\n", name, created, resumed, suspended, finished, destroyed);
}

Task worker(long rounds) {
  for (long i = 0; i < rounds; ++i) co_await std::suspend_always{};
}

void run(const Task& task) {
  while (!task.handle.done()) task.handle.resume();
}

void switch_rounds(long rounds) {
  const Task task = worker(rounds);
  run(task);
}

int switch_on_threads(long rounds, long threads) {
  std::vector<std::thread> all;
  all.reserve(static_cast<std::size_t>(threads));
  for (long i = 0; i < threads; ++i) all.emplace_back(switch_rounds, rounds);
  for (std::thread& thread : all) thread.join();
  say("worker", threads, threads * (rounds + 1), threads * rounds, threads, threads);
  return 0;
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

int rush(long rounds) {
  const double before = cpu_seconds();
  switch_rounds(rounds);
  std::printf("rate %.0f\n", static_cast<double>(rounds) / (cpu_seconds() - before));
  say("worker", 1, rounds + 1, rounds, 1, 1);
  return 0;
}

Task child() {
  co_return;
}
Task parent(long rounds) {
  for (long i = 0; i < rounds; ++i) co_await child();
}

int await_rounds(long rounds) {
  {
    const Task task = parent(rounds);
    run(task);
  }
  say("parent", 1, rounds + 1, rounds, 1, 1);
  say("child", rounds, rounds, 0, rounds, rounds);
  return 0;
}

// An event loop in miniature: whoever is ready, in turn.
struct Loop {
  std::deque<std::coroutine_handle<>> ready;
  struct Turn {
    Loop* loop;
    static bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { loop->ready.push_back(handle); }
    static void await_resume() {}
  };
  Turn turn() { return {this}; }
  void run() {
    while (!ready.empty()) {
      const std::coroutine_handle<> next = ready.front();
      ready.pop_front();
      next.resume();
    }
  }
};

Task polite(Loop& loop, long rounds) {
  for (long i = 0; i < rounds; ++i) co_await loop.turn();
}

void sleep_ms(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
}

void spin_ms(long ms) {
  timespec begin{};
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const long passed =
        (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000;
    if (passed >= ms) return;
  }
}

Task blocker(Loop& loop, long ms, bool spins) {
  co_await loop.turn();
  spins ? spin_ms(ms) : sleep_ms(ms);
  co_await loop.turn();
}

Task read_page(Loop& loop) {
  co_await loop.turn();
}
Task handle_request(Loop& loop) {
  co_await read_page(loop);
}
Task serve(Loop& loop) {
  co_await handle_request(loop);
}

// All three are suspended while the program sleeps.
int chain(long ms) {
  {
    Loop loop;
    const Task outermost = serve(loop);
    outermost.handle.resume();
    sleep_ms(ms);
    loop.run();
  }
  say("serve", 1, 2, 1, 1, 1);
  say("handle_request", 1, 2, 1, 1, 1);
  say("read_page", 1, 2, 1, 1, 1);
  return 0;
}

int block(long ms, bool spins) {
  {
    Loop loop;
    const Task first = polite(loop, 100);
    const Task second = polite(loop, 100);
    const Task bad = blocker(loop, ms, spins);
    loop.ready = {first.handle, bad.handle, second.handle};
    loop.run();
  }
  say("polite", 2, 202, 200, 2, 2);
  say("blocker", 1, 3, 2, 1, 1);
  return 0;
}

Task fails(Loop& loop) {
  co_await loop.turn();
  throw std::runtime_error("on purpose");
}
Task catches(Loop& loop, long rounds, long& caught) {
  for (long i = 0; i < rounds; ++i) {
    try {
      co_await fails(loop);
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
}

int throw_rounds(long rounds) {
  Loop loop;
  long caught = 0;
  {
    const Task task = catches(loop, rounds, caught);
    task.handle.resume();
    loop.run();
  }
  for (long i = 0; i < rounds; ++i) {
    const Task task = fails(loop);
    task.handle.resume();
    try {
      loop.run();
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  // What nobody awaits is left by its exception, and so never finishes.
  say("fails", 2 * rounds, 4 * rounds, 2 * rounds, rounds, 2 * rounds);
  say("catches", 1, rounds + 1, rounds, 1, 1);
  return caught == 2 * rounds ? 0 : 1;
}

::pid_t fork_by_itself() {
  return static_cast<::pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

int fork_rounds(long rounds, ::pid_t (*fork)()) {
  const Task task = worker(2 * rounds);
  for (long i = 0; i < rounds; ++i) task.handle.resume();
  std::fflush(stdout);
  const ::pid_t child_process = fork();
  run(task);
  if (child_process == 0) ::_exit(0);
  int status = 1;
  ::waitpid(child_process, &status, 0);
  say("worker", 1, rounds + 2 * (rounds + 1), rounds + 2 * rounds, 2, 1);
  return status;
}

int vfork_rounds(long rounds, char** program) {
  {
    const Task task = worker(2 * rounds);
    for (long i = 0; i < rounds; ++i) task.handle.resume();
    const ::pid_t child_process = ::vfork();
    if (child_process == 0) {
      ::execv(program[0], program);
      ::_exit(127);
    }
    run(task);
    int status = 1;
    if (::waitpid(child_process, &status, 0) != child_process || status != 0) return 1;
  }
  say("worker", 1, 2 * rounds + 1, 2 * rounds, 1, 1);
  return 0;
}

Task falls(long rounds, const std::string& how) {
  for (long i = 0; i < rounds; ++i) co_await std::suspend_always{};
  if (how == "segv") *static_cast<volatile int*>(nullptr) = 1;
  if (how == "abort") std::abort();
  throw std::runtime_error("nobody catches it");
}

int crash_after(long rounds, const std::string& how) {
  say("falls", 1, rounds + 1, rounds, 0, 0);
  std::fflush(stdout);
  run(falls(rounds, how));
  return 1;
}

int kill_after(long rounds) {
  const Task task = worker(rounds + 1);
  for (long i = 0; i < rounds; ++i) task.handle.resume();
  say("worker", 1, rounds, rounds, 0, 0);
  std::fflush(stdout);
  ::kill(::getpid(), SIGKILL);
  return 1;
}

int scribble() {
  switch_rounds(1000);
  auto* memory = reinterpret_cast<unsigned char*>(const_cast<std::uint32_t*>(triptych_coro_armed)) -
                 offsetof(triptych_coro_header, armed);
  // Everything but the rings of later threads, over and over: heads, names, totals, events.
  const std::size_t size = triptych_coro_rings_offset() + (1u << 20);
  unsigned seed = 1;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t at = 0; at < size; at += 8) {
      seed = seed * 1664525u + 1013904223u;
      const std::uint64_t value = (static_cast<std::uint64_t>(seed) << 32) | (seed ^ 0x5bd1e995u);
      std::memcpy(memory + at, &value, sizeof value);
    }
    sleep_ms(10);
  }
  return 0;
}

void wait_for_input() {
  std::printf("ready\n");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

// Reading, writing and ending are allowed; everything else ends the process.
bool close_sandbox() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(program), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int in_sandbox(long rounds) {
  static char buffer[1024];
  std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  switch_rounds(1);  // the heap has room for a frame from now on
  if (!close_sandbox()) return 1;
  wait_for_input();
  switch_rounds(rounds);
  say("worker", 1, rounds + 1, rounds, 1, 1);
  std::fflush(stdout);
  ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const long count = argc > 2 ? std::atol(argv[2]) : 1000;
  if (what == "switch") return switch_on_threads(count, argc > 3 ? std::atol(argv[3]) : 1);
  if (what == "rush") return rush(count);
  if (what == "await") return await_rounds(count);
  if (what == "chain") return chain(count);
  if (what == "block" || what == "spin") return block(count, what == "spin");
  if (what == "throw") return throw_rounds(count);
  if (what == "fork") return fork_rounds(count, ::fork);
  if (what == "clone") return fork_rounds(count, fork_by_itself);
  if (what == "vfork" && argc > 3) return vfork_rounds(count, argv + 3);
  if (what == "crash" && argc > 3) return crash_after(count, argv[3]);
  if (what == "kill") return kill_after(count);
  if (what == "scribble") return scribble();
  if (what == "wait") {
    wait_for_input();
    return switch_on_threads(count, 1);
  }
  if (what == "sandbox") return in_sandbox(count);
  if (what == "exec" && argc > 3) {
    switch_rounds(count);
    ::execv(argv[3], argv + 3);
  }
  return 1;
}
