// SPDX-License-Identifier: Apache-2.0
//
// Makes a function at run time, as a runtime with a compiler does, says in /tmp/perf-PID.map what
// it is called, and sleeps in it.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void sleeps(void) {
  const struct timespec a_while = {.tv_nsec = 2000000};
  nanosleep(&a_while, NULL);
}

int main(void) {
  // push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret
  static const unsigned char kCode[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
  unsigned char* code =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  memcpy(code + 64, kCode, sizeof kCode);
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
  FILE* map = fopen(path, "w");
  if (map == NULL) return 1;
  fprintf(map, "%lx %zx made_at_run_time\n", (unsigned long)(code + 64), sizeof kCode);
  if (fclose(map) != 0) return 1;
  void (*made)(void (*)(void)) = (void (*)(void (*)(void)))(code + 64);
  for (int i = 0; i < 10; ++i) made(sleeps);
  return 0;
}
