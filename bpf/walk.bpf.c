// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Walks over the tasks that there are: to begin recording running ones, and to write summaries. */
#include "lib/summary.bpf.h"

#include <bpf/bpf_tracing.h>

static __always_inline u32 attached_mm_serial(struct task_struct *task)
{
	u64 key = (u64)task->mm;
	u32 *known, serial;

	if (!key)
		return TRIPTYCH_MM_NONE;
	known = bpf_map_lookup_elem(&attached_mms, &key);
	if (known)
		return *known;
	serial = new_mm_serial();
	bpf_map_update_elem(&attached_mms, &key, &serial, BPF_NOEXIST);
	return serial;
}

/* What the task does, and how often it has left a CPU. */
struct snapshot {
	u64 switches;
	u16 run_state;
};

static __always_inline void take_snapshot(struct task_struct *task, struct snapshot *snapshot)
{
	snapshot->run_state = observe_run_state(task);
	snapshot->switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
}

/* Returns what the task does, TRIPTYCH_RUN_: the same before and after, so that there was no moment between
 * in which it changed unseen. It may be running: its counters' baselines are fixed by its first switch and
 * its first fault, each of which knows them exactly. */
static __noinline u32 make_target(struct task_struct *task, struct triptych_task_state *state, u64 now)
{
	struct snapshot before, after;

	iter_added++;
	__sync_fetch_and_add(&alive, 1);
	take_snapshot(task, &before);
	start_run_state(state, before.run_state, now);
	state->flags = TRIPTYCH_TASK_STATE_TARGET | TRIPTYCH_TASK_STATE_NEW_SWITCHES |
	               TRIPTYCH_TASK_STATE_NEW_FAULTS;
	take_snapshot(task, &after);
	if (before.run_state == after.run_state && before.switches == after.switches)
		return before.run_state;
	state->run_state = TRIPTYCH_RUN_UNKNOWN;
	return TRIPTYCH_RUN_UNKNOWN;
}

static __always_inline void tell_run_state(struct task_struct *task, u32 run_state,
                                           struct triptych_task_seen *seen)
{
	bool compat = false;

	seen->run_state = run_state;
	if (run_state != TRIPTYCH_RUN_BLOCKED)
		return;
	seen->syscall = syscall_of(task, &compat);
	if (compat)
		seen->flags |= TRIPTYCH_TASK_COMPAT;
}

static __always_inline void attach_task(struct task_struct *task)
{
	struct triptych_task_state *state = find_task(task);
	struct triptych_task_state *parent;
	struct triptych_task_seen *seen;
	u64 now;

	if (state && state->flags)
		return;
	if (BPF_CORE_READ(task, __state) & TASK_DEAD)
		return; /* a zombie does nothing any more */
	state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		__sync_fetch_and_add(&storage_failed, 1);
		return;
	}
	if ((u32)task->tgid == iter_excluded_tgid) {
		state->flags = TRIPTYCH_TASK_STATE_EXCLUDED;
		return;
	}
	now = bpf_ktime_get_ns();
	state->serial = new_task_serial();
	state->mm = attached_mm_serial(task);
	parent = find_task(task->real_parent);
	/* Room before it becomes a target: its first own record must not come before. */
	seen = prepare_seen(task, state->serial, state->mm, TRIPTYCH_SEEN_ATTACHED,
	                    is_target(parent) ? parent->serial : TRIPTYCH_TASK_NONE, now);
	if (!seen) {
		make_target(task, state, now);
		return;
	}
	tell_run_state(task, make_target(task, state, now), seen);
	submit(&seen->hdr, sizeof(*seen));
}

static __always_inline void snapshot_task(struct task_struct *task)
{
	struct triptych_task_state *state = find_task(task);

	if (state && (state->flags & TRIPTYCH_TASK_STATE_TARGET))
		emit_summary(task, state, 0, bpf_ktime_get_ns());
}

SEC("?iter/task")
int on_walk(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || !task->pid)
		return 0;
	if (summary_only && iter_action == TRIPTYCH_ITER_SNAPSHOT)
		snapshot_task(task);
	else if (iter_action == TRIPTYCH_ITER_ATTACH && (!iter_tgid || (u32)task->tgid == iter_tgid))
		attach_task(task);
	return 0;
}
