// SPDX-License-Identifier: Apache-2.0
//
// Makes a function at run time, as a runtime with a compiler does, says in /tmp/perf-PID.map what
// it is called, and sleeps in it: made_code. Or computes in it, for so many milliseconds of CPU
// time, and says it in another file: made_code MILLISECONDS [FILE].
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret
static const unsigned char kCalls[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
// push %rbp; mov %rsp,%rbp; 1: dec %rdi; jne 1b; pop %rbp; ret
static const unsigned char kCounts[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xff,
                                        0xcf, 0x75, 0xfb, 0x5d, 0xc3};

static void sleeps(void) {
  const struct timespec a_while = {.tv_nsec = 2000000};
  nanosleep(&a_while, NULL);
}

static long used_ms(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static int say(const char* path, const unsigned char* code, size_t size) {
  FILE* map = fopen(path, "w");
  if (map == NULL) return -1;
  fprintf(map, "%lx %zx made_at_run_time\n", (unsigned long)code, size);
  return fclose(map);
}

int main(int count, char** arguments) {
  const long milliseconds = count > 1 ? atol(arguments[1]) : 0;
  unsigned char* page =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 1;
  unsigned char* code = page + 64;
  const size_t size = milliseconds != 0 ? sizeof kCounts : sizeof kCalls;
  memcpy(code, milliseconds != 0 ? kCounts : kCalls, size);
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
  if (say(count > 2 ? arguments[2] : path, code, size) != 0) return 1;
  if (milliseconds != 0) {
    void (*made)(unsigned long) = (void (*)(unsigned long))code;
    while (used_ms() < milliseconds) made(1000000);
  } else {
    void (*made)(void (*)(void)) = (void (*)(void (*)(void)))code;
    for (int i = 0; i < 10; ++i) made(sleeps);
  }
  return 0;
}
