/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Room in the CPU's ring. The map `ring_data` holds the rings one after another, each of `ring_blocks`
 * blocks; no record lies across two. Bytes without a record are zero: a record is there once its
 * header's size8, which is written last, is not. User space clears what it has read, then moves the tail.
 *
 * A ring of our own, because the kernel's ring buffer takes a lock for each record, which nobody else
 * wants here, and a call to give out the room and one to say that it is filled.
 *
 * Nothing wakes the reader (1.4 us a time): it drains on a timer.
 */
#ifndef TRIPTYCH_RING_BPF_H
#define TRIPTYCH_RING_BPF_H

#include "lib/maps.bpf.h"

#define RING_FULL (~0ull)

/* To lose the race for room takes an interrupt, or another task, within two or three instructions; to lose
 * it twice is counted as a lost record. Each attempt costs 2 ms of the verifier's time. */
#define RING_ATTEMPTS 2

static __always_inline u32 this_ring(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return cpu < ring_count ? cpu : cpu % ring_count; /* more CPUs than rings */
}

static __always_inline u32 room_for(u32 size)
{
	return (size + TRIPTYCH_RING_ALIGN - 1) / TRIPTYCH_RING_ALIGN * TRIPTYCH_RING_ALIGN;
}

static __always_inline u32 left_in_block(u64 position)
{
	return TRIPTYCH_RING_BLOCK - (position & (TRIPTYCH_RING_BLOCK - 1));
}

static __always_inline bool is_free(const struct triptych_ring_ends *ends, u64 end)
{
	return end - *(volatile u64 *)&ends->tail <= (u64)ring_blocks * TRIPTYCH_RING_BLOCK;
}

/* The bytes from `position` on, which have been taken. */
static __always_inline void *ring_bytes_at(u32 ring, u64 position, u32 size)
{
	u32 index = ring * ring_blocks + (position / TRIPTYCH_RING_BLOCK & (ring_blocks - 1));
	u64 offset = position & (TRIPTYCH_RING_BLOCK - TRIPTYCH_RING_ALIGN);
	void *block;

	/* Never, but the verifier cannot know. Older ones know it only of what was checked itself: not of a
	 * copy, and not of one put aside before. */
	asm volatile("" : "+r"(offset));
	if (offset > TRIPTYCH_RING_BLOCK - size)
		return 0;
	asm volatile("" : "+r"(offset));
	block = bpf_map_lookup_elem(&ring_data, &index);
	if (!block)
		return 0;
	asm volatile("" : "+r"(block)); /* or clang adds before it asks */
	return block + offset;
}

/* `size` as reserved. The record is the reader's from here on. */
static __always_inline void submit(struct triptych_hdr *hdr, u32 size)
{
	asm volatile("" ::: "memory"); /* the processor keeps the order of what it writes by itself */
	*(volatile u8 *)&hdr->size8 = size / 8;
}

static __always_inline void discard(struct triptych_hdr *hdr, u32 size)
{
	hdr->kind = TRIPTYCH_EV_INVALID;
	submit(hdr, size);
}

/* Where room for `room` bytes begins, or RING_FULL. Interrupts, and other tasks, may come in between. */
static __always_inline u64 take(u32 ring, u32 room)
{
	struct triptych_ring_ends *ends = bpf_map_lookup_elem(&ring_ends, &ring);

	if (!ends)
		return RING_FULL;
#pragma clang loop unroll(disable)
	for (int i = 0; i < RING_ATTEMPTS; i++) {
		u64 head = *(volatile u64 *)&ends->head;
		u32 left = left_in_block(head);
		u64 begin = left < room ? head + left : head;
		struct triptych_hdr *rest;

		if (!is_free(ends, begin + room))
			return RING_FULL;
		if (__sync_val_compare_and_swap(&ends->head, head, begin + room) != head)
			continue;
		if (begin == head)
			return begin;
		rest = ring_bytes_at(ring, head, sizeof(*rest));
		if (rest)
			discard(rest, left);
		return begin;
	}
	return RING_FULL;
}

/* The same for who is alone on this CPU, or RING_FULL also where it is not as simple as it mostly is. */
static __always_inline u64 take_alone(u32 ring, u32 room)
{
	struct triptych_ring_ends *ends = bpf_map_lookup_elem(&ring_ends, &ring);
	u64 head;

	if (!ends)
		return RING_FULL;
	head = ends->head;
	if (left_in_block(head) < room || !is_free(ends, head + room))
		return RING_FULL;
	ends->head = head + room;
	return head;
}

#endif
