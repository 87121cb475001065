// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Numbers for stacks: explained in lib/stack.bpf.h. */
#include "lib/stack.bpf.h"

/* Those that have not been met for longest are forgotten when there are many, and told again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRIPTYCH_MAX_TOLD_STACKS);
	__type(key, u64);
	__type(value, struct triptych_told_stack);
} told_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_stack_cpu_state);
} stack_cpu_states SEC(".maps");

__u32 next_stack = TRIPTYCH_STACK_NONE + 1;

static __always_inline struct triptych_stack_cpu_state *stack_state(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stack_cpu_states, &zero);
}

struct stack_hash {
	u64 key;
	u64 check;
};

static __always_inline void hash_frames(const struct triptych_stack_frames *frames, u32 count, u32 mm,
                                        struct stack_hash *hash)
{
	u64 key = stack_seed ^ mm, check = (stack_seed >> 32) + mm;

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < TRIPTYCH_STACK_FRAMES; i++) {
		if (i >= count)
			break;
		key = (key ^ frames->frame[i]) * 0x9e3779b97f4a7c15ull;
		key ^= key >> 32;
		check = (check + frames->frame[i]) * 0xd6e8feb86659fd93ull;
		check ^= check >> 29;
	}
	hash->key = key;
	hash->check = check;
}

/* The record takes as much room as the longest, and what it does not need is a record of its own that
 * nobody reads: the verifier does not follow a size that is not a constant. */
static __always_inline bool tell_stack(const struct triptych_stack_frames *frames, u32 bytes, u32 stack,
                                       u32 mm, u64 now)
{
	const u32 room = room_for(sizeof(struct triptych_stack));
	const u32 step = TRIPTYCH_STACK_FRAMES_STEP * sizeof(u64);
	u32 used = __builtin_offsetof(struct triptych_stack, frame) + (bytes + step - 1) / step * step;
	u32 ring = this_ring();
	u64 begin = take(ring, room);
	struct triptych_stack *record;
	struct triptych_hdr *rest = 0;

	if (begin == RING_FULL)
		return false;
	record = ring_bytes_at(ring, begin, room);
	if (!record)
		return false;
	if (used < room)
		rest = ring_bytes_at(ring, begin + used, sizeof(*rest));
	if (rest)
		discard(rest, room - used);
	fill_header(&record->hdr, TRIPTYCH_EV_STACK, now, TRIPTYCH_TASK_NONE);
	record->stack = stack;
	record->mm = mm;
	record->frames = bytes / sizeof(u64);
	record->flags = mm == TRIPTYCH_MM_NONE ? TRIPTYCH_STACK_KERNEL : 0;
	if (record->frames == TRIPTYCH_STACK_FRAMES)
		record->flags |= TRIPTYCH_STACK_CUT;
	if (bytes <= sizeof(record->frame))
		bpf_probe_read_kernel(record->frame, bytes, frames);
	submit(&record->hdr, used);
	return true;
}

/* A stack lies above the first page, in addresses that no 32-bit program has: its frames are of another
 * form. What the kernel's own walk does, too, but that it reads on at an address that cannot be one, which
 * costs an exception at the end of each stack. */
#define LOWEST_FRAME (1ull << 32)
#define HIGHEST_FRAME (1ull << 47)

struct user_frame {
	u64 next;
	u64 ip;
};

__noinline u64 walk_user_stack(u32 slot, u64 ip, u64 fp)
{
	struct triptych_stack_frames *frames = bpf_map_lookup_elem(&stack_slots, &slot);
	struct user_frame frame;
	u32 count = 1;

	if (!frames)
		return 0;
	frames->frame[0] = ip;
#pragma clang loop unroll(disable)
	for (u32 i = 1; i < TRIPTYCH_STACK_FRAMES; i++) {
		if (fp < LOWEST_FRAME || fp >= HIGHEST_FRAME)
			break;
		if (bpf_probe_read_user(&frame, sizeof(frame), (void *)fp) || !frame.ip)
			break;
		frames->frame[i] = frame.ip;
		count = i + 1;
		if (frame.next <= fp) /* callers' frames lie above */
			break;
		fp = frame.next;
	}
	return count * sizeof(u64);
}

enum piece { PIECE_TOLD = 0, PIECE_UNREADABLE = 1, PIECE_LOST = 2 };

__noinline int tell_stack_piece(u32 stack, u32 task, u64 address, u64 now)
{
	struct triptych_stack_bytes *record = reserve_uncounted(sizeof(*record));

	if (!record)
		return PIECE_LOST;
	if (bpf_probe_read_user(record->bytes, sizeof(record->bytes), (void *)address)) {
		discard(&record->hdr, room_for(sizeof(*record)));
		return PIECE_UNREADABLE;
	}
	fill_header(&record->hdr, TRIPTYCH_EV_STACK_BYTES, now, task);
	record->stack = stack;
	record->address = address;
	submit(&record->hdr, sizeof(*record));
	return PIECE_TOLD;
}

struct stack_copying {
	u64 address;
	u64 now;
	u32 stack;
	u32 task;
	u32 pieces;
	int last; /* enum piece */
};

static long copy_piece(u32 index, struct stack_copying *copying)
{
	copying->last = tell_stack_piece(copying->stack, copying->task, copying->address, copying->now);
	if (copying->last != PIECE_TOLD)
		return 1;
	copying->address += TRIPTYCH_STACK_PIECE;
	copying->pieces++;
	return 0;
}

