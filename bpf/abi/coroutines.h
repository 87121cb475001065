/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The records of coroutines: a part of the contract of events.h, by its rules. */
#ifndef TRIPTYCH_ABI_COROUTINES_H
#define TRIPTYCH_ABI_COROUTINES_H

#include "abi/events.h"

/* Coroutines. Whatever is in these records was said by the traced program itself. A space is one
 * process that has coroutines, a function one of their functions in one space's program: both are
 * serial numbers of the recording. What the kernel side writes has the address space's for a space; its
 * spaces and functions are told from the recorder's by TRIPTYCH_COROUTINE_KERNEL_SERIALS, which it adds. A
 * coroutine is known by its space and its id, which another one may have had before: CREATED begins a
 * new one. */
#define TRIPTYCH_COROUTINE_KERNEL_SERIALS 0x80000000u
#define TRIPTYCH_COROUTINE_KNOWN_FUNCTIONS 0xc0000000u /* added to functions whose names the loader found */
enum triptych_coroutine_source {
	TRIPTYCH_COROUTINE_RECORDER = 1, /* the library that the program links */
	TRIPTYCH_COROUTINE_USDT = 2,     /* markers in the program: uprobes on their nops */
	TRIPTYCH_COROUTINE_UPROBE = 3,   /* uprobes in the code of its runtime: it says nothing itself */
};
/* Whose coroutine it is. */
enum triptych_coroutine_runtime {
	TRIPTYCH_COROUTINE_RUNTIME_UNTOLD = 0,
	TRIPTYCH_COROUTINE_RUNTIME_CPP = 1, /* C++20 */
	TRIPTYCH_COROUTINE_RUNTIME_BOOST = 2,
	TRIPTYCH_COROUTINE_RUNTIME_UCONTEXT = 3,
	TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO = 4,
	TRIPTYCH_COROUTINE_RUNTIME_TRIO = 5,
	TRIPTYCH_COROUTINE_RUNTIME_GREENLET = 6,
	TRIPTYCH_COROUTINE_RUNTIME_TOKIO = 7,
	TRIPTYCH_COROUTINE_RUNTIME_FUNCTION =
	        8, /* a function that somebody named was entered: RESUMED, nothing else */
};
enum triptych_coroutine_what {
	TRIPTYCH_COROUTINE_CREATED = 1,
	TRIPTYCH_COROUTINE_RESUMED = 2,
	TRIPTYCH_COROUTINE_SUSPENDED = 3,
	TRIPTYCH_COROUTINE_FINISHED = 4,
	TRIPTYCH_COROUTINE_DESTROYED = 5,
	TRIPTYCH_COROUTINE_AWAITS = 6, /* it is suspended until `other` is done */
};
#define TRIPTYCH_COROUTINE_CLAMPED (1u << 0) /* its own time was not between the two drains */
/* It may be another one than the one that had this id before: nobody saw an end. */
#define TRIPTYCH_COROUTINE_GENERATION_UNKNOWN (1u << 1)
/* Of RESUMED: nobody watches the place where it gives its thread back, so that its SUSPENDED comes too late. */
#define TRIPTYCH_COROUTINE_END_UNSEEN (1u << 2)
/* It was created some time before: this is when it was first resumed. */
#define TRIPTYCH_COROUTINE_FIRST_SEEN (1u << 4)
struct triptych_coroutine {
	struct triptych_hdr hdr; /* hdr.task is the thread, 0: not known; hdr.cpu is 0 of a recorder's */
	__u64 id;
	__u64 other;
	__u32 space;
	__u32 function; /* 0: not known */
	__u8 what;      /* enum triptych_coroutine_what */
	__u8 source;    /* enum triptych_coroutine_source */
	__u16 flags;
	__u8 runtime; /* enum triptych_coroutine_runtime */
	__u8 reserved[3];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine) == 48, "coroutine is 48 bytes");

