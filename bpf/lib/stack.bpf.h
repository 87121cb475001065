/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stacks of events. The frames are put down per CPU, hashed, and told once, by a record of their own;
 * from then on a number stands for them. What an event's stacks are is said by a STACK_OF record just
 * before it, so that an event without stacks costs, and looks, as it always did.
 */
#ifndef TRIPTYCH_STACK_BPF_H
#define TRIPTYCH_STACK_BPF_H

#include "lib/task_state.bpf.h"

/* Global functions, in stack.bpf.c: verified once instead of at each call. */

/* The number of the stack of `bytes` bytes that lies in `slot`; tells it, if that is yet to be done.
 * `mm` is of a user stack; TRIPTYCH_MM_NONE says that it is the kernel's. */
u32 number_of_stack(u32 slot, u64 bytes, u32 mm, u64 now);

/* Puts the frames down in `slot` that the frame pointer leads to; returns their bytes. */
u64 walk_user_stack(u32 slot, u64 ip, u64 fp);

/* Tells the registers of the current task, which `task` and `mm` are the serials of, and a piece of its stack;
 * returns the number of both. */
u32 copy_user_stack(u32 task, u32 mm, u64 now);

int count_lost_sample(void);

/* `user_stack` and `kernel_stack` are the stacks of the record of kind `what` and time `now` that will be
 * written next. */
int tell_stacks_of(u32 task, u32 what, u32 user_stack, u32 kernel_stack, u64 now);

/* Of the current task, which `state` is of. A task without memory of its own, or none any more, has no
 * user stack. What is not there to be read must not be taken for a fault of the task's. */
static __always_inline u32 take_user_stack(u32 slot, struct triptych_task_state *state, u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs;
	u64 bytes;
	u32 copy;

	if (state->mm == TRIPTYCH_MM_NONE || !task->mm)
		return TRIPTYCH_STACK_NONE;
	if (stack_copy_pieces) {
		state->walking_stack++;
		copy = copy_user_stack(state->serial, state->mm, now);
		state->walking_stack--;
		return copy;
	}
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	state->walking_stack++;
	bytes = walk_user_stack(slot, regs->ip, regs->bp);
	state->walking_stack--;
	return number_of_stack(slot, bytes, state->mm, now);
}

static __always_inline u32 take_kernel_stack(void *ctx, u32 slot, u64 now)
{
	struct triptych_stack_frames *frames = bpf_map_lookup_elem(&stack_slots, &slot);
	long bytes;

	if (!frames)
		return TRIPTYCH_STACK_NONE;
	bytes = bpf_get_stack(ctx, frames, sizeof(*frames), 0);
	return number_of_stack(slot, bytes < 0 ? 0 : bytes, TRIPTYCH_MM_NONE, now);
}

/* To be called just before the record of kind `what` is written: `now` is its time. */
static __always_inline void take_stacks_of(void *ctx, u32 slot, u32 wanted, u32 what,
                                           struct triptych_task_state *state, u64 now)
{
	u32 user = take_user_stack(slot, state, now), kernel = TRIPTYCH_STACK_NONE;

	if (kernel_stacks_wanted & wanted)
		kernel = take_kernel_stack(ctx, slot, now);
	tell_stacks_of(state->serial, what, user, kernel, now);
}

#endif
