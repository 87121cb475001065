// SPDX-License-Identifier: Apache-2.0
//
// What happens at an event while somebody records. Each thread writes into a slot and a ring of its
// own, the oldest event is overwritten, and who reads keeps his place himself: nobody waits for
// anybody.
#include <string.h>

#include "coroutine/recorder/memory.h"

#define HOT __attribute__((hot))
#define COLD __attribute__((cold, noinline))

// Initial-exec: an ordinary thread-local variable of a shared library may be allocated at its first
// use.
struct own {
  struct triptych_coro_slot* slot; /* null: not taken yet, or none was free */
  struct triptych_coro_event* ring;
  uint64_t generation; /* of the process that it was taken in */
};
static __thread __attribute__((tls_model("initial-exec"))) struct own own;

static inline uint64_t event_word(uint32_t kind, uint64_t id, uint32_t function) {
  return (id & TRIPTYCH_CORO_ID_MASK) |
         (uint64_t)(function & (TRIPTYCH_CORO_FUNCTIONS - 1)) << TRIPTYCH_CORO_ID_BITS |
         (uint64_t)kind << TRIPTYCH_CORO_KIND_SHIFT;
}

static inline __attribute__((always_inline)) void put(struct triptych_coro_slot* slot,
                                                      uint64_t stamp, uint64_t word) {
  const uint64_t head = slot->head;
  struct triptych_coro_event* event = &own.ring[head & triptych_coro_process.ring_mask];
  // A reader that sees `head` sees the event; one that sees the event being overwritten sees that
  // `head` has come around.
  __atomic_store_n(&event->stamp, stamp, __ATOMIC_RELAXED);
  __atomic_store_n(&event->what, word, __ATOMIC_RELAXED);
  __atomic_store_n(&slot->head, head + 1, __ATOMIC_RELEASE);
}

// The generation of this process, which is no other's: a child begins with a wiped page.
static uint64_t own_generation(void) {
  uint64_t* generation = &triptych_coro_process.private_page->generation;
  uint64_t found = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
  if (found != 0) return found;
  const uint64_t fresh = __builtin_ia32_rdtsc() | 1;
  if (__atomic_compare_exchange_n(generation, &found, fresh, 0, __ATOMIC_ACQ_REL,
                                  __ATOMIC_ACQUIRE)) {
    return fresh;
  }
  return found;
}

