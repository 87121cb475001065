// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Context switches and wakeups. */
#include "lib/stack.bpf.h"
#include "lib/summary.bpf.h"

#include <bpf/bpf_tracing.h>

/* The counters as they were before the switch that they already count, if they do. Out of line: once in
 * a task's life, and the verifier need not follow it on each way through a switch. */
static __noinline int fix_switch_baseline(struct task_struct *task, struct triptych_task_state *state,
                                          bool voluntary, bool involuntary, u64 now)
{
	struct triptych_counters counters = {};

	read_counters(&counters, task);
	counters.nvcsw -= voluntary;
	counters.nivcsw -= involuntary;
	state->flags &= ~TRIPTYCH_TASK_STATE_NEW_SWITCHES;
	emit_baseline(state->serial, &counters, 0, TRIPTYCH_BASELINE_SWITCHES, now);
	return 0;
}

/* What the kernel's own counters say about the switch that the task just made: they moved before the
 * tracepoint. The first switch after attaching to a running task has nothing to compare with; the rule
 * by which the kernel itself chooses the counter then decides, and fixes the baseline. */
static __always_inline u16 account_switch(struct triptych_task_state *state, struct task_struct *prev,
                                          bool preempt, u32 prev_state, u64 now)
{
	bool voluntary = !preempt && prev_state;
	u64 nvcsw = prev->nvcsw, nivcsw = prev->nivcsw;
	u64 moved = nvcsw + nivcsw - state->nvcsw - state->nivcsw;

	if (state->flags & TRIPTYCH_TASK_STATE_NEW_SWITCHES) {
		fix_switch_baseline(prev, state, voluntary, !voluntary, now);
	} else if (moved == 1) {
		voluntary = nvcsw != state->nvcsw;
	} else if (moved > 1) {
		__sync_fetch_and_add(&switches_missed, moved - 1);
	}
	state->nvcsw = nvcsw;
	state->nivcsw = nivcsw;
	return voluntary ? TRIPTYCH_SWITCH_VOLUNTARY : TRIPTYCH_SWITCH_INVOLUNTARY;
}

/* A task that comes in does not run while we look: its counters stand still. */
static __always_inline void account_switch_in(struct triptych_task_state *state, struct task_struct *next,
                                              u64 now)
{
	if (!(state->flags & TRIPTYCH_TASK_STATE_NEW_SWITCHES))
		return;
	state->nvcsw = next->nvcsw;
	state->nivcsw = next->nivcsw;
	fix_switch_baseline(next, state, 0, 0, now);
}

/* `out` and `in` are NULL for a task that is not a target. */
static __always_inline void record_switch(struct triptych_cpu_state *cpu, struct task_struct *prev,
                                          struct task_struct *next, struct triptych_task_state *out,
                                          struct triptych_task_state *in, u16 flags, u32 prev_state, u64 now)
{
	u32 prev_serial = prev->pid ? TRIPTYCH_TASK_NONE : TRIPTYCH_TASK_IDLE;
	u16 prev_seq = 0, next_seq = 0;
	s16 syscall = TRIPTYCH_SYSCALL_NONE;
	struct triptych_switch *record;
	bool compat = false;
	u32 next_serial;

	if (out) {
		flags |= TRIPTYCH_SWITCH_PREV_TARGET;
		prev_serial = out->serial;
		prev_seq = out->nvcsw + out->nivcsw;
		syscall = syscall_of(prev, &compat);
		if (compat)
			flags |= TRIPTYCH_SWITCH_COMPAT;
	}
	/* Who comes in matters most when it takes the place of a target that could have gone on. */
	if (in) {
		flags |= TRIPTYCH_SWITCH_NEXT_TARGET;
		next_serial = in->serial;
		next_seq = in->nvcsw + in->nivcsw;
	} else if (!next->pid) {
		next_serial = TRIPTYCH_TASK_IDLE;
	} else {
		next_serial = prev_state ? TRIPTYCH_TASK_NONE : stranger_serial(next, now);
	}
	cpu->running_tid = in ? next->pid : 0;
	cpu->running_serial = in ? in->serial : TRIPTYCH_TASK_NONE;