enum triptych_coroutine_clock {
	TRIPTYCH_COROUTINE_CLOCK_TSC = 1,
	TRIPTYCH_COROUTINE_CLOCK_MONOTONIC = 2,
};
#define TRIPTYCH_COROUTINE_FROM_START (1u << 0) /* it was watched before its first event */
struct triptych_coroutine_space {
	struct triptych_hdr hdr; /* hdr.task is the process's first thread, where it is known */
	__u64 ring_bytes;        /* of each thread; 0: it has none */
	__u32 space;
	__u32 tgid;
	__u32 forked_from; /* space of the process that it was forked from, 0: none, or not known */
	__u32 source;      /* enum triptych_coroutine_source */
	__u32 clock;       /* enum triptych_coroutine_clock */
	__u32 flags;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_space) == 48, "coroutine_space is 48 bytes");

#define TRIPTYCH_COROUTINE_NAME_LEN 112
struct triptych_coroutine_function {
	struct triptych_hdr hdr;
	__u64 address;
	__u32 function;
	__u32 line; /* 0: not known */
	char name[TRIPTYCH_COROUTINE_NAME_LEN];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_function) == 144, "coroutine_function is 144 bytes");

/* Counted apart from the events, by the program itself, of all spaces that share a memory. */
struct triptych_coroutine_totals {
	struct triptych_hdr hdr;
	__u64 created;
	__u64 resumed;
	__u64 suspended;
	__u64 finished;
	__u64 destroyed;
	__u64 mounted_ns; /* on top of its thread */
	__u32 space;      /* the first one of the memory */
	__u32 function;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_totals) == 72, "coroutine_totals is 72 bytes");

enum triptych_coroutine_loss {
	TRIPTYCH_COROUTINE_LOSS_RING = 1,    /* overwritten before they were read */
	TRIPTYCH_COROUTINE_LOSS_NO_RING = 2, /* the thread found no ring: not in the totals either */
	TRIPTYCH_COROUTINE_LOSS_DAMAGE = 3,  /* in a damaged part of the file, or of the memory */
	TRIPTYCH_COROUTINE_LOSS_KERNEL = 4,  /* the kernel side found no room in the CPU's ring */
	TRIPTYCH_COROUTINE_LOSS_BUDGET = 5,  /* the probes cost too much and are gone: none from here on */
	/* Nobody had answered for the recording for long, or another one ended: the program stopped writing for
	 * some time. How much is lost nobody has counted: 1. Since minor version 7. */
	TRIPTYCH_COROUTINE_LOSS_DISARMED = 6,
};
struct triptych_coroutine_lost {
	struct triptych_hdr hdr; /* hdr.task is the thread, 0: any */
	__u64 first_ns;
	__u64 last_ns;
	__u64 count;
	__u32 space;  /* 0: any */
	__u32 reason; /* enum triptych_coroutine_loss */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_lost) == 48, "coroutine_lost is 48 bytes");

/* Beside the thread's switch, a little before or after it. */
#define TRIPTYCH_COROUTINE_WAITS_FOR_GIL (1u << 0) /* for the lock of Python's interpreter */
struct triptych_coroutine_wait {
	struct triptych_hdr hdr; /* hdr.task is the thread */
	__u32 space;
	__u32 function; /* the innermost one, which the coroutine called; 0: not known */
	__u32 flags;
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_wait) == 32, "coroutine_wait is 32 bytes");

struct triptych_coroutine_file {
	struct triptych_hdr hdr;
	__u32 function;
	__u32 reserved;
	char name[TRIPTYCH_COROUTINE_NAME_LEN]; /* its end, when it is longer */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_file) == 136, "coroutine_file is 136 bytes");

/* One of the coroutines that coroutine `id`, which is suspended next, awaits without their being told of
 * themselves: depth 1 is awaited by it, depth 2 by that one, and so on. */
struct triptych_coroutine_inside {
	struct triptych_hdr hdr; /* hdr.task is the thread */
	__u64 id;
	__u32 space;
	__u32 function;
	__u32 depth;
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_coroutine_inside) == 40, "coroutine_inside is 40 bytes");

#endif
