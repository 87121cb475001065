// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Tasks of Python's asyncio, of programs that know nothing of it: a probe on the function that makes a task's
 * step and on each place that it returns to. A task is known by the address of its Task; it is a new one when
 * its coroutine has not been started yet, which the coroutine itself says.
 *
 * A step never leaves its function but by returning, so the steps of a thread are a stack; with more than one
 * on it only where one task starts another at once (eager tasks, since 3.12).
 */
#include "lib/python.bpf.h"

#include <bpf/bpf_tracing.h>

#define ASYNCIO_MOST_NESTED 16

struct asyncio_thread {
	u64 tasks[ASYNCIO_MOST_NESTED]; /* that are being stepped, the innermost last */
	u64 module_bias;
	struct python_thread python;
	u32 depth;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct asyncio_thread);
} asyncio_threads SEC(".maps");

struct asyncio_task_key {
	u64 task;
	u32 space;
	u32 reserved;
};
struct asyncio_task {
	u64 coroutine; /* 0: it has ended */
	u32 function;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct asyncio_task_key);
	__type(value, struct asyncio_task);
} asyncio_tasks SEC(".maps");

static __always_inline bool is_started(const struct triptych_python_layout *layout, u64 coroutine)
{
	s8 frame_state = 0;

	if (layout->coroutine_frame != TRIPTYCH_PYTHON_NONE)
		coroutine = user_word(coroutine + layout->coroutine_frame);
	bpf_probe_read_user(&frame_state, sizeof(frame_state), (void *)(coroutine + layout->frame_state));
	return frame_state != layout->frame_created;
}

/* Of a coroutine or generator of the interpreter; others, of compiled modules, look different. */
static __always_inline bool is_native(const struct triptych_python_layout *layout, u64 bias, u64 coroutine)
{
	u64 type = python_type_of(coroutine);

	return bias != TRIPTYCH_PYTHON_NO_BIAS &&
	       (type == bias + layout->coroutine_type || type == bias + layout->generator_type);
}

/* Another program, or another interpreter in it: what was known of the thread is void. */
static __always_inline void refresh(struct asyncio_thread *thread, const struct triptych_task_state *state,
                                    const struct triptych_python_layout *layout, u32 file, u64 module_bias)
{
	if (thread->python.mm == state->mm && thread->python.file == file &&
	    thread->module_bias == module_bias && thread->python.bias != TRIPTYCH_PYTHON_NO_BIAS)
		return;
	thread->python.mm = state->mm;
	thread->python.file = file;
	thread->module_bias = module_bias;
	thread->python.bias = python_bias(layout, module_bias);
	thread->depth = 0;
}

static __always_inline int step_begins(struct asyncio_thread *thread, const struct triptych_task_state *state,
                                       const struct triptych_python_layout *layout, u64 task, u64 now)
{
	struct asyncio_task_key key = { task, state->mm, 0 };
	struct asyncio_task *known = bpf_map_lookup_elem(&asyncio_tasks, &key);
	u64 coroutine = user_word(task + layout->task_coroutine);
	bool native = is_native(layout, thread->python.bias, coroutine);
	bool is_first = native && !is_started(layout, coroutine);
	u32 depth = thread->depth++, function;

	if (!depth)
		thread->python.thread_state = python_thread_state(layout, thread->python.bias);
	if (depth >= ASYNCIO_MOST_NESTED) {
		count_untold_coroutine(now);
		return 0;
	}
	thread->tasks[depth] = task;
	if (known && known->coroutine == coroutine && !is_first) {
		function = known->function;
	} else {
		struct asyncio_task entry = { .coroutine = coroutine };

		if (native)
			entry.function = python_function(
			        layout, user_word(coroutine + layout->coroutine_code),
			        user_word(coroutine + layout->coroutine_qualname), state->mm, now);
		function = entry.function;
		if (known || is_first)
			tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO, TRIPTYCH_COROUTINE_CREATED,
			               task, 0, function, TRIPTYCH_COROUTINE_FIRST_SEEN, now);
		bpf_map_update_elem(&asyncio_tasks, &key, &entry, BPF_ANY);
	}
	tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO, TRIPTYCH_COROUTINE_RESUMED, task, 0,
	               function, 0, now);
	return 0;
}

#define ASYNCIO_MOST_INSIDE 12

struct asyncio_awaiting {
	u64 awaiter; /* then what it awaits; 0: no coroutine */
	u64 task;
	u64 bias;
	u64 now;
	u32 file;
	u32 serial;
	u32 space;
	u32 depth;
};