static void claim(struct triptych_coro_slot* slot, uint32_t index) {
  struct triptych_coro_header* header = triptych_coro_process.header;
  uint32_t used = __atomic_load_n(&header->slots_used, __ATOMIC_RELAXED);
  while (used <= index && !__atomic_compare_exchange_n(&header->slots_used, &used, index + 1, 0,
                                                       __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  own.slot = slot;
  own.ring = triptych_coro_ring_at(index);
  const uint32_t tid = triptych_coro_own_tid();
  slot->depth = 0;
  slot->armed = __atomic_load_n(&header->armed, __ATOMIC_RELAXED);
  slot->last_id = slot->next_id = 0;
  __atomic_store_n(&slot->tid, tid, __ATOMIC_RELAXED);
  __atomic_store_n(&slot->claim_head, slot->head, __ATOMIC_RELEASE);
  slot->last_stamp = triptych_coro_clock_now();
  put(slot, slot->last_stamp, event_word(TRIPTYCH_CORO_THREAD, tid, 0));
  if (triptych_coro_process.has_exit_key) pthread_setspecific(triptych_coro_process.exit_key, slot);
}

static COLD struct triptych_coro_slot* take_slot(void) {
  own.slot = NULL;
  own.generation = own_generation();
  for (uint32_t index = 0; index < TRIPTYCH_CORO_SLOTS; ++index) {
    struct triptych_coro_slot* slot = triptych_coro_slot_at(index);
    uint32_t is_free = 0;
    if (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) == 0 &&
        __atomic_compare_exchange_n(&slot->state, &is_free, 1, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
      claim(slot, index);
      return slot;
    }
  }
  return NULL;
}

void triptych_coro_release_slot(void* slot) {
  // A child runs this for what its parent's thread took: that is not its own to give back.
  if (own.slot != slot || own.generation != own_generation()) return;
  own.slot = NULL;
  own.generation = 0;
  __atomic_store_n(&((struct triptych_coro_slot*)slot)->state, 0, __ATOMIC_RELEASE);
}

static COLD void count_no_slot(void) {
  __atomic_fetch_add(&triptych_coro_process.header->no_slot_events, 1, __ATOMIC_RELAXED);
}

// This thread's slot, or null where there is none; begins anew when somebody else records.
static inline struct triptych_coro_slot* enter(void) {
  struct triptych_coro_slot* slot = own.slot;
  const uint64_t generation =
      __atomic_load_n(&triptych_coro_process.private_page->generation, __ATOMIC_RELAXED);
  if (__builtin_expect(slot == NULL || own.generation != generation, 0)) {
    slot = take_slot();
    if (slot == NULL) {
      count_no_slot();
      return NULL;
    }
  }
  const uint32_t armed = __atomic_load_n(triptych_coro_armed, __ATOMIC_RELAXED);
  if (__builtin_expect(slot->armed != armed, 0)) {
    slot->armed = armed;
    slot->depth = 0;
    slot->last_id = slot->next_id = 0;
  }
  return slot;
}

// Nobody answers for the recording any more: it was killed, or stands still. This event is written
// all the same.
static COLD void disarm(uint64_t stamp) {
  struct triptych_coro_header* header = triptych_coro_process.header;
  uint32_t armed = __atomic_load_n(&header->armed, __ATOMIC_ACQUIRE);
  if (armed == 0 || stamp <= __atomic_load_n(&header->armed_until, __ATOMIC_RELAXED)) return;
  __atomic_compare_exchange_n(&header->armed, &armed, 0, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static inline uint64_t stamp_now(void) {
  const uint64_t stamp = triptych_coro_clock_now();
  const uint64_t until =
      __atomic_load_n(&triptych_coro_process.header->armed_until, __ATOMIC_RELAXED);
  if (__builtin_expect(stamp > until, 0)) disarm(stamp);
  return stamp;
}

static inline void write_event(struct triptych_coro_slot* slot, uint32_t kind, uint64_t stamp,
                               uint64_t id, uint32_t function) {
  slot->last_stamp = stamp;
  slot->last_id = id;
  slot->next_id = 0;
  put(slot, stamp, event_word(kind, id, function));
}

static inline struct triptych_coro_totals* totals_of(struct triptych_coro_slot* slot,
                                                     uint64_t function) {
  return &slot->totals[function & (TRIPTYCH_CORO_FUNCTIONS - 1)];
}

// Totals have one writer; a reader must only never see half of one.
static inline void add(uint64_t* total, uint64_t amount) {
  __atomic_store_n(total, *total + amount, __ATOMIC_RELAXED);
}

static inline void charge_top(struct triptych_coro_slot* slot, uint64_t stamp) {
  if (slot->depth != 0) {
    const uint32_t top =
        (slot->depth <= TRIPTYCH_CORO_DEPTH ? slot->depth : TRIPTYCH_CORO_DEPTH) - 1;
    add(&totals_of(slot, slot->stack[top].function)->mounted, stamp - slot->since);
  }
  slot->since = stamp;
}

static inline void push(struct triptych_coro_slot* slot, uint64_t stamp, uint64_t id,
                        uint32_t function) {
  charge_top(slot, stamp);
  if (slot->depth < TRIPTYCH_CORO_DEPTH) {
    slot->stack[slot->depth].id = id;
    slot->stack[slot->depth].function = function;
  }
  ++slot->depth;
}

// Not on top: those above were left by an exception. Not there: it was mounted before the
// recording.
static COLD void pop_below(struct triptych_coro_slot* slot, uint64_t id) {
  if (slot->depth > TRIPTYCH_CORO_DEPTH) {
    --slot->depth;
    return;
  }
  for (uint32_t depth = slot->depth; depth-- > 0;) {
    if (slot->stack[depth].id == id) {
      slot->depth = depth;
      return;
    }
  }
}

static inline void pop(struct triptych_coro_slot* slot, uint64_t stamp, uint64_t id) {
  charge_top(slot, stamp);
  const uint32_t depth = slot->depth;
  if (__builtin_expect(depth - 1 < TRIPTYCH_CORO_DEPTH && slot->stack[depth - 1].id == id, 1)) {
    slot->depth = depth - 1;
  } else {
    pop_below(slot, id);
  }
}

HOT void triptych_coro_write_created(uint64_t id, uint32_t function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  add(&totals_of(slot, function)->created, 1);
  write_event(slot, TRIPTYCH_CORO_CREATED, stamp_now(), id, function);
}

HOT void triptych_coro_write_resumed(uint64_t id, uint32_t function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  const uint64_t stamp = slot->next_id == id && id != 0 ? slot->last_stamp : stamp_now();
  add(&totals_of(slot, function)->resumed, 1);
  push(slot, stamp, id, function);
  write_event(slot, TRIPTYCH_CORO_RESUMED, stamp, id, function);
}

HOT void triptych_coro_write_suspended(uint64_t id, uint32_t function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  const uint64_t stamp = stamp_now();
  add(&totals_of(slot, function)->suspended, 1);
  pop(slot, stamp, id);
  write_event(slot, TRIPTYCH_CORO_SUSPENDED, stamp, id, function);
}

HOT void triptych_coro_write_finished(uint64_t id, uint32_t function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  const uint64_t stamp = stamp_now();
  add(&totals_of(slot, function)->finished, 1);
  pop(slot, stamp, id);
  write_event(slot, TRIPTYCH_CORO_FINISHED, stamp, id, function);
}

HOT void triptych_coro_write_destroyed(uint64_t id, uint32_t function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  const uint64_t stamp = stamp_now();
  add(&totals_of(slot, function)->destroyed, 1);
  // Mounted still: an exception left it.
  if (slot->depth != 0 && slot->depth <= TRIPTYCH_CORO_DEPTH &&
      slot->stack[slot->depth - 1].id == id) {
    pop(slot, stamp, id);
  }
  write_event(slot, TRIPTYCH_CORO_DESTROYED, stamp, id, function);
}

HOT void triptych_coro_write_transfer(uint64_t from, uint32_t from_function, uint64_t to,
                                      uint32_t to_function) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) {
    count_no_slot();  // two events, one of which enter has counted
    return;
  }
  const uint64_t stamp = stamp_now();
  add(&totals_of(slot, from_function)->suspended, 1);
  add(&totals_of(slot, to_function)->resumed, 1);
  pop(slot, stamp, from);
  write_event(slot, TRIPTYCH_CORO_SUSPENDED, stamp, from, from_function);
  push(slot, stamp, to, to_function);
  write_event(slot, TRIPTYCH_CORO_RESUMED, stamp, to, to_function);
}

void triptych_coro_write_gives_way(uint64_t from, uint64_t to) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  // Something else has happened in between: the time of the suspension is too old to serve.
  if (slot->last_id == (from & TRIPTYCH_CORO_ID_MASK) || slot->last_id == from) slot->next_id = to;
}

HOT void triptych_coro_write_awaits(uint64_t id, uint32_t function, uint64_t awaited) {
  struct triptych_coro_slot* slot = enter();
  if (slot == NULL) return;
  put(slot, awaited & TRIPTYCH_CORO_ID_MASK, event_word(TRIPTYCH_CORO_AWAITS, id, function));
}

uint32_t triptych_coro_function(const void* address, const char* name, uint32_t line) {
  const uint64_t key = (uint64_t)address;
  if (triptych_coro_process.header == NULL || key == 0) return 0;
  struct triptych_coro_function_entry* functions = triptych_coro_functions();
  uint32_t index = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 52);
  for (uint32_t tries = 0; tries < TRIPTYCH_CORO_FUNCTIONS; ++tries) {
    index = (index + 1) % TRIPTYCH_CORO_FUNCTIONS;
    if (index == 0) continue;
    struct triptych_coro_function_entry* entry = &functions[index];
    uint64_t found = __atomic_load_n(&entry->address, __ATOMIC_ACQUIRE);
    if (found == key) return index;
    if (found != 0) continue;
    if (!__atomic_compare_exchange_n(&entry->address, &found, key, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
      if (found == key) return index;
      continue;
    }
    if (name != NULL) {
      memcpy(entry->name, name, strnlen(name, sizeof entry->name - 1));
    }
    entry->line = line;
    __atomic_store_n(&entry->state, TRIPTYCH_CORO_FUNCTION_READY, __ATOMIC_RELEASE);
    return index;
  }
  return 0;
}
