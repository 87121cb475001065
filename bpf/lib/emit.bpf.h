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

/* Out of line: it is rare, and it keeps the programs small. */
static __noinline int count_lost(u32 class, u64 now)
{
	struct triptych_cpu_state *state = this_cpu_state();

	if (!state || class >= TRIPTYCH_LOSS_CLASSES)
		return 0;
	__sync_fetch_and_add(&state->lost[class], 1);
	__sync_fetch_and_add(&state->pending[class], 1);
	if (!state->pending_first_ns)
		state->pending_first_ns = now;
	state->pending_last_ns = now;
	return 0;
}

static __noinline int tell_lost(u64 now)
{
	struct triptych_cpu_state *state = this_cpu_state();
	u32 index = bpf_get_smp_processor_id() % ring_count;
	struct triptych_lost *lost;
	void *ring;

	ring = bpf_map_lookup_elem(&rings, &index);
	if (!state || !ring)
		return 0;
	lost = bpf_ringbuf_reserve(ring, sizeof(*lost), 0);
	if (!lost)
		return 0;
	fill_header(&lost->hdr, TRIPTYCH_EV_LOST, sizeof(*lost), now, TRIPTYCH_TASK_NONE);
	lost->first_ns = state->pending_first_ns;
	lost->last_ns = state->pending_last_ns;
	state->pending_first_ns = 0;
	for (int i = 0; i < TRIPTYCH_LOSS_CLASSES; i++)
		lost->counts[i] = __sync_lock_test_and_set(&state->pending[i], 0);
	bpf_ringbuf_submit(lost, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Room for one record of `size` bytes, or NULL. `exclusive` says that nothing on this CPU can interrupt
 * one count of the class with another: run-queue locks are held with interrupts off. */
static __always_inline void *reserve(u32 class, u32 size, u64 now, bool exclusive)
{
	struct triptych_cpu_state *state = this_cpu_state();
	u32 index = bpf_get_smp_processor_id();
	void *ring, *record;

	if (index >= ring_count) /* more CPUs than rings */
		index %= ring_count;
	if (!state)
		return 0;
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

static __always_inline void submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

#endif
