/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records into the CPU's ring. Each attempt is counted as produced; one that finds no room is counted
 * as lost, by class, and told in its place by a LOST record as soon as there is room again.
 */
#ifndef TRIPTYCH_EMIT_BPF_H
#define TRIPTYCH_EMIT_BPF_H

#include "lib/ring.bpf.h"

static __always_inline struct triptych_cpu_state *this_cpu_state(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_states, &zero);
}

static __always_inline void fill_header(struct triptych_hdr *hdr, u8 kind, u64 now, u32 task)
{
	hdr->ts_ns = now;
	hdr->task = task;
	hdr->cpu = bpf_get_smp_processor_id();
	hdr->kind = kind;
}

/* take(), counted: produced, and if there is no room, lost. A global function, in emit.bpf.c: verified
 * once instead of at each call. */
u64 take_room(u32 class, u32 room, u64 now);

/* Room for one record of `size` bytes, all zero, or NULL; to be submitted or discarded. */
static __always_inline void *reserve(u32 class, u32 size, u64 now)
{
	u64 begin = take_room(class, room_for(size), now);

	return begin == RING_FULL ? 0 : ring_bytes_at(this_ring(), begin, room_for(size));
}

/* The same for a program that nothing on this CPU can interrupt with another: run-queue locks are held
 * with interrupts off. `state` is this CPU's. */
static __always_inline void *reserve_alone(struct triptych_cpu_state *state, u32 class, u32 size, u64 now)
{
	u64 begin;

	if (ring_count != cpu_count || state->pending_first_ns)
		return reserve(class, size, now);
	begin = take_alone(this_ring(), room_for(size));
	if (begin == RING_FULL)
		return reserve(class, size, now);
	state->produced[class]++;
	return ring_bytes_at(this_ring(), begin, room_for(size));
}

/* Room for a record of no class: who calls counts what finds none. */
static __always_inline void *reserve_uncounted(u32 size)
{
	u32 ring = this_ring();
	u64 begin = take(ring, room_for(size));

	return begin == RING_FULL ? 0 : ring_bytes_at(ring, begin, room_for(size));
}

#endif
