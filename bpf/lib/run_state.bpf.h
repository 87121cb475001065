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

struct arrival {
	u64 queued_ns;
	u64 arrived_ns;
};

/*
 * How a task that comes in now was put on the run queue, or how one that leaves now had come in. Both
 * run under the lock of the run queue that the task points to, whose clock was brought up to date at
 * the beginning of this switch; sched_info is only brought up to date after the tracepoint.
 */
static __always_inline bool read_arrival(struct task_struct *task,
					 const struct triptych_task_state *state, bool comes_in,
					 u64 now, struct arrival *arrival)
{
	u64 clock = BPF_CORE_READ(task, se.cfs_rq, rq, clock);
	u64 moment = comes_in ? BPF_CORE_READ(task, sched_info.last_queued) :
				BPF_CORE_READ(task, sched_info.last_arrival);
	u64 waited;

	if (!moment || moment > clock || clock - moment > now)
		return false;
	moment = now - (clock - moment);
	if (comes_in) {
		arrival->queued_ns = moment;
		arrival->arrived_ns = now;
		return true;
	}
	arrival->arrived_ns = moment;
	waited = BPF_CORE_READ(task, sched_info.run_delay) - state->run_delay_ns;
	if (state->run_state != TRIPTYCH_RUN_UNKNOWN && waited <= moment)
		arrival->queued_ns = moment - waited;
	return true;
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

#endif
