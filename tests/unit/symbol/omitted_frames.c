/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of functions that keep no frame pointer. What follows each call keeps it from being a
 * jump. */
#include "omitted_frames.h"

#ifdef __clang__
#define A_FUNCTION __attribute__((noinline))
#else
#define A_FUNCTION __attribute__((noinline, noclone))
#endif

static volatile int called;

A_FUNCTION int omitted_inner(omitted_leaf leaf, void* argument) {
  volatile char room[200];
  room[0] = 1;
  leaf(argument);
  return called += room[0];
}

A_FUNCTION int omitted_middle(omitted_leaf leaf, void* argument) {
  return omitted_inner(leaf, argument) + ++called;
}

A_FUNCTION int omitted_outer(omitted_leaf leaf, void* argument) {
  return omitted_middle(leaf, argument) + ++called;
}
