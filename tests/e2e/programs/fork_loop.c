/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks, ends and reaps a child, again and again; prints the median time of one, in nanoseconds.
 * The plain loop that anyone would write to check the workload `create`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static int compare(const void* a, const void* b) {
  const long long x = *(const long long*)a;
  const long long y = *(const long long*)b;

  return (x > y) - (x < y);
}

int main(void) {
  enum { kTimes = 1000 };
  static long long taken[kTimes];
  int i;

  for (i = 0; i < kTimes; i++) {
    const long long start = now_ns();
    const pid_t child = fork();

    if (child == 0) _exit(0);
    if (child < 0 || waitpid(child, NULL, 0) != child) return 1;
    taken[i] = now_ns() - start;
  }
  qsort(taken, kTimes, sizeof(*taken), compare);
  printf("%lld\n", taken[kTimes / 2]);
  return 0;
}
