// SPDX-License-Identifier: Apache-2.0
//
// Forks kChildren times, one after the other. While a child lives, the parent writes kParentPages
// of the pages that they share and then the child writes kChildPages others: that many copies each,
// and the few pages of stack and data that either writes besides. check_recordings.py knows the
// numbers.
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <triptych/mark.h>
#include <unistd.h>

enum { kChildren = 20, kPages = 256, kParentPages = 32, kChildPages = 100, kPageSize = 4096 };

static void write_pages(volatile char* pages, int from, int count) {
  for (int page = from; page < from + count; page++) pages[(size_t)page * kPageSize] = 1;
}

static void fork_and_write(volatile char* pages) {
  int parent_is_done[2];
  char byte = 0;
  if (pipe(parent_is_done) != 0) exit(1);
  const pid_t child = fork();
  if (child < 0) exit(1);
  if (child == 0) {
    if (read(parent_is_done[0], &byte, 1) != 1) _exit(1);
    write_pages(pages, kParentPages, kChildPages);
    _exit(0);
  }
  write_pages(pages, 0, kParentPages);
  int status = 0;
  if (write(parent_is_done[1], &byte, 1) != 1 || waitpid(child, &status, 0) != child) exit(1);
  if (status != 0) exit(1);
  close(parent_is_done[0]);
  close(parent_is_done[1]);
}

int main(void) {
  // On one CPU two processes cannot take a fault on the same page at once, which would copy it
  // twice.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0) return 1;

  char* pages = mmap(NULL, (size_t)kPages * kPageSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return 1;
  if (madvise(pages, (size_t)kPages * kPageSize, MADV_NOHUGEPAGE) != 0) return 1;
  write_pages(pages, 0, kPages);
  triptych_mark_begin("forks");
  for (int i = 0; i < kChildren; i++) fork_and_write(pages);
  triptych_mark_end("forks");
  return 0;
}
