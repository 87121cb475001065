/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a task is doing, and since when, by the scheduler's own books: for the moments of which no
 * tracepoint told. Rare, so it reads by probing, which the verifier follows fast.
 */
#ifndef TRIPTYCH_RUN_STATE_BPF_H
#define TRIPTYCH_RUN_STATE_BPF_H

#include "lib/task_state.bpf.h"

static __always_inline s16 syscall_of(struct task_struct *task, bool *compat)
{
	struct pt_regs *regs;
	long number;

	if (task->flags & (PF_KTHREAD | PF_IO_WORKER) || is_user_worker(task->flags))
		return TRIPTYCH_SYSCALL_NONE;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	number = regs->orig_ax;
	if (number < 0 || number > 0x7fff)
		return TRIPTYCH_SYSCALL_NONE;
	*compat = task->thread_info.status & TS_COMPAT;
	return number;
}

/* From here on the task is known to do this. */
static __always_inline void start_run_state(struct triptych_task_state *state, u8 run_state, u64 now)
{
	state->run_state = run_state;
	state->summary.since_ns = now;
}

/* TRIPTYCH_RUN_, or unknown where it is just changing. */
static __always_inline u16 observe_run_state(struct task_struct *task)
{
	struct task_struct *running = BPF_CORE_READ(task, se.cfs_rq, rq, curr);
	bool wants_cpu = !BPF_CORE_READ(task, __state);

	if (running == task)
		return wants_cpu ? TRIPTYCH_RUN_ON_CPU : TRIPTYCH_RUN_UNKNOWN;
	if (wants_cpu)
		return TRIPTYCH_RUN_RUNNABLE;
	return is_queued(task) ? TRIPTYCH_RUN_UNKNOWN : TRIPTYCH_RUN_BLOCKED;
}

/*
 * Global, in run_state.bpf.c: verified once instead of on each way through a switch. `out` is the current
 * task, if it is a target, and `in` the one that takes its place, likewise. `flags` are the switch's and
 * RUN_STATE_STAYS_RUNNABLE; `run_delay_ns` is sched_info's of the current task.
 */
#define RUN_STATE_STAYS_RUNNABLE (1u << 16)
int change_run_states(struct triptych_task_state *out, struct triptych_task_state *in, u32 flags,
                      u64 run_delay_ns, u64 now);

#endif
