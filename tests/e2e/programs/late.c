// SPDX-License-Identifier: Apache-2.0
//
// A program that has nothing in itself: all is in a library, whose `int late_main(int, char **)`
// (of C++) it calls.
//
//     late LOAD_MS CALL_MS LIBRARY WORDS…   loads it LOAD_MS after its start and calls it CALL_MS
//     later linked CALL_MS WORDS…                 compiled with LINKED: it is loaded at the start
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef int entry(int count, char** words);

static void wait_ms(const char* text) {
  const long ms = atol(text);
  const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

  nanosleep(&time, NULL);
}

#ifdef LINKED

int late_main(int count, char** words) __asm__("_Z9late_mainiPPc");

int main(int count, char** words) {
  if (count < 2) return 2;
  wait_ms(words[1]);
  return late_main(count - 1, words + 1);
}

#else

int main(int count, char** words) {
  void* library;
  entry* call;

  if (count < 4) return 2;
  wait_ms(words[1]);
  library = dlopen(words[3], RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  *(void**)&call = dlsym(library, "_Z9late_mainiPPc");
  if (!call) return 1;
  wait_ms(words[2]);
  return call(count - 3, words + 3);
}

#endif
