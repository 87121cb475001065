// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Records for which there was no room: counted, and told in their place as soon as there is some. */
#include "lib/emit.bpf.h"

/* No room was found for a record. */
__noinline int count_lost(u32 class, u64 now)
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

/* There may be room again. */
__noinline int tell_lost(u64 now)
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
