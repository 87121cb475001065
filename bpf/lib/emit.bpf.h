/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records into the CPU's ring. Each attempt is counted as produced; one that finds no room is counted
 * as lost, by class, and told in its place by a LOST record as soon as there is room again.
 *
 * Submitting never wakes the reader (1.4 us a time): it drains on a timer.
 */
#ifndef TRIPTYCH_EMIT_BPF_H
#define TRIPTYCH_EMIT_BPF_H

#include "lib/maps.bpf.h"

static __always_inline struct triptych_cpu_state *this_cpu_state(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_states, &zero);
}

static __always_inline void fill_header(struct triptych_hdr *hdr, u8 kind, u32 size, u64 now, u32 task)
{
	hdr->ts_ns = now;
	hdr->task = task;
	hdr->cpu = bpf_get_smp_processor_id();
	hdr->kind = kind;
	hdr->size8 = size / 8;
}

/* Global functions, in loss.bpf.c: rare, and verified once instead of at each call. */
int count_lost(u32 class, u64 now);
int tell_lost(u64 now);

/* Room for one record of `size` bytes, or NULL. `state` is this CPU's. `exclusive` says that nothing on
 * this CPU can interrupt one count of the class with another: run-queue locks are held with interrupts
 * off. */
static __always_inline void *reserve_on(struct triptych_cpu_state *state, u32 class, u32 size, u64 now,
                                        bool exclusive)
{
	u32 index = bpf_get_smp_processor_id();
	void *ring, *record;

	if (index >= ring_count) /* more CPUs than rings */
		index %= ring_count;
	if (exclusive)
		state->produced[class]++;
	else
		__sync_fetch_and_add(&state->produced[class], 1);
	if (state->pending_first_ns)
		tell_lost(now);
	ring = bpf_map_lookup_elem(&rings, &index);
	if (!ring)
		return 0;
	record = bpf_ringbuf_reserve(ring, size, 0);
	if (!record)
		count_lost(class, now);
	return record;
}

static __always_inline void *reserve(u32 class, u32 size, u64 now)
{
	struct triptych_cpu_state *state = this_cpu_state();

	return state ? reserve_on(state, class, size, now, false) : 0;
}

static __always_inline void submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

#endif
