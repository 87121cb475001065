// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "bpf/scenarios.hpp"

extern char** environ;

namespace triptych::scenarios {
namespace {

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof(set), &set);
}

int reap(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child ? status : 1;
}

int forks(std::size_t n) {
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(3);
    if (child < 0 || WEXITSTATUS(reap(child)) != 3) return 1;
  }
  end();
  return 0;
}

std::atomic<std::size_t> started;
std::atomic<int> may_end;

void* wait_for_all(void*) {
  ++started;
  ::syscall(SYS_futex, &may_end, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
  return nullptr;
}

// All alive at once.
int threads(std::size_t n) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 64 * 1024);
  std::vector<pthread_t> all(n);
  begin();
  for (pthread_t& thread : all) {
    if (::pthread_create(&thread, &attributes, wait_for_all, nullptr) != 0) return kCannot;
  }
  while (started < n) ::sched_yield();
  may_end = 1;
  ::syscall(SYS_futex, &may_end, FUTEX_WAKE_PRIVATE, 1 << 30, nullptr, nullptr, 0);
  for (const pthread_t thread : all) ::pthread_join(thread, nullptr);
  end();
  return 0;
}

int vforks(std::size_t n) {
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    const pid_t child = ::vfork();
    if (child == 0) ::_exit(0);
    if (reap(child) != 0) return 1;
  }
  end();
  return 0;
}

int spawns(std::size_t n) {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    pid_t child = 0;
    if (::posix_spawnp(&child, "true", nullptr, nullptr, arguments, environ) != 0) return kCannot;
    if (reap(child) != 0) return 1;
  }
  end();
  return 0;
}

int return_zero(void*) {
  return 0;
}

// Shares its files and nothing else: neither a thread nor a plain fork.
int odd_clone(std::size_t n) {
  static char stack[64 * 1024];
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    const pid_t child =
        ::clone(return_zero, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, nullptr);
    if (child < 0 || reap(child) != 0) return 1;
  }
  end();
  return 0;
}

void* exec_true(void*) {
  ::execlp("true", "true", nullptr);
  std::exit(1);
}

// The thread takes over the leader's tid.
int exec_in_thread(std::size_t) {
  pthread_t thread;
  begin();
  ::pthread_create(&thread, nullptr, exec_true, nullptr);
  ::pthread_join(thread, nullptr);
  return 1;
}

void* sleep_forever(void*) {
  ++started;
  while (true) ::pause();
}

int exit_group_with_threads(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    pthread_t thread;
    if (::pthread_create(&thread, nullptr, sleep_forever, nullptr) != 0) return kCannot;
  }
  while (started < n) ::sched_yield();
  return 0;
}

int yields(std::size_t n) {
  pin(0);
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::sched_yield();
  }
  begin();
  for (std::size_t i = 0; i < n; ++i) ::sched_yield();
  end();
  ::kill(child, SIGKILL);
  reap(child);
  return 0;
}

// Long enough for the timer never to fire before the task sleeps, on an emulated machine too.
int sleeps(std::size_t n) {
  const timespec time{0, 5'000'000};
  begin();
  for (std::size_t i = 0; i < n; ++i) ::nanosleep(&time, nullptr);
  end();
  return 0;
}

std::uint64_t cpu_time_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

// n milliseconds in its own code, then half as many in the kernel, with 32 MiB of memory.
int cpu_time(std::size_t n) {
  std::vector<char> memory(32 << 20);
  const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  begin();
  const std::uint64_t start = cpu_time_ms();
  while (cpu_time_ms() < start + n) {
    for (volatile int i = 0; i < 1'000'000;) i = i + 1;
  }
  while (cpu_time_ms() < start + n + n / 2) {
    if (::read(zeros, memory.data(), memory.size()) < 0) return kCannot;
  }
  end();
  return 0;
}