	record = reserve_alone(cpu, TRIPTYCH_LOSS_SWITCH, sizeof(*record), now);
	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_SWITCH, now, prev_serial);
	record->next_task = next_serial;
	record->prev_state = prev_state;
	record->syscall = syscall;
	record->prev_seq = prev_seq;
	record->next_seq = next_seq;
	record->flags = flags;
	submit(&record->hdr, sizeof(*record));
}

static __noinline int emit_end(struct task_struct *task, struct triptych_task_state *state, u64 now)
{
	struct triptych_task_end *end = reserve(TRIPTYCH_LOSS_TASK, sizeof(*end), now);

	if (!end)
		return 0;
	fill_header(&end->hdr, TRIPTYCH_EV_TASK_END, now, state->serial);
	read_counters(&end->counters, task);
	end->faults = state->faults;
	submit(&end->hdr, sizeof(*end));
	return 0;
}

static __always_inline void end_task(struct task_struct *task, struct triptych_task_state *state, u64 now)
{
	if (summary_only)
		emit_summary(task, state, TRIPTYCH_SUMMARY_FINAL, now);
	emit_end(task, state, now);
	__sync_fetch_and_add(&exiting, -1);
	__sync_fetch_and_add(&alive, -1);
	__sync_fetch_and_add(&unreaped, 1);
}

/*
 * void sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next,
 *		     unsigned int prev_state)
 *
 * With interrupts off and the run queue locked: nothing may be allocated. Proves that prev left the
 * CPU and next takes it; that the kernel counted it as voluntary or not; which system call prev was in.
 * Does not prove why the scheduler chose next.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
             unsigned int prev_state)
{
	struct triptych_task_state *out = 0, *in = 0;
	struct triptych_cpu_state *cpu;
	bool out_target, in_target, mm_change;
	u64 now, run_delay_ns;
	u16 flags;

	if (!gate)
		return 0;
	/* Before the ways part: for each time that the verifier comes by a read that gives a pointer,
	 * it searches the kernel's types by name, a millisecond or two long. */
	mm_change = next->mm && next->mm != prev->active_mm;
	run_delay_ns = prev->sched_info.run_delay;
	if (prev->pid)
		out = find_task(prev);
	if (next->pid)
		in = find_task(next);
	out_target = is_target(out);
	in_target = is_target(in);
	if (!out_target && !in_target)
		return 0;
	if (!record_switches && !(out_target && (prev_state & TASK_DEAD)))
		return 0;

	cpu = this_cpu_state();
	if (!cpu)
		return 0;
	now = bpf_ktime_get_ns();
	flags = (preempt ? TRIPTYCH_SWITCH_PREEMPT : 0) | (mm_change ? TRIPTYCH_SWITCH_MM_CHANGE : 0);
	if (out_target)
		flags |= account_switch(out, prev, preempt, prev_state, now);
	if (in_target)
		account_switch_in(in, next, now);
	if (record_switches) {
		change_run_states(out_target ? out : 0, in_target ? in : 0,
		                  preempt || !prev_state ? flags | RUN_STATE_STAYS_RUNNABLE : flags,
		                  run_delay_ns, now);
		if ((stacks_wanted & TRIPTYCH_STACKS_OFF_CPU) && out_target &&
		    (flags & TRIPTYCH_SWITCH_VOLUNTARY) && !(prev_state & TASK_DEAD))
			take_stacks_of(ctx, TRIPTYCH_STACK_SLOT_SWITCH, TRIPTYCH_STACKS_OFF_CPU,
			               TRIPTYCH_EV_SWITCH, out, now);
		if (!summary_only)
			record_switch(cpu, prev, next, out_target ? out : 0, in_target ? in : 0, flags,
			              prev_state, now);
	}
	if (out_target && (prev_state & TASK_DEAD))
		end_task(prev, out, now);
	return 0;
}

/* Where the waker asks; kept with the task that is woken, until it is. An interrupt asks by itself. */
static __noinline int take_waker_stacks(void *ctx, struct triptych_task_state *state,
                                        struct task_struct *waker, u64 now)
{
	struct triptych_task_state *waker_state = find_task(waker);

