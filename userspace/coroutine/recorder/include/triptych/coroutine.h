/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the coroutines, fibers or tasks of a program visible to `triptych record`, on one time line
 * with the kernel's own events. C99 or C++; link with libtriptych_coroutine. For C++20's coroutines
 * there is <triptych/coroutine.hpp>.
 *
 *     uint32_t fn = triptych_coro_function((void *)worker, "worker", 0);
 *     triptych_coro_create((uintptr_t)fiber, fn);
 *     triptych_coro_resume((uintptr_t)fiber, fn);     before its first or next instruction
 *     triptych_coro_suspend((uintptr_t)fiber, fn);    before it gives control away
 *     triptych_coro_transfer((uintptr_t)a, fn_a, (uintptr_t)b, fn_b);    instead of suspend and resume
 *     triptych_coro_finish((uintptr_t)fiber, fn);     it will not run again
 *     triptych_coro_destroy((uintptr_t)fiber, fn);    its memory goes; the id may be used again
 *
 * While nobody records, each call is a load and a branch. While somebody does, it writes 16 bytes
 * into memory that triptych reads: no system call, no lock, no allocation. What does not fit is
 * counted.
 *
 * An id is any number from 1 to 2^48 - 1 that tells living coroutines of the process apart, such as an
 * address; one that is created anew is another coroutine. Call them on the thread that the coroutine runs
 * on; not from signal handlers. A program that has forbidden itself to read the TSC (seccomp's old strict
 * mode, PR_SET_TSC) dies of reading it: record such a one with --coroutines off.
 */
#ifndef TRIPTYCH_CORO_H
#define TRIPTYCH_CORO_H

#include <triptych/coroutine_memory.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Where the header's `armed` is; a constant 0 where the memory could not be had. */
extern const volatile uint32_t *triptych_coro_armed;

/* A number for a coroutine's function, the same for the same address (not 0), for the functions
 * below. It can be asked for at any time and costs some nanoseconds. 0 when there are too many. */
uint32_t triptych_coro_function(const void *address, const char *name, uint32_t line);

/* 1 when a recording can see this program's coroutines, 0 when the memory could not be had. */
int triptych_coro_available(void);

/* What the inline functions below call while somebody records. */
void triptych_coro_write_created(uint64_t id, uint32_t function);
void triptych_coro_write_resumed(uint64_t id, uint32_t function);
void triptych_coro_write_suspended(uint64_t id, uint32_t function);
void triptych_coro_write_finished(uint64_t id, uint32_t function);
void triptych_coro_write_destroyed(uint64_t id, uint32_t function);
void triptych_coro_write_transfer(uint64_t from, uint32_t from_function, uint64_t to,
				  uint32_t to_function);
void triptych_coro_write_gives_way(uint64_t from, uint64_t to);
void triptych_coro_write_awaits(uint64_t id, uint32_t function, uint64_t awaited);

#pragma GCC visibility pop

static inline int triptych_coro_is_armed(void)
{
	return __builtin_expect(*triptych_coro_armed != 0, 0) != 0;
}

static inline void triptych_coro_create(uint64_t id, uint32_t function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_created(id, function);
}

static inline void triptych_coro_resume(uint64_t id, uint32_t function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_resumed(id, function);
}

static inline void triptych_coro_suspend(uint64_t id, uint32_t function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_suspended(id, function);
}

static inline void triptych_coro_finish(uint64_t id, uint32_t function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_finished(id, function);
}

static inline void triptych_coro_destroy(uint64_t id, uint32_t function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_destroyed(id, function);
}

/* `from` is suspended and `to` resumed in one moment: one reading of the clock serves both. */
static inline void triptych_coro_transfer(uint64_t from, uint32_t from_function, uint64_t to,
					  uint32_t to_function)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_transfer(from, from_function, to, to_function);
}

/* Right after `from` was suspended or finished: control goes straight to `to`, which calls resume. */
static inline void triptych_coro_gives_way(uint64_t from, uint64_t to)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_gives_way(from, to);
}

/* Right after `id` was suspended: what it waits for, where that is a coroutine. */
static inline void triptych_coro_await(uint64_t id, uint32_t function, uint64_t awaited)
{
	if (triptych_coro_is_armed())
		triptych_coro_write_awaits(id, function, awaited);
}

#ifdef __cplusplus
}
#endif

#endif /* TRIPTYCH_CORO_H */