static __always_inline void fill_registers(u64 *to, const struct pt_regs *regs)
{
	to[0] = regs->ax;
	to[1] = regs->dx;
	to[2] = regs->cx;
	to[3] = regs->bx;
	to[4] = regs->si;
	to[5] = regs->di;
	to[6] = regs->bp;
	to[7] = regs->sp;
	to[8] = regs->r8;
	to[9] = regs->r9;
	to[10] = regs->r10;
	to[11] = regs->r11;
	to[12] = regs->r12;
	to[13] = regs->r13;
	to[14] = regs->r14;
	to[15] = regs->r15;
	to[16] = regs->ip;
}

/* Copies take so much room that they could keep all else from being recorded: the last quarter of a ring is
 * not theirs. */
static __always_inline bool has_room_for_copy(void)
{
	u32 ring = this_ring();
	struct triptych_ring_ends *ends = bpf_map_lookup_elem(&ring_ends, &ring);
	u64 size = (u64)ring_blocks * TRIPTYCH_RING_BLOCK;

	return ends && *(volatile u64 *)&ends->head - *(volatile u64 *)&ends->tail < size - size / 4;
}

__noinline u32 copy_user_stack(u32 task, u32 mm, u64 now)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct triptych_stack_cpu_state *state = stack_state();
	struct triptych_stack_copy *record = 0;
	struct stack_copying copying = { .now = now, .task = task };
	u64 sp = regs->sp;

	if (!state)
		return TRIPTYCH_STACK_NONE;
	__sync_fetch_and_add(&state->taken, 1);
	copying.stack = __sync_fetch_and_add(&next_stack, 1);
	copying.address = sp & ~(u64)(TRIPTYCH_STACK_PIECE - 1);
	if (!has_room_for_copy())
		copying.last = PIECE_LOST;
	else if (sp >= LOWEST_FRAME && sp < HIGHEST_FRAME)
		bpf_loop(stack_copy_pieces, copy_piece, &copying, 0);
	else
		copying.last = PIECE_UNREADABLE;
	if (copying.last != PIECE_LOST)
		record = reserve_uncounted(sizeof(*record));
	if (!record) {
		__sync_fetch_and_add(&state->lost, 1);
		return TRIPTYCH_STACK_NONE;
	}
	fill_header(&record->hdr, TRIPTYCH_EV_STACK_COPY, now, task);
	record->stack = copying.stack;
	record->mm = mm;
	record->pieces = copying.pieces;
	record->flags = copying.last == PIECE_UNREADABLE ? TRIPTYCH_STACK_COPY_UNREADABLE : 0;
	fill_registers(record->registers, regs);
	submit(&record->hdr, sizeof(*record));
	__sync_fetch_and_add(&state->copied, 1);
	return copying.stack;
}

__noinline u32 number_of_stack(u32 slot, u64 bytes, u32 mm, u64 now)
{
	struct triptych_stack_frames *frames = bpf_map_lookup_elem(&stack_slots, &slot);
	struct triptych_stack_cpu_state *state = stack_state();
	struct triptych_told_stack *known, fresh;
	struct stack_hash hash;

	if (!frames || !state)
		return TRIPTYCH_STACK_NONE;
	__sync_fetch_and_add(&state->taken, 1);
	if (bytes < sizeof(u64) || bytes > sizeof(*frames)) {
		__sync_fetch_and_add(&state->unreadable, 1);
		return TRIPTYCH_STACK_NONE;
	}
	hash_frames(frames, bytes / sizeof(u64), mm, &hash);
	known = bpf_map_lookup_elem(&told_stacks, &hash.key);
	if (known && known->check == (u32)hash.check)
		return known->stack;
	if (known)
		__sync_fetch_and_add(&state->collisions, 1);
	fresh.stack = __sync_fetch_and_add(&next_stack, 1);
	fresh.check = hash.check;
	if (!tell_stack(frames, bytes, fresh.stack, mm, now)) {
		__sync_fetch_and_add(&state->lost, 1);
		return TRIPTYCH_STACK_NONE;
	}
	__sync_fetch_and_add(&state->told, 1);
	bpf_map_update_elem(&told_stacks, &hash.key, &fresh, BPF_ANY);
	return fresh.stack;
}

__noinline int count_lost_sample(void)
{
	struct triptych_stack_cpu_state *state = stack_state();

	if (state)
		__sync_fetch_and_add(&state->lost_samples, 1);
	return 0;
}

__noinline int tell_stacks_of(u32 task, u32 what, u32 user_stack, u32 kernel_stack, u64 now)
{
	struct triptych_stack_of *record;
	struct triptych_stack_cpu_state *state;

	if (user_stack == TRIPTYCH_STACK_NONE && kernel_stack == TRIPTYCH_STACK_NONE)
		return 0;
	record = reserve_uncounted(sizeof(*record));
	if (record) {
		fill_header(&record->hdr, TRIPTYCH_EV_STACK_OF, now, task);
		record->user_stack = user_stack;
		record->kernel_stack = kernel_stack;
		record->what = what;
		submit(&record->hdr, sizeof(*record));
		return 0;
	}
	state = stack_state();
	if (state)
		__sync_fetch_and_add(&state->lost, (user_stack ? 1 : 0) + (kernel_stack ? 1 : 0));
	return 0;
}
