// SPDX-License-Identifier: Apache-2.0
#include "base/bounded_demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

struct text {
  char* to;
  size_t room;
  size_t letters;
  jmp_buf full;
};

// There is no other way to make it stop; what it has meanwhile is all on the stack.
static void take(const char* letters, size_t count, void* opaque) {
  struct text* text = opaque;
  if (count > text->room - text->letters) longjmp(text->full, 1);
  memcpy(text->to + text->letters, letters, count);
  text->letters += count;
}

size_t triptych_demangle_cpp(const char* mangled, char* to, size_t room) {
  struct text text = {.to = to, .room = room, .letters = 0};
  if (setjmp(text.full) != 0) return 0;
  const int is_name = cplus_demangle_v3_callback(mangled, DMGL_PARAMS | DMGL_TYPES, take, &text);
  return is_name ? text.letters : 0;
}
