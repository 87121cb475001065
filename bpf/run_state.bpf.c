// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the tasks of a switch do from now on; and how they came to their CPU, where the tracepoints did not
 * tell: by the scheduler's own account. */
#include "lib/summary.bpf.h"

struct arrival {
	u64 queued_ns;
	u64 arrived_ns;
};

/*
 * A moment of the run queue's clock, which the kernel has brought up to date at the beginning of this
 * switch, in ours; 0: there is none. The task is on this CPU's run queue.
 */
static __always_inline u64 moment_of(const struct task_struct *task, u64 moment, u64 now)
{
	u64 clock = BPF_CORE_READ(task, se.cfs_rq, rq, clock);

	return moment && moment <= clock && clock - moment <= now ? now - (clock - moment) : 0;
}

/* How a task that comes in now was put on the run queue: sched_info is only brought up to date after
 * the tracepoint. */
static __always_inline bool read_coming(const struct task_struct *next, u64 now, struct arrival *arrival)
{
	arrival->queued_ns = moment_of(next, BPF_CORE_READ(next, sched_info.last_queued), now);
	arrival->arrived_ns = now;
	return arrival->queued_ns;
}

/* How a task that leaves now had come in. */
static __always_inline bool read_leaving(const struct task_struct *prev,
                                         const struct triptych_task_state *state, u64 now,
                                         struct arrival *arrival)
{
	u64 waited = BPF_CORE_READ(prev, sched_info.run_delay) - state->run_delay_ns;

	arrival->arrived_ns = moment_of(prev, BPF_CORE_READ(prev, sched_info.last_arrival), now);
	if (state->run_state != TRIPTYCH_RUN_UNKNOWN && waited <= arrival->arrived_ns)
		arrival->queued_ns = arrival->arrived_ns - waited;
	return arrival->arrived_ns;
}

/* The steps that the tracepoints did not tell of, from what the task was last known to do. */
static __always_inline void summarize_arrival(struct triptych_task_state *state,
                                              const struct arrival *arrival, bool comes_in)
{
	struct triptych_summary_state *sum = &state->summary;

	if (arrival->arrived_ns < sum->since_ns)
		return;
	if (state->run_state != TRIPTYCH_RUN_RUNNABLE && arrival->queued_ns >= sum->since_ns) {
		if (state->run_state == TRIPTYCH_RUN_BLOCKED)
			summarize_wakeup(state, arrival->queued_ns);
		sum->since_ns = arrival->queued_ns;
		state->run_state = TRIPTYCH_RUN_RUNNABLE;
	}
	/* The clock stands still from an enqueueing that calls for a switch to that switch: a wait of nothing
	 * is one that was not measured. */
	if (state->run_state == TRIPTYCH_RUN_RUNNABLE && arrival->arrived_ns == sum->since_ns)
		state->run_state = TRIPTYCH_RUN_UNKNOWN;
	if (comes_in)
		return;
	summarize_in(state, arrival->arrived_ns);
	state->run_state = TRIPTYCH_RUN_ON_CPU;
}

static __always_inline void tell_arrival(struct triptych_task_state *state, const struct arrival *arrival,
                                         bool comes_in, u64 now)
{
	struct triptych_arrival *record;

	if (summary_only) {
		summarize_arrival(state, arrival, comes_in);
		return;
	}
	record = reserve(TRIPTYCH_LOSS_SWITCH, sizeof(*record), now);
	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_ARRIVAL, now, state->serial);
	record->queued_ns = arrival->queued_ns;
	record->arrived_ns = arrival->arrived_ns;
	submit(&record->hdr, sizeof(*record));
}

/* `out` leaves without having come in, or `in` comes in without having been woken, as far as we were
 * told. */
static __always_inline void recover_arrivals(struct triptych_task_state *out, struct triptych_task_state *in,
                                             u64 now)
{
	const struct task_struct *prev;
	struct arrival arrival = {};

	if (out && out->run_state != TRIPTYCH_RUN_ON_CPU) {
		prev = (const void *)bpf_get_current_task();
		if (read_leaving(prev, out, now, &arrival))
			tell_arrival(out, &arrival, false, now);
	}
	if (in && in->run_state != TRIPTYCH_RUN_RUNNABLE && record_wakeups) {
		/* The run queue's current task is the next one since before the tracepoint. */
		prev = (const void *)bpf_get_current_task();
		if (read_coming(BPF_CORE_READ(prev, se.cfs_rq, rq, curr), now, &arrival))
			tell_arrival(in, &arrival, true, now);
	}
}

__noinline int change_run_states(struct triptych_task_state *out, struct triptych_task_state *in, u32 flags,
                                 u64 run_delay_ns, u64 now)
{
	bool stays = flags & (RUN_STATE_STAYS_RUNNABLE | TRIPTYCH_SWITCH_INVOLUNTARY);

	recover_arrivals(out, in, now);
	if (out) {
		if (summary_only)
			summarize_out(out, flags, now);
		out->run_state = stays ? TRIPTYCH_RUN_RUNNABLE : TRIPTYCH_RUN_BLOCKED;
		out->run_delay_ns = run_delay_ns;
	}
	if (in) {
		if (summary_only)
			summarize_in(in, now);
		in->run_state = TRIPTYCH_RUN_ON_CPU;
	}
	return 0;
}
