/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phases PAGES: outside of the mark "touch" it touches 7 pages, inside it PAGES new ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <triptych/mark.h>

static int touch(size_t pages) {
  volatile char* memory =
      mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED) return -1;
  /* Huge pages would make fewer faults than pages. */
  if (madvise((void*)memory, pages * 4096, MADV_NOHUGEPAGE) != 0) return -1;
  for (size_t page = 0; page < pages; page++) memory[page * 4096] = 1;
  return 0;
}

int main(int argc, char** argv) {
  long pages = argc > 1 ? atol(argv[1]) : 0;

  if (pages <= 0) return 2;
  if (touch(7) != 0 || triptych_mark_begin("touch") != 0 || touch((size_t)pages) != 0 ||
      triptych_mark_end("touch") != 0 || touch(7) != 0) {
    perror("phases");
    return 1;
  }
  return 0;
}
