// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Tasks: created, exec'd, renamed, exited, reaped; and the calls that create them. */
#include "lib/stack.bpf.h"
#include "lib/summary.bpf.h"

#include <bpf/bpf_tracing.h>

__noinline int emit_baseline(u32 serial, const struct triptych_counters *counters, u64 prelude_faults,
                             u32 valid, u64 now)
{
	struct triptych_task_baseline *baseline;

	if (!counters) /* for the verifier, which looks at a global function by itself */
		return 0;
	baseline = reserve(TRIPTYCH_LOSS_TASK, sizeof(*baseline), now);
	if (!baseline)
		return 0;
	fill_header(&baseline->hdr, TRIPTYCH_EV_TASK_BASELINE, now, serial);
	baseline->counters = *counters;
	baseline->prelude_faults = prelude_faults;
	baseline->valid = valid;
	submit(&baseline->hdr, sizeof(*baseline));
	return 0;
}

static __always_inline void emit_new(struct task_struct *child, struct triptych_task_state *state,
                                     struct triptych_task_state *parent, u64 clone_flags, u64 now)
{
	struct triptych_task_new *record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	struct mm_struct *mm = child->mm;
	bool own_mm = mm && !(clone_flags & CLONE_VM);

	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_NEW, now, state->serial);
	record->clone_flags = clone_flags;
	record->parent_task = parent->serial;
	record->tid = child->pid;
	record->tgid = child->tgid;
	record->ns_tid = namespace_tid(child);
	record->mm = state->mm;
	record->parent_mm = parent->mm;
	if (own_mm) {
		record->page_table_pages = (u64)mm->pgtables_bytes.counter / 4096;
		record->file_pages = mm_resident(mm, 0);
		record->anon_pages = mm_resident(mm, 1);
		record->shmem_pages = mm_resident(mm, 3);
	}
	record->flags = task_kind_flags(child);
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), child->comm);
	submit(&record->hdr, sizeof(*record));
}

/*
 * void task_newtask(struct task_struct *task, u64 clone_flags)
 *
 * In the creator's context, when everything has been copied and before the child can run. What a target
 * creates is a target, whether the gate is open or not, so that none is missed while it opens.
 */
SEC("?tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child, u64 clone_flags)
{
	struct triptych_task_state *parent = find_task(bpf_get_current_task_btf());
	struct triptych_task_state *state;
	u64 now;

	if (!is_target(parent) && !(parent && (parent->flags & TRIPTYCH_TASK_STATE_EXCLUDED)))
		return 0;
	now = bpf_ktime_get_ns();
	state = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		__sync_fetch_and_add(&storage_failed, 1);
		return 0;
	}
	if (parent->flags & TRIPTYCH_TASK_STATE_EXCLUDED) {
		state->flags = TRIPTYCH_TASK_STATE_EXCLUDED;
		return 0;
	}
	state->serial = new_task_serial();
	if (state->serial == TRIPTYCH_TASK_NONE)
		return 0;
	if (!child->mm)
		state->mm = TRIPTYCH_MM_NONE;
	else
		state->mm = clone_flags & CLONE_VM ? parent->mm : new_mm_serial();
	parent->clone_child = state->serial;
	start_run_state(state, TRIPTYCH_RUN_BLOCKED, now);
	if (gate && (stacks_wanted & TRIPTYCH_STACKS_FORK))
		take_stacks_of(ctx, TRIPTYCH_STACK_SLOT_FORK, TRIPTYCH_STACKS_FORK, TRIPTYCH_EV_TASK_NEW,
		               parent, now);
	if (gate)
		emit_new(child, state, parent, clone_flags, now);
	__sync_fetch_and_add(&alive, 1);
	state->flags = TRIPTYCH_TASK_STATE_TARGET;
	return 0;
}

static __always_inline int begin_clone(void)
{
	struct triptych_task_state *state = current_target();

	if (!state)
		return 0;
	state->clone_start_ns = bpf_ktime_get_ns();
	state->clone_child = TRIPTYCH_TASK_NONE;
	state->page_table_copy_ns = 0;
	state->flags |= TRIPTYCH_TASK_STATE_IN_CLONE;
	return 0;
}

/* Only the caller has begun a call: the child comes out of the same system call without. */
static __always_inline int end_clone(s64 result, u32 source)
{
	struct triptych_task_state *state = current_target();
	struct triptych_clone_return *record;
	u64 now;

	if (!state || !(state->flags & TRIPTYCH_TASK_STATE_IN_CLONE))
		return 0;
	state->flags &= ~TRIPTYCH_TASK_STATE_IN_CLONE;
	now = bpf_ktime_get_ns();
	record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_CLONE_RETURN, now, state->serial);
	record->duration_ns = now - state->clone_start_ns;
	record->page_table_copy_ns = state->page_table_copy_ns;
	record->child_task = result < 0 ? TRIPTYCH_TASK_NONE : state->clone_child;
	record->result = result;
	record->source = source;
	submit(&record->hdr, sizeof(*record));
	return 0;
}

