// SPDX-License-Identifier: Apache-2.0
//
// Burns, sleeps and, in a forked child, writes, in three functions each, in the shares 1, 2 and 3
// of six: burns in twenty turns, since a machine's speed changes. System calls are made in place: a
// function of libc's without a frame pointer would hide who called it.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kPages = 600, kPageSize = 4096, kTurn = 60, kBurnTurns = 20 };

static volatile unsigned long sink;
static unsigned long burns;
static char* pages;

#define APART __attribute__((noinline, noclone))
// Keeps a call from being the last thing that its caller does, which would take the caller away.
#define STAY() __asm__ volatile("" ::: "memory")
// A frame of its own: gcc gives none, whatever -fno-omit-frame-pointer says, to a function that
// calls nothing and has nothing on the stack, and a walk along the frame pointers then misses its
// caller.
#define FRAME()               \
  volatile char on_stack = 0; \
  (void)on_stack

static inline __attribute__((always_inline)) void burn(unsigned long turns) {
  for (unsigned long i = 0; i < turns * burns; ++i) sink += i;
}
APART static void burn_one(void) {
  FRAME();
  burn(1);
  STAY();
}
APART static void burn_two(void) {
  FRAME();
  burn(2);
  STAY();
}
APART static void burn_three(void) {
  FRAME();
  burn(3);
  STAY();
}

static inline __attribute__((always_inline)) void nap(long turns) {
  struct timespec time = {0, turns * kTurn * 1000000L};
  long result;
  register long flags __asm__("r10") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_clock_nanosleep), "D"(CLOCK_MONOTONIC), "S"(0), "d"(&time), "r"(flags)
                   : "rcx", "r11", "memory");
}
APART static void nap_one(void) {
  FRAME();
  nap(1);
  STAY();
}
APART static void nap_two(void) {
  FRAME();
  nap(2);
  STAY();
}
APART static void nap_three(void) {
  FRAME();
  nap(3);
  STAY();
}

static inline __attribute__((always_inline)) void dirty(int from, int count) {
  for (int i = from; i < from + count; ++i) pages[(size_t)i * kPageSize] = 2;
}
APART static void write_one(void) {
  FRAME();
  dirty(0, kPages / 6);
  STAY();
}
APART static void write_two(void) {
  FRAME();
  dirty(kPages / 6, kPages / 3);
  STAY();
}
APART static void write_three(void) {
  FRAME();
  dirty(kPages / 2, kPages / 2);
  STAY();
}

int main(int argc, char** argv) {
  burns = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
  pages = mmap(NULL, kPages * (size_t)kPageSize, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return 1;
  madvise(pages, kPages * (size_t)kPageSize, MADV_NOHUGEPAGE);
  memset(pages, 1, kPages * (size_t)kPageSize);
  for (int turn = 0; turn < kBurnTurns; ++turn) {
    burn_one();
    burn_two();
    burn_three();
  }
  nap_one();
  nap_two();
  nap_three();
  const pid_t child = fork();
  if (child == 0) {
    write_one();
    write_two();
    write_three();
    _exit(0);
  }
  return waitpid(child, NULL, 0) == child ? 0 : 1;
}
