/* SPDX-License-Identifier: Apache-2.0
 *
 * stacks ROUNDS: computes in one function and sleeps in another, each called from a third; then
 * makes processes that write to what they share. Says when it is ready, and waits for a line, given
 * "wait". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLED __attribute__((noinline, noclone))
#define PAGES 64

static volatile unsigned long sum;

/* What follows a call keeps it from being a jump. */
#define AFTER_THE_CALL __asm__ volatile("")

/* What calls nothing has no frame of its own, unless it asks for its address. */
#define WITH_A_FRAME __asm__ volatile("" ::"r"(__builtin_frame_address(0)))

CALLED void burn_in_a_loop(void) {
  WITH_A_FRAME;
  for (unsigned long i = 0; i < 2000000; i++) sum += i;
}

CALLED void sleep_for_a_while(void) {
  const struct timespec time = {0, 2000000};
  register long no_rest __asm__("r10") = 0;
  long result;

  /* Not by libc's function, which keeps no frame pointer: it would hide this one. */
  WITH_A_FRAME;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"((long)SYS_clock_nanosleep), "D"((long)CLOCK_MONOTONIC), "S"(0L),
                     "d"(&time), "r"(no_rest)
                   : "rcx", "r11", "memory");
}

CALLED void write_to_each(volatile char* pages) {
  for (int i = 0; i < PAGES; i++) pages[i * 4096]++;
  AFTER_THE_CALL;
}

CALLED void work_a_round(void) {
  burn_in_a_loop();
  sleep_for_a_while();
  AFTER_THE_CALL;
}

CALLED void make_a_child(volatile char* pages) {
  const pid_t child = fork();

  if (child == 0) {
    write_to_each(pages);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  AFTER_THE_CALL;
}

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1;
  char* pages =
      mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pages == MAP_FAILED) return 1;
  memset(pages, 1, PAGES * 4096);
  if (argc > 2 && strcmp(argv[2], "wait") == 0) {
    puts("ready");
    fflush(stdout);
    getchar();
  }
  for (int i = 0; i < rounds; i++) work_a_round();
  make_a_child(pages);
  return 0;
}
