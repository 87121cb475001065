/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is kept of each thread that resumes C++20 coroutines or tokio's tasks. */
#ifndef TRIPTYCH_CPP_THREAD_BPF_H
#define TRIPTYCH_CPP_THREAD_BPF_H

#include "lib/coroutine.bpf.h"

struct cpp_thread_state {
	struct triptych_cpp_thread stack;
	u64 last_return; /* that was covered, to spare a look-up */
	u64 executed;    /* how many programs, when the following was looked up */
	u32 task;
	u32 told; /* its space */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cpp_thread_state);
} cpp_threads SEC(".maps");

/* What is kept of the current task, with its serial and space: looked up once for each program that it executes. */
static __always_inline struct cpp_thread_state *current_thread(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpp_thread_state *thread = bpf_task_storage_get(&cpp_threads, task, 0, 0);
	struct triptych_task_state *state;

	if (thread && thread->executed == task->self_exec_id && !is_ending())
		return thread;
	state = current_target();
	if (!state)
		return 0;
	thread = bpf_task_storage_get(&cpp_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		return 0;
	thread->task = state->serial;
	thread->executed = task->self_exec_id;
	if (thread->stack.space != state->mm) {
		/* A new thread, or the same one behind an exec. */
		thread->stack.count = 0;
		thread->stack.last_frame = 0;
		thread->stack.space = state->mm;
		thread->last_return = 0;
		thread->told = 0;
	}
	return thread;
}

#endif
