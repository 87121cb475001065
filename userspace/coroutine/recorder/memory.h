/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's memory in this process: made when the library is loaded, mapped until the process
 * ends or calls exec. All of it is private to the library.
 */
#ifndef TRIPTYCH_CORO_RECORDER_MEMORY_H
#define TRIPTYCH_CORO_RECORDER_MEMORY_H

#include <pthread.h>
#include <triptych/coroutine.h>

/* Alone on a page that fork wipes in the child, so that a child knows that the slots which its
 * threads believe they have are the parent's, however it was made. */
struct triptych_coro_private {
  uint64_t generation; /* 0: not given yet */
};

struct triptych_coro_process {
  struct triptych_coro_header* header; /* null: not to be had */
  struct triptych_coro_private* private_page;
  uint64_t ring_mask; /* events of a ring, less one */
  pthread_key_t exit_key;
  int has_exit_key;
  int tid_in_thread; /* the C library keeps it where we think: no system call is needed */
};

extern struct triptych_coro_process triptych_coro_process;

uint32_t triptych_coro_own_tid(void);
uint64_t triptych_coro_kernel_clock(void);

static inline uint64_t triptych_coro_clock_now(void) {
  if (__builtin_expect(triptych_coro_process.header->clock == TRIPTYCH_CORO_CLOCK_TSC, 1)) {
    return __builtin_ia32_rdtsc();
  }
  return triptych_coro_kernel_clock();
}

static inline void* triptych_coro_at(uint64_t offset) {
  return (char*)triptych_coro_process.header + offset;
}

static inline struct triptych_coro_function_entry* triptych_coro_functions(void) {
  return (struct triptych_coro_function_entry*)triptych_coro_at(TRIPTYCH_CORO_HEADER_BYTES);
}

static inline struct triptych_coro_slot* triptych_coro_slot_at(uint32_t index) {
  return (struct triptych_coro_slot*)triptych_coro_at(triptych_coro_slots_offset() +
                                                      index * triptych_coro_slot_stride());
}

static inline struct triptych_coro_event* triptych_coro_ring_at(uint32_t index) {
  const uint64_t ring_bytes =
      (triptych_coro_process.ring_mask + 1) * sizeof(struct triptych_coro_event);
  return (struct triptych_coro_event*)triptych_coro_at(triptych_coro_rings_offset() +
                                                       index * ring_bytes);
}

/* The destructor of the exit key: gives the slot back. */
void triptych_coro_release_slot(void* slot);

#endif /* TRIPTYCH_CORO_RECORDER_MEMORY_H */
