// SPDX-License-Identifier: Apache-2.0
//
// Two processes that wake each other, each time at the end of another path of calls, out of
// 2^DEPTH: many_paths ROUNDS DEPTH. What they do at each end is a write to a pipe and a read.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int from, to;
static volatile int after_the_call;

static void take_turns(void) {
  char token = 0;
  if (write(to, &token, 1) != 1 || read(from, &token, 1) != 1) _exit(0);
}

__attribute__((noinline)) static void odd(uint64_t bits, int depth);
__attribute__((noinline)) static void even(uint64_t bits, int depth);

static void go_on(uint64_t bits, int depth) {
  if (depth == 0) {
    take_turns();
  } else if (bits & 1) {
    odd(bits >> 1, depth - 1);
  } else {
    even(bits >> 1, depth - 1);
  }
}
static void odd(uint64_t bits, int depth) {
  go_on(bits, depth);
  ++after_the_call;
}
static void even(uint64_t bits, int depth) {
  go_on(bits, depth);
  ++after_the_call;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const long rounds = atol(arguments[1]);
  const int depth = atoi(arguments[2]);
  int there[2], back[2];
  if (pipe(there) != 0 || pipe(back) != 0) return 1;
  const pid_t child = fork();
  if (child < 0) return 1;
  from = child ? back[0] : there[0];
  to = child ? there[1] : back[1];
  close(child ? there[0] : back[0]);
  close(child ? back[1] : there[1]);
  uint64_t random = 88172645463325252u + (child != 0);
  for (long i = 0; i < rounds; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    even(random, depth);
  }
  close(to);
  if (child) wait(NULL);
  return 0;
}
