/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that a program with coroutines shares with whoever records it: one memfd, made when the
 * recorder library is loaded, sealed so that it neither shrinks nor grows. Who records reads it and
 * writes three things: `armed`, until when he answers for that, and the `state` of a slot whose thread
 * has ended.
 *
 *     header (one page) · functions · slots, one for each thread · rings, one for each slot
 *
 * Nothing that a reader finds in here can be believed: the program may write anything over it. The
 * layout is of version TRIPTYCH_CORO_VERSION: another one is another version.
 *
 * Programs include <triptych/coroutine.h> or <triptych/coroutine.hpp>, not this.
 */
#ifndef TRIPTYCH_CORO_MEMORY_H
#define TRIPTYCH_CORO_MEMORY_H

#include <stdint.h>

#define TRIPTYCH_CORO_MAGIC 0x6f726f6374707274ull /* "trptcoro" */
#define TRIPTYCH_CORO_VERSION 2u
#define TRIPTYCH_CORO_MEMFD "triptych-coroutine" /* its name, as /proc/PID/maps shows it */

/* Tells a program that it is being recorded: "1:BYTES:NAME", where BYTES is the size of each ring and
 * NAME an abstract unix datagram socket that takes the memfd. */
#define TRIPTYCH_CORO_ENVIRONMENT "TRIPTYCH_COROUTINE"

#define TRIPTYCH_CORO_HEADER_BYTES 4096u
#define TRIPTYCH_CORO_FUNCTIONS 4096u /* the first one stands for all that found no room */
#define TRIPTYCH_CORO_NAME_BYTES 112u
#define TRIPTYCH_CORO_SLOTS 256u
#define TRIPTYCH_CORO_DEPTH 64u /* coroutines that resume each other on one thread */
#define TRIPTYCH_CORO_RING_BYTES (4u << 20) /* unless the environment says another size */
#define TRIPTYCH_CORO_RING_BYTES_MIN 4096u
#define TRIPTYCH_CORO_RING_BYTES_MAX (1ull << 32)

enum triptych_coro_clock {
	TRIPTYCH_CORO_CLOCK_TSC = 1,
	TRIPTYCH_CORO_CLOCK_MONOTONIC = 2, /* ns: the kernel does not trust the TSC of this machine */
};

struct triptych_coro_header {
	uint64_t magic;
	uint32_t version;
	uint32_t clock; /* enum triptych_coro_clock */
	uint64_t total_bytes;
	uint64_t functions_offset;
	uint64_t slots_offset;
	uint64_t rings_offset;
	uint64_t ring_bytes; /* a power of two */
	uint64_t reserved[1];
	/* A line of its own: it is read at each event, and written when somebody comes or goes. */
	uint32_t armed; /* 0: nobody records; otherwise a number that changes when somebody begins */
	uint32_t reserved_armed;
	uint64_t armed_until; /* in units of the clock: an event later than that disarms the memory */
	uint64_t reserved_until[6];
	uint32_t slots_used;     /* slots beyond were never taken */
	uint32_t reserved_used;
	uint64_t no_slot_events; /* of threads that found no slot: neither recorded nor in the totals */
};

enum triptych_coro_function_state {
	TRIPTYCH_CORO_FUNCTION_FREE = 0,
	TRIPTYCH_CORO_FUNCTION_READY = 1,
};

struct triptych_coro_function_entry {
	uint64_t address; /* of its code, or whatever tells it from others; 0: free */
	uint32_t state;   /* enum triptych_coro_function_state */
	uint32_t line;    /* 0: not known */
	char name[TRIPTYCH_CORO_NAME_BYTES];
};

/* What happened while somebody recorded, whether its events are still in the ring or not. */
struct triptych_coro_totals {
	uint64_t created;
	uint64_t resumed;
	uint64_t suspended;
	uint64_t finished;
	uint64_t destroyed;
	uint64_t mounted; /* in units of the clock: on top of its thread */
};

struct triptych_coro_frame {
	uint64_t id;
	uint64_t function;
};

struct triptych_coro_slot {
	uint64_t head;       /* events ever written: the last is ring[(head - 1) % size] */
	uint64_t claim_head; /* `head` when the thread that has it now took it */
	uint32_t state;      /* 0: free */
	uint32_t tid;        /* of that thread, as it sees itself */
	uint64_t reserved[5];
	/* The rest is the writer's. */
	uint64_t since; /* when the coroutine on top got there */
	uint64_t last_stamp;
	uint64_t last_id;
	uint64_t next_id; /* gets control from last_id without anything in between */
	uint32_t armed;   /* of the header, when this thread last saw it */
	uint32_t depth;
	uint64_t reserved_own[3];
	struct triptych_coro_frame stack[TRIPTYCH_CORO_DEPTH];
	struct triptych_coro_totals totals[TRIPTYCH_CORO_FUNCTIONS];
};

/* what = id | function << 48 | kind << 60 */
struct triptych_coro_event {
	uint64_t stamp;
	uint64_t what;
};

enum triptych_coro_kind {
	TRIPTYCH_CORO_CREATED = 1,
	TRIPTYCH_CORO_RESUMED = 2,
	TRIPTYCH_CORO_SUSPENDED = 3,
	TRIPTYCH_CORO_FINISHED = 4,
	TRIPTYCH_CORO_DESTROYED = 5,
	TRIPTYCH_CORO_AWAITS = 6,  /* `stamp` is the id that it waits for; the time is the last one's */
	TRIPTYCH_CORO_THREAD = 15, /* the thread whose tid is `id` writes from here on */
};

#define TRIPTYCH_CORO_ID_BITS 48
#define TRIPTYCH_CORO_ID_MASK ((1ull << TRIPTYCH_CORO_ID_BITS) - 1)
#define TRIPTYCH_CORO_KIND_SHIFT 60

/* For how long who records answers at a time: 9 to 17 s of a TSC of 4 to 2 GHz, 10 s of the kernel's clock.
 * He does so again long before; but if he is killed, the program must not write for nobody for ever. When he
 * ends and another recording may be there, he leaves it this part of that time. */
#define TRIPTYCH_CORO_PARTING 16u
static inline uint64_t triptych_coro_lease(uint32_t clock)
{
	return clock == TRIPTYCH_CORO_CLOCK_TSC ? 1ull << 35 : 10000000000ull;
}

static inline uint64_t triptych_coro_align(uint64_t bytes)
{
	return (bytes + 4095u) & ~(uint64_t)4095u;
}

static inline uint64_t triptych_coro_slot_stride(void)
{
	return triptych_coro_align(sizeof(struct triptych_coro_slot));
}

static inline uint64_t triptych_coro_slots_offset(void)
{
	return TRIPTYCH_CORO_HEADER_BYTES +
	       triptych_coro_align(TRIPTYCH_CORO_FUNCTIONS *
				   sizeof(struct triptych_coro_function_entry));
}

static inline uint64_t triptych_coro_rings_offset(void)
{
	return triptych_coro_slots_offset() + TRIPTYCH_CORO_SLOTS * triptych_coro_slot_stride();
}

static inline uint64_t triptych_coro_total_bytes(uint64_t ring_bytes)
{
	return triptych_coro_rings_offset() + TRIPTYCH_CORO_SLOTS * ring_bytes;
}

#endif /* TRIPTYCH_CORO_MEMORY_H */