/* The tracepoints of the single system calls: they make every system call of the machine a little
 * slower (about 0.05 us), a quarter of what sys_enter and sys_exit would. */
#define CLONE_CALL(call)                                                                                     \
	SEC("?tracepoint/syscalls/sys_enter_" #call)                                                         \
	int on_##call##_enter(void *ctx)                                                                     \
	{                                                                                                    \
		return begin_clone();                                                                        \
	}                                                                                                    \
                                                                                                             \
	SEC("?tracepoint/syscalls/sys_exit_" #call)                                                          \
	int on_##call##_exit(struct trace_event_raw_sys_exit *ctx)                                           \
	{                                                                                                    \
		return end_clone(ctx->ret, TRIPTYCH_CLONE_FROM_SYSCALL);                                     \
	}

CLONE_CALL(clone)
CLONE_CALL(clone3)
CLONE_CALL(fork)
CLONE_CALL(vfork)

/* pid_t kernel_clone(struct kernel_clone_args *args): the same without slowing any other call. */
SEC("?fentry/kernel_clone")
int BPF_PROG(on_kernel_clone_enter, struct kernel_clone_args *args)
{
	return begin_clone();
}

SEC("?fexit/kernel_clone")
int BPF_PROG(on_kernel_clone_exit, struct kernel_clone_args *args, pid_t result)
{
	return end_clone(result, TRIPTYCH_CLONE_FROM_FENTRY);
}

/* int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src): once per mapping. */
SEC("?fentry/copy_page_range")
int BPF_PROG(on_copy_page_range_enter, struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct triptych_task_state *state = current_target();

	if (state)
		state->page_table_copy_start_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?fexit/copy_page_range")
int BPF_PROG(on_copy_page_range_exit, struct vm_area_struct *dst, struct vm_area_struct *src, int result)
{
	struct triptych_task_state *state = current_target();

	if (state && (state->flags & TRIPTYCH_TASK_STATE_IN_CLONE))
		state->page_table_copy_ns += bpf_ktime_get_ns() - state->page_table_copy_start_ns;
	return 0;
}

static __always_inline void emit_exec(struct task_struct *task, struct triptych_task_state *state,
                                      pid_t old_tid, struct linux_binprm *bprm, u64 now)
{
	struct triptych_task_exec *record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	struct mm_struct *mm = task->mm;
	u64 size = 0;

	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_EXEC, now, state->serial);
	record->mm = state->mm;
	record->old_tid = old_tid;
	record->tid = task->pid;
	record->flags = BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec) ? TRIPTYCH_EXEC_SECURE : 0;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), task->comm);
	__builtin_memset(record->filename, 0, sizeof(record->filename));
	bpf_probe_read_kernel_str(record->filename, sizeof(record->filename), bprm->filename);
	__builtin_memset(record->args, 0, sizeof(record->args));
	if (mm) {
		u64 start = mm->arg_start;

		if ((mm_flag_bits(mm) & MMF_DUMPABLE_MASK) != SUID_DUMP_USER)
			record->flags |= TRIPTYCH_EXEC_NOT_DUMPABLE;
		size = mm->arg_end - start;
		if (size > sizeof(record->args)) {
			record->flags |= TRIPTYCH_EXEC_ARGS_TRUNCATED;
			size = sizeof(record->args);
		}
		if (bpf_probe_read_user(record->args, size, (void *)start)) {
			record->flags |= TRIPTYCH_EXEC_ARGS_UNREADABLE;
			size = 0;
		}
	}
	record->args_size = size;
	submit(&record->hdr, sizeof(*record));
}

/* The command's first instruction is still to come: from here on it is a target. Its counters do not
 * move while we look, because it is the current task. */
static __always_inline void begin_launched(struct task_struct *task, struct triptych_task_state *state,
                                           u64 now)
{
	struct triptych_counters counters = {};

	state->serial = new_task_serial();
	__sync_fetch_and_add(&alive, 1);
	state->flags = TRIPTYCH_TASK_STATE_TARGET;
	read_counters(&counters, task);
	state->nvcsw = counters.nvcsw;
	state->nivcsw = counters.nivcsw;
	announce(task, state->serial, state->mm, TRIPTYCH_SEEN_LAUNCHED, TRIPTYCH_TASK_NONE, now);
	emit_baseline(state->serial, &counters, state->prelude_faults,
	              TRIPTYCH_BASELINE_SWITCHES | TRIPTYCH_BASELINE_FAULTS, now);
	start_run_state(state, TRIPTYCH_RUN_ON_CPU, now);
}

