/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of functions without frame pointers, at the end of which it sleeps. What follows each
 * call keeps it from being a jump. */
#include <stdlib.h>
#include <time.h>

#ifdef __clang__
#define A_FUNCTION __attribute__((noinline))
#else
#define A_FUNCTION __attribute__((noinline, noclone))
#endif

static volatile int called;

A_FUNCTION void c_sleeps(void) {
  const struct timespec a_while = {0, 2000000};
  nanosleep(&a_while, 0);
  called++;
}

A_FUNCTION void b_calls_c(void) {
  c_sleeps();
  called++;
}

A_FUNCTION void a_calls_b(void) {
  b_calls_c();
  called++;
}

/* Each of them takes a KiB of stack. */
A_FUNCTION void deeper(int levels) {
  volatile char room[1000];
  room[0] = 1;
  if (levels <= 1)
    a_calls_b();
  else
    deeper(levels - 1);
  called += room[0];
}

static inline __attribute__((always_inline)) void d_is_inlined(void) {
  a_calls_b();
  called++;
}

int main(int argc, char** argv) {
  const int times = argc > 1 ? atoi(argv[1]) : 1;
  const int levels = argc > 2 ? atoi(argv[2]) : 0;
  for (int i = 0; i < times; i++) {
    if (levels > 0)
      deeper(levels);
    else
      d_is_inlined();
  }
  return 0;
}
