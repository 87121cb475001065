/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which tasks are recorded, and under which serial number.
 *
 * A task is a target when the `tasks` storage says so: the launched command from its exec, attached
 * tasks from the walk that found them, and everything that a target creates, from its creation.
 */
#ifndef TRIPTYCH_TASK_STATE_BPF_H
#define TRIPTYCH_TASK_STATE_BPF_H

#include "kernel/core_compat.h"

#include "lib/emit.bpf.h"

static __always_inline struct triptych_task_state *find_task(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, 0, 0);
}

static __always_inline bool is_ending(void)
{
	return recorded_flags & TRIPTYCH_TASK_STATE_EXITING;
}

/* Whether it is recorded now. */
static __always_inline bool is_target(const struct triptych_task_state *state)
{
	u32 wanted = recorded_flags;

	return state && (state->flags & wanted) == wanted;
}

/* The current task's state, if it is a target and recording is on. */
static __always_inline struct triptych_task_state *current_target(void)
{
	struct triptych_task_state *state;

	if (!gate)
		return 0;
	state = find_task(bpf_get_current_task_btf());
	return is_target(state) ? state : 0;
}

static __always_inline u32 new_task_serial(void)
{
	u64 serial = __sync_fetch_and_add(&next_task_serial, 1);

	if (serial > 0xfffffff0) {
		__sync_fetch_and_add(&serials_exhausted, 1);
		return TRIPTYCH_TASK_NONE;
	}
	return serial;
}

static __always_inline u32 new_mm_serial(void)
{
	u64 serial = __sync_fetch_and_add(&next_mm_serial, 1);

	return serial > 0xfffffff0 ? TRIPTYCH_MM_NONE : serial;
}

static __always_inline void read_counters(struct triptych_counters *to, struct task_struct *task)
{
	to->nvcsw = task->nvcsw;
	to->nivcsw = task->nivcsw;
	to->min_flt = task->min_flt;
	to->maj_flt = task->maj_flt;
	to->utime_ns = task->utime;
	to->stime_ns = task->stime;
	to->run_time_ns = task->se.sum_exec_runtime;
}

static __always_inline u32 task_kind_flags(struct task_struct *task)
{
	u32 flags = 0;

	if (task->flags & PF_KTHREAD)
		flags |= TRIPTYCH_TASK_KTHREAD;
	if (task->flags & PF_IO_WORKER)
		flags |= TRIPTYCH_TASK_IO_WORKER;
	else if (is_user_worker(task->flags))
		flags |= TRIPTYCH_TASK_USER_WORKER;
	return flags;
}

/* The CPU on whose run queue the task is. */
static __always_inline u16 task_cpu(struct task_struct *task)
{
	return task->thread_info.cpu;
}

/* The tid in the task's own pid namespace: the last of struct pid's numbers. Read, not followed: the
 * verifier of 6.1 knows a followed pointer's type and refuses to add a variable to it. */
static __always_inline u32 namespace_tid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	u32 tid = 0;

	bpf_probe_read_kernel(&tid, sizeof(tid),
	                      (void *)pid + bpf_core_field_offset(pid->numbers) +
	                              (level & 0x1f) * bpf_core_type_size(struct upid));
	return tid;
}

/* The record that introduces a task: NULL, or to be submitted. */
static __always_inline struct triptych_task_seen *prepare_seen(struct task_struct *task, u32 serial, u32 mm,
                                                               u32 how, u32 parent_serial, u64 now)
{
	struct triptych_task_seen *seen = reserve(TRIPTYCH_LOSS_TASK, sizeof(*seen), now);

	if (!seen)
		return 0;
	fill_header(&seen->hdr, TRIPTYCH_EV_TASK_SEEN, now, serial);
	seen->start_boottime_ns = task->start_boottime;
	seen->parent_task = parent_serial;
	seen->tid = task->pid;
	seen->tgid = task->tgid;
	seen->ns_tid = namespace_tid(task);
	seen->parent_tid = task->real_parent->tgid;
	seen->mm = mm;
	seen->how = how;
	seen->flags = task_kind_flags(task);
	bpf_probe_read_kernel(seen->comm, sizeof(seen->comm), task->comm);
	seen->run_state = TRIPTYCH_RUN_UNKNOWN;
	seen->syscall = TRIPTYCH_SYSCALL_NONE;
	seen->run_cpu = task_cpu(task);
	return seen;
}

static __always_inline void announce(struct task_struct *task, u32 serial, u32 mm, u32 how, u32 parent_serial,
                                     u64 now)
{
	struct triptych_task_seen *seen = prepare_seen(task, serial, mm, how, parent_serial, now);

	if (seen)
		submit(&seen->hdr, sizeof(*seen));
}

/* The serial of a task that is met but not recorded; announces it the first time. The oldest ones are
 * forgotten when there are many, and announced again under another number: same tid, new serial. */
static __noinline u32 stranger_serial(struct task_struct *task, u64 now)
{
	u64 key = ((u64)(u32)task->start_boottime << 32) | (u32)task->pid;
	u32 *known, serial;

	if (is_ending()) /* it may be a target, or have been one */
		return TRIPTYCH_TASK_NONE;
	known = bpf_map_lookup_elem(&strangers, &key);
	if (known)
		return *known;
	serial = new_task_serial();
	if (serial == TRIPTYCH_TASK_NONE || bpf_map_update_elem(&strangers, &key, &serial, BPF_ANY))
		return TRIPTYCH_TASK_NONE;
	announce(task, serial, TRIPTYCH_MM_NONE, TRIPTYCH_SEEN_STRANGER, TRIPTYCH_TASK_NONE, now);
	return serial;
}

static __always_inline u32 serial_of(struct task_struct *task, struct triptych_task_state *state, u64 now)
{
	if (task->pid == 0)
		return TRIPTYCH_TASK_IDLE;
	if (is_target(state))
		return state->serial;
	return stranger_serial(task, now);
}

/* A global function, in lifecycle.bpf.c: verified once instead of at each call. */
int emit_baseline(u32 serial, const struct triptych_counters *counters, u64 prelude_faults, u32 valid,
                  u64 now);

#endif
