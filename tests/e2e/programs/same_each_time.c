/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the same each time: touches 1000 pages, reads 300 others and then writes to them; a child of
 * its own writes to 400 of the former; another one sleeps 30 times, between marks; the kernel
 * writes to 200 pages.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <triptych/mark.h>
#include <unistd.h>

enum { kPage = 4096, kTouched = 1000, kRead = 300, kCopied = 400, kSleeps = 30, kByKernel = 200 };

static volatile char sink;

static volatile char* map(size_t pages) {
  void* memory = mmap(0, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED) exit(2);
  /* Huge pages would make fewer faults than pages. */
  madvise(memory, pages * kPage, MADV_NOHUGEPAGE);
  return memory;
}

static void write_to(volatile char* memory, int pages) {
  int page;

  for (page = 0; page < pages; page++) memory[page * kPage] = 1;
}

static void sleeper(void) {
  const struct timespec time = {0, 2000000};
  int i;

  triptych_mark_begin("sleeps");
  for (i = 0; i < kSleeps; i++) nanosleep(&time, NULL);
  triptych_mark_end("sleeps");
}

static int child(const char* name, volatile char* touched) {
  int status = 1;
  const pid_t started = fork();

  if (started == 0) {
    prctl(PR_SET_NAME, name);
    if (touched != NULL) write_to(touched, kCopied);
    if (touched == NULL) sleeper();
    _exit(0);
  }
  return started < 0 || waitpid(started, &status, 0) != started ? 1 : status;
}

int main(void) {
  const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  volatile char* touched = map(kTouched);
  volatile char* read_first = map(kRead);
  volatile char* by_kernel = map(kByKernel);
  int page;

  write_to(touched, kTouched);
  for (page = 0; page < kRead; page++) sink = read_first[page * kPage];
  write_to(read_first, kRead);
  if (child("copier", touched) != 0 || child("sleeper", NULL) != 0) return 1;
  for (page = 0; page < kByKernel; page++) {
    if (read(zeros, (void*)(by_kernel + page * kPage), 1) != 1) return 1;
  }
  return 0;
}
