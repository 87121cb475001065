// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Room for a record, the whole way: in one function, which each program is verified and compiled with
 * once. Records for which there is none are counted, and told in their place as soon as there is some. */
#include "lib/emit.bpf.h"

static __always_inline void count_lost(struct triptych_cpu_state *state, u32 class, u64 now)
{
	__sync_fetch_and_add(&state->lost[class], 1);
	__sync_fetch_and_add(&state->pending[class], 1);
	if (!state->pending_first_ns)
		state->pending_first_ns = now;
	state->pending_last_ns = now;
}

static __always_inline void tell_lost(struct triptych_cpu_state *state, u32 ring, u64 now)
{
	u64 begin = take(ring, room_for(sizeof(struct triptych_lost)));
	struct triptych_lost *lost;

	if (begin == RING_FULL)
		return;
	lost = ring_bytes_at(ring, begin, sizeof(*lost));
	if (!lost)
		return;
	fill_header(&lost->hdr, TRIPTYCH_EV_LOST, now, TRIPTYCH_TASK_NONE);
	lost->first_ns = state->pending_first_ns;
	lost->last_ns = state->pending_last_ns;
	state->pending_first_ns = 0;
	for (int i = 0; i < TRIPTYCH_LOSS_CLASSES; i++)
		lost->counts[i] = __sync_lock_test_and_set(&state->pending[i], 0);
	submit(&lost->hdr, sizeof(*lost));
}

__noinline u64 take_room(u32 class, u32 room, u64 now)
{
	struct triptych_cpu_state *state = this_cpu_state();
	u32 ring = this_ring();
	u64 begin;

	if (!state || class >= TRIPTYCH_LOSS_CLASSES)
		return RING_FULL;
	__sync_fetch_and_add(&state->produced[class], 1);
	if (state->pending_first_ns)
		tell_lost(state, ring, now);
	begin = take(ring, room);
	if (begin == RING_FULL)
		count_lost(state, class, now);
	return begin;
}