// Two processes on two CPUs hand a byte to and fro; each wakes the other.
int ping_pong(std::size_t n) {
  int forth[2], back[2];
  if (::pipe(forth) != 0 || ::pipe(back) != 0) return kCannot;
  char byte = 0;
  const bool two = ::sysconf(_SC_NPROCESSORS_ONLN) > 1;
  const pid_t child = ::fork();
  if (child == 0) {
    if (two) pin(1);
    for (std::size_t i = 0; i < n; ++i) {
      if (::read(forth[0], &byte, 1) != 1 || ::write(back[1], &byte, 1) != 1) ::_exit(1);
    }
    ::_exit(0);
  }
  pin(0);
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    if (::write(forth[1], &byte, 1) != 1 || ::read(back[0], &byte, 1) != 1) return 1;
  }
  end();
  return reap(child);
}

// As ping_pong, both on one CPU: every hand-over is a switch.
int pinned_ping_pong(std::size_t n) {
  int forth[2], back[2];
  if (::pipe(forth) != 0 || ::pipe(back) != 0) return kCannot;
  pin(0);
  char byte = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    for (std::size_t i = 0; i < n; ++i) {
      if (::read(forth[0], &byte, 1) != 1 || ::write(back[1], &byte, 1) != 1) ::_exit(1);
    }
    ::_exit(0);
  }
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    if (::write(forth[1], &byte, 1) != 1 || ::read(back[0], &byte, 1) != 1) return 1;
  }
  end();
  return reap(child);
}

int renames(std::size_t n) {
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    char name[32];
    std::snprintf(name, sizeof(name), "name-%zu", i);
    ::prctl(PR_SET_NAME, name);
  }
  end();
  return 0;
}

int killed(std::size_t) {
  begin();
  ::kill(::getpid(), SIGKILL);
  return 1;
}

// The child outlives its parent: an orphan.
int orphan(std::size_t) {
  if (::fork() == 0) {
    const timespec time{0, 50'000'000};
    ::nanosleep(&time, nullptr);
    ::_exit(0);
  }
  return 0;
}

// One request that io_uring hands to a worker, which the kernel makes for it.
int io_uring_worker(std::size_t) {
  io_uring_params params{};
  const auto ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &params));
  if (ring < 0) return kCannot;
  const auto map = [ring](std::size_t bytes, std::uint64_t what) {
    return static_cast<char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_POPULATE, ring, static_cast<off_t>(what)));
  };
  char* queue = map(params.sq_off.array + sizeof(unsigned), IORING_OFF_SQ_RING);
  char* entries = map(sizeof(io_uring_sqe), IORING_OFF_SQES);
  if (queue == MAP_FAILED || entries == MAP_FAILED) return kCannot;
  auto* request = reinterpret_cast<io_uring_sqe*>(entries);
  request->opcode = IORING_OP_NOP;
  request->flags = IOSQE_ASYNC;
  *reinterpret_cast<unsigned*>(queue + params.sq_off.array) = 0;
  __atomic_store_n(reinterpret_cast<unsigned*>(queue + params.sq_off.tail), 1u, __ATOMIC_RELEASE);
  return ::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == 1 ? 0 : 1;
}

constexpr Scenario kOfTasks[] = {
    {"forks", forks},
    {"threads", threads},
    {"vforks", vforks},
    {"spawns", spawns},
    {"odd_clone", odd_clone},
    {"exec_in_thread", exec_in_thread},
    {"exit_group_with_threads", exit_group_with_threads},
    {"yields", yields},
    {"sleeps", sleeps},
    {"cpu_time", cpu_time},
    {"ping_pong", ping_pong},
    {"pinned_ping_pong", pinned_ping_pong},
    {"renames", renames},
    {"killed", killed},
    {"orphan", orphan},
    {"io_uring_worker", io_uring_worker},
};

}  // namespace

std::span<const Scenario> task_scenarios() {
  return kOfTasks;
}

}  // namespace triptych::scenarios