/* void sched_process_exec(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm): the new
 * program is in place, in a new address space; other threads are gone. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_tid, struct linux_binprm *bprm)
{
	struct triptych_task_state *state;
	u64 now;

	if (!gate || is_ending())
		return 0;
	state = find_task(task);
	if (!state)
		return 0;
	if (!(state->flags & (TRIPTYCH_TASK_STATE_TARGET | TRIPTYCH_TASK_STATE_LAUNCHING)))
		return 0;
	now = bpf_ktime_get_ns();
	state->mm = new_mm_serial();
	state->mapping_end = 0;
	if (state->flags & TRIPTYCH_TASK_STATE_LAUNCHING)
		begin_launched(task, state, now);
	emit_exec(task, state, old_tid, bprm, now);
	return 0;
}

/* Called for a process that marks a phase: see TRIPTYCH_MARK_MAGIC. */
static __always_inline void emit_mark(struct task_struct *task, struct triptych_task_state *state,
                                      struct pt_regs *regs, u64 now)
{
	u32 type = regs->r8;
	struct triptych_mark *record;

	if (type & TRIPTYCH_MARK_FOR_PARENT) {
		struct task_struct *parent = task->real_parent;
		struct triptych_task_state *parent_state = find_task(parent);

		type &= ~TRIPTYCH_MARK_FOR_PARENT;
		if (is_target(parent_state)) {
			task = parent;
			state = parent_state;
		}
	}
	if (type < TRIPTYCH_MARK_BEGIN || type > TRIPTYCH_MARK_POINT)
		return;
	record = reserve(TRIPTYCH_LOSS_MARK, sizeof(*record), now);
	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_MARK, now, state->serial);
	read_counters(&record->counters, task);
	record->faults = state->faults;
	record->type = type;
	__builtin_memset(record->name, 0, sizeof(record->name));
	bpf_probe_read_user_str(record->name, sizeof(record->name), (void *)regs->r10);
	submit(&record->hdr, sizeof(*record));
}

/* void task_rename(struct task_struct *task, const char *comm): prctl(PR_SET_NAME), exec, or a write to
 * /proc/PID/task/TID/comm; also the carrier of marks. */
SEC("?tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct triptych_task_state *state;
	struct triptych_task_rename *record;
	u64 now;

	if (!gate)
		return 0;
	state = find_task(task);
	if (!is_target(state))
		return 0;
	now = bpf_ktime_get_ns();
	if (task->pid == current->pid && !(current->flags & PF_KTHREAD)) {
		struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(current);

		if (regs->orig_ax == SYSCALL_PRCTL && regs->di == PR_SET_NAME &&
		    regs->dx == TRIPTYCH_MARK_MAGIC) {
			emit_mark(current, state, regs, now);
			return 0;
		}
	}
	record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_RENAME, now, state->serial);
	__builtin_memset(record->comm, 0, sizeof(record->comm));
	bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), comm);
	submit(&record->hdr, sizeof(*record));
	return 0;
}

/* void sched_process_exit(struct task_struct *p): the task has called exit, or was made to; its last
 * switch is still to come, and its memory may be gone. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct triptych_task_state *state;
	struct triptych_task_exit *record;
	struct signal_struct *signal;
	u64 now;

	if (!gate)
		return 0;
	state = find_task(task);
	if (!is_target(state))
		return 0;
	now = bpf_ktime_get_ns();
	state->flags |= TRIPTYCH_TASK_STATE_EXITING;
	__sync_fetch_and_add(&exiting, 1);
	record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	if (!record)
		return 0;
	signal = task->signal;
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_EXIT, now, state->serial);
	record->exit_code = task->exit_code;
	record->flags = signal->flags & SIGNAL_GROUP_EXIT ? TRIPTYCH_EXIT_GROUP : 0;
	if (signal->live.counter == 0) {
		record->flags |= TRIPTYCH_EXIT_LAST;
		record->peak_rss_pages = signal->maxrss;
	}
	submit(&record->hdr, sizeof(*record));
	return 0;
}

/* void sched_process_free(struct task_struct *p): its parent has reaped it, and an RCU period later
 * nobody refers to it any more. */
SEC("?tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct triptych_task_state *state;
	struct triptych_task_free *record;
	u64 now;

	if (!gate)
		return 0;
	state = find_task(task);
	if (!is_target(state))
		return 0;
	__sync_fetch_and_add(&unreaped, -1);
	now = bpf_ktime_get_ns();
	record = reserve(TRIPTYCH_LOSS_TASK, sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_FREE, now, state->serial);
	submit(&record->hdr, sizeof(*record));
	return 0;
}
