// SPDX-License-Identifier: Apache-2.0
//
// A function with a nop of five bytes, which keeps a word below its stack pointer meanwhile. The
// program prints where its file has the nop, waits for a line, calls the function many times, then
// once in a forked child, and prints the first byte of the nop by then, how often the word was
// another one, and the signal that ended the child, or 0.
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

__asm__(
    ".text\n"
    "keeps:\n"
    "  movq $1234, -16(%rsp)\n"
    "  movq $1234, -8(%rsp)\n"
    "the_nop:\n"
    "  .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"
    "  movq -16(%rsp), %rax\n"
    "  cmpq -8(%rsp), %rax\n"
    "  jne 1f\n"
    "  cmpq $1234, %rax\n"
    "  jne 1f\n"
    "  xorl %eax, %eax\n"
    "  ret\n"
    "1: movl $1, %eax\n"
    "  ret\n");
extern int keeps(void);
extern unsigned char the_nop[];

static unsigned long offset_in_file(void) {
  FILE* maps = fopen("/proc/self/maps", "r");
  unsigned long begin, end, offset;

  while (maps && fscanf(maps, "%lx-%lx %*s %lx%*[^\n]", &begin, &end, &offset) == 3) {
    if ((unsigned long)the_nop >= begin && (unsigned long)the_nop < end) {
      fclose(maps);
      return offset + ((unsigned long)the_nop - begin);
    }
  }
  return 0;
}

int main(void) {
  int changed = 0, status = 0;

  prctl(PR_SET_DUMPABLE, 0);  // no core
  printf("%lu\n", offset_in_file());
  fflush(stdout);
  if (getchar() == EOF) return 1;
  for (int i = 0; i < 5000; ++i) changed += keeps();
  const pid_t child = fork();
  if (child == 0) {
    keeps();
    _exit(0);
  }
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  printf("%d %d %d\n", *(volatile unsigned char*)the_nop, changed,
         WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}