/* A global function: verified once, instead of at each depth. */
__noinline int asyncio_tell_awaited(struct asyncio_awaiting *step)
{
	const struct triptych_python_layout *layout;
	struct triptych_coroutine_inside *record;
	u64 awaiter, frame;
	s8 frame_state = 0;
	u32 file, top;

	if (!step)
		return 0;
	file = step->file;
	awaiter = step->awaiter;
	step->awaiter = 0;
	layout = bpf_map_lookup_elem(&python_layouts, &file);
	if (!layout)
		return 0;
	frame = awaiter + layout->coroutine_inner;
	top = user_half_word(frame + layout->frame_top);
	bpf_probe_read_user(&frame_state, sizeof(frame_state), (void *)(awaiter + layout->frame_state));
	if (frame_state >= 0 || !top || top > 65536)
		return 0;
	awaiter = user_word(frame + layout->frame_locals + 8 * (u64)(top - 1));
	if (!awaiter || !is_native(layout, step->bias, awaiter))
		return 0;
	step->awaiter = awaiter;
	record = reserve_coroutine(sizeof(*record), step->now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE_INSIDE, step->now, step->serial);
	record->id = step->task;
	record->space = step->space | TRIPTYCH_COROUTINE_KERNEL_SERIALS;
	record->depth = step->depth;
	record->function = python_function(layout, user_word(awaiter + layout->coroutine_code),
	                                   user_word(awaiter + layout->coroutine_qualname), step->space,
	                                   step->now);
	submit(&record->hdr, sizeof(*record));
	return 0;
}

/*
 * What the task's coroutine awaits, as far as it is coroutines and generators: each one that is suspended has on
 * top of its stack what it waits for.
 */
static __always_inline void tell_inside(struct asyncio_thread *thread,
                                        const struct triptych_task_state *state,
                                        const struct triptych_python_layout *layout, u64 task, u64 now)
{
	struct asyncio_awaiting step = { .awaiter = user_word(task + layout->task_coroutine),
		                         .task = task,
		                         .bias = thread->python.bias,
		                         .now = now,
		                         .file = thread->python.file,
		                         .serial = state->serial,
		                         .space = state->mm };

	if (!is_native(layout, step.bias, step.awaiter))
		return;
#pragma clang loop unroll(disable)
	for (u32 depth = 1; depth <= ASYNCIO_MOST_INSIDE && step.awaiter; depth++) {
		step.depth = depth;
		asyncio_tell_awaited(&step);
	}
}

static __always_inline int step_ends(struct asyncio_thread *thread, const struct triptych_task_state *state,
                                     const struct triptych_python_layout *layout, u64 now)
{
	u64 task, waiter;
	u32 depth;

	if (!thread->depth)
		return 0; /* it began before we looked */
	depth = --thread->depth;
	if (depth >= ASYNCIO_MOST_NESTED) {
		count_untold_coroutine(now);
		return 0;
	}
	task = thread->tasks[depth & (ASYNCIO_MOST_NESTED - 1)];
	if (user_half_word(task + layout->task_state)) {
		struct asyncio_task_key key = { task, state->mm, 0 };
		struct asyncio_task ended = {};

		tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO, TRIPTYCH_COROUTINE_FINISHED, task,
		               0, 0, 0, now);
		bpf_map_update_elem(&asyncio_tasks, &key, &ended, BPF_ANY);
		return 0;
	}
	if (layout->coroutine_inner != TRIPTYCH_PYTHON_NONE)
		tell_inside(thread, state, layout, task, now);
	tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO, TRIPTYCH_COROUTINE_SUSPENDED, task, 0, 0, 0,
	               now);
	waiter = user_word(task + layout->task_waiter);
	if (waiter && python_type_of(waiter) == python_type_of(task))
		tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO, TRIPTYCH_COROUTINE_AWAITS, task,
		               waiter, 0, 0, now);
	return 0;
}

/*
 * In the context of the thread, at the entry of task_step_impl or behind a call of it.
 *
 * It proves that the thread was there, with this Task; what is read of it is the program's to write.
 */
SEC("?uprobe")
int on_asyncio_step(struct pt_regs *ctx)
{
	const struct triptych_coroutine_site *site = hit_coroutine_site(ctx);
	const struct triptych_python_layout *layout;
	struct triptych_task_state *state;
	struct asyncio_thread *thread;
	u64 now, task = 0;
	u32 file;

	if (!site)
		return 0;
	state = current_target();
	if (!state)
		return 0;
	file = site->file;
	layout = bpf_map_lookup_elem(&python_layouts, &file);
	thread = bpf_task_storage_get(&asyncio_threads, bpf_get_current_task_btf(), 0,
	                              BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!layout || !thread)
		return 0;
	now = bpf_ktime_get_ns();
	refresh(thread, state, layout, file, ctx->ip - site->address);
	if (site->what != TRIPTYCH_COROUTINE_RESUMED)
		return step_ends(thread, state, layout, now);
	tell_space(state, TRIPTYCH_COROUTINE_UPROBE, now);
	bpf_probe_read_kernel(&task, sizeof(task), (void *)ctx + site->id.register_offset);
	return step_begins(thread, state, layout, task, now);
}

/*
 * void sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next,
 *		     unsigned int prev_state)
 *
 * In prev's context still, so that its memory can be read, as far as it is there: a thread begins to wait while
 * a task is being stepped. Proves for what system call's word it waits; in which function is what the
 * interpreter says.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(on_asyncio_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
             unsigned int prev_state)
{
	struct asyncio_thread *thread;

	if (!gate || preempt || !prev_state)
		return 0;
	thread = bpf_task_storage_get(&asyncio_threads, prev, 0, 0);
	if (!thread || !thread->depth)
		return 0;
	return tell_python_wait(prev, &thread->python);
}