	state->waker_user_stack = TRIPTYCH_STACK_NONE;
	state->waker_kernel_stack = TRIPTYCH_STACK_NONE;
	if ((state->waking_flags & TRIPTYCH_WAKEUP_INTERRUPT) || !is_target(waker_state))
		return 0;
	state->waker_user_stack = take_user_stack(TRIPTYCH_STACK_SLOT_WAKING, waker_state, now);
	if (kernel_stacks_wanted & TRIPTYCH_STACKS_WAKEUP)
		state->waker_kernel_stack = take_kernel_stack(ctx, TRIPTYCH_STACK_SLOT_WAKING, now);
	return 0;
}

/*
 * void sched_waking(struct task_struct *p)
 *
 * In the context that asks for p to be woken: the current task, or an interrupt that sits on it. Kept
 * with p until p is put on a run queue; no second request can come in between, because p's state
 * already says that it is being woken.
 */
SEC("?tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *p)
{
	struct triptych_task_state *state;
	struct triptych_cpu_state *cpu;
	struct task_struct *waker;
	u64 now;

	if (!gate)
		return 0;
	state = find_task(p);
	if (!is_target(state))
		return 0;
	now = bpf_ktime_get_ns();
	waker = bpf_get_current_task_btf();
	state->waking_ns = now;
	state->waking_flags = in_interrupt(waker) ? TRIPTYCH_WAKEUP_INTERRUPT : 0;
	if (stacks_wanted & TRIPTYCH_STACKS_WAKEUP)
		take_waker_stacks(ctx, state, waker, now);
	cpu = this_cpu_state();
	if (cpu && cpu->running_tid && cpu->running_tid == (u32)waker->pid)
		state->waker = cpu->running_serial;
	else
		state->waker = serial_of(waker, waker->pid ? find_task(waker) : 0, now);
	return 0;
}

/* Nobody asked, or nobody that we know of. */
#define NO_WAKER_STACKS (TRIPTYCH_WAKEUP_NEW | TRIPTYCH_WAKEUP_NO_REQUEST)

static __always_inline int wakeup(struct task_struct *p, u16 flags)
{
	struct triptych_task_state *state;
	struct triptych_cpu_state *cpu;
	struct triptych_wakeup *record;
	u64 now, delay = 0;

	if (!gate)
		return 0;
	state = find_task(p);
	if (!is_target(state))
		return 0;
	now = bpf_ktime_get_ns();
	if (summary_only)
		summarize_wakeup(state, now);
	if (state->run_state == TRIPTYCH_RUN_BLOCKED)
		state->run_state = TRIPTYCH_RUN_RUNNABLE;
	if (summary_only)
		return 0;
	if (flags & TRIPTYCH_WAKEUP_NEW) {
		struct task_struct *parent = bpf_get_current_task_btf();

		state->waker = serial_of(parent, find_task(parent), now);
	} else if (state->waking_ns) {
		delay = now - state->waking_ns;
		flags |= state->waking_flags;
	} else {
		state->waker = TRIPTYCH_TASK_NONE;
		flags |= TRIPTYCH_WAKEUP_NO_REQUEST;
	}
	state->waking_ns = 0;
	cpu = this_cpu_state();
	if (!cpu)
		return 0;
	if ((stacks_wanted & TRIPTYCH_STACKS_WAKEUP) && !(flags & NO_WAKER_STACKS))
		tell_stacks_of(state->waker, TRIPTYCH_EV_WAKEUP, state->waker_user_stack,
		               state->waker_kernel_stack, now);
	record = reserve_alone(cpu, TRIPTYCH_LOSS_WAKEUP, sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_WAKEUP, now, state->serial);
	record->waker_task = state->waker;
	record->request_delay_ns = delay > 0xffffffff ? 0xffffffff : delay;
	record->target_cpu = task_cpu(p);
	record->flags = flags;
	submit(&record->hdr, sizeof(*record));
	return 0;
}

/*
 * void sched_wakeup(struct task_struct *p)
 *
 * p has been put on a run queue, or was still on one. Across CPUs this runs on the target CPU, on
 * whatever task the interrupt found there, and says nothing about who asked.
 */
SEC("?tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	return wakeup(p, 0);
}

/* void sched_wakeup_new(struct task_struct *p): the first time, in the context of its creator. */
SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *p)
{
	return wakeup(p, TRIPTYCH_WAKEUP_NEW);
}
