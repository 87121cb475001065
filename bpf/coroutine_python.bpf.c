// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Tasks of Python's asyncio and of Trio, of programs that know nothing of it: a probe where a task's step begins
 * and on each place that it returns to. Of asyncio that is one function, called for nothing else; Trio calls
 * `send` of a coroutine by Context.run, whatever else goes through that. A task is known by the address of its Task,
 * one of Trio by that of its coroutine. It is a new one when its coroutine has not been started yet, which the
 * coroutine itself says.
 *
 * Neither function is left but by returning, so the steps of a thread are a stack; with more than one task on it
 * only where one starts another at once (eager tasks, since 3.12), or runs an event loop itself.
 */
#include "lib/python.bpf.h"

#define PYTHON_ENDED 1 /* the state of a frame: any number above 0 */

struct python_task_key {
	u64 task;
	u32 space;
	u32 reserved;
};
struct python_task {
	u64 coroutine; /* 0: it has ended */
	u32 function;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct python_task_key);
	__type(value, struct python_task);
} python_tasks SEC(".maps");

/* 3.10: the frame of one that has ended is gone. */
static __always_inline s8 state_of(const struct triptych_python_layout *layout, u64 coroutine)
{
	s8 state = PYTHON_ENDED;

	if (layout->coroutine_frame != TRIPTYCH_PYTHON_NONE)
		coroutine = user_word(coroutine + layout->coroutine_frame);
	if (coroutine)
		bpf_probe_read_user(&state, sizeof(state), (void *)(coroutine + layout->frame_state));
	return state;
}

/* Of a coroutine or generator of the interpreter; others, of compiled modules, look different. */
static __always_inline bool is_native(const struct triptych_python_layout *layout, u64 bias, u64 coroutine)
{
	return python_is_of_type(bias, coroutine, layout->coroutine_type) ||
	       python_is_of_type(bias, coroutine, layout->generator_type);
}

static __always_inline bool is_of_trio(const struct python_hit *hit)
{
	return hit->site->runtime == TRIPTYCH_COROUTINE_RUNTIME_TRIO;
}

/* Of what Context.run was called with: the coroutine whose `send` or `throw` it is; 0: it is something else. */
static __always_inline u64 coroutine_to_run(const struct python_hit *hit)
{
	const struct triptych_python_layout *layout = hit->layout;
	u64 called = user_word(hit->operand), bias = hit->thread->bias, method;

	if (!python_is_of_type(bias, called, layout->compiled_type))
		return 0;
	method = user_word(called + layout->compiled_method) - bias;
	if (method != layout->coroutine_send && method != layout->coroutine_throw)
		return 0;
	return user_word(called + layout->compiled_self);
}

static __always_inline u64 coroutine_of(const struct python_hit *hit, u64 task)
{
	return is_of_trio(hit) ? task : user_word(task + hit->layout->task_coroutine);
}

static __always_inline bool has_ended(const struct python_hit *hit, u64 task)
{
	if (is_of_trio(hit))
		return state_of(hit->layout, task) > 0;
	return user_half_word(task + hit->layout->task_state);
}

/* 0: deeper than is kept. */
static __always_inline struct python_step *step_at(struct python_thread *thread, u32 depth)
{
	if (depth >= PYTHON_MOST_NESTED)
		return 0;
	asm volatile("" : "+r"(depth)); /* the verifier wants a mask that the compiler knows to be needless */
	return &thread->steps[depth & (PYTHON_MOST_NESTED - 1)];
}

/*
 * Those that have ended without a hit: what Context.run was called with may be called in a way that is not
 * probed, or not at all. On a stack that grows downwards the others began above `stack`.
 */
static __always_inline void drop_left(struct python_thread *thread, u64 stack)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < PYTHON_MOST_NESTED; i++) {
		struct python_step *last = step_at(thread, thread->depth - 1);

		if (!last || last->stack > stack)
			return;
		if (last->coroutine && thread->mounted)
			thread->mounted--;
		thread->depth--;
	}
}

static __always_inline int step_begins(const struct python_hit *hit, u64 task, u64 stack)
{
	const struct triptych_python_layout *layout = hit->layout;
	struct python_thread *thread = hit->thread;
	struct python_task_key key = { task, hit->state->mm, 0 };
	struct python_task *known;
	struct python_step *step;
	bool native, is_first;
	u64 coroutine;
	u32 function;

	drop_left(thread, stack);
	step = step_at(thread, thread->depth++);
	if (!step) {
		if (task)
			count_untold_coroutine(hit->now);
		return 0;
	}
	step->coroutine = task;
	step->stack = stack;
	if (!task)
		return 0;
	thread->mounted++;
	known = bpf_map_lookup_elem(&python_tasks, &key);
	coroutine = coroutine_of(hit, task);
	native = is_native(layout, thread->bias, coroutine);
	is_first = native && state_of(layout, coroutine) == layout->frame_created;
	if (known && known->coroutine == coroutine && !is_first) {
		function = known->function;
	} else {
		struct python_task entry = { .coroutine = coroutine };

		if (native)
			entry.function = python_function(
			        layout, user_word(coroutine + layout->coroutine_code),
			        user_word(coroutine + layout->coroutine_qualname), key.space, hit->now);
		function = entry.function;
		if (known || is_first)
			tell_python_coroutine(hit, TRIPTYCH_COROUTINE_CREATED, task, 0, function,
			                      TRIPTYCH_COROUTINE_FIRST_SEEN);
		bpf_map_update_elem(&python_tasks, &key, &entry, BPF_ANY);
	}
	tell_python_coroutine(hit, TRIPTYCH_COROUTINE_RESUMED, task, 0, function, 0);
	return 0;
}

#define PYTHON_MOST_INSIDE 12

struct python_awaiting {
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
__noinline int python_tell_awaited(struct python_awaiting *step)
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
static __always_inline void tell_inside(const struct python_hit *hit, u64 task)
{
	struct python_awaiting step = { .awaiter = coroutine_of(hit, task),
		                        .task = task,
		                        .bias = hit->thread->bias,
		                        .now = hit->now,
		                        .file = hit->site->file,
		                        .serial = hit->state->serial,
		                        .space = hit->state->mm };

	if (!is_native(hit->layout, step.bias, step.awaiter))
		return;
#pragma clang loop unroll(disable)
	for (u32 depth = 1; depth <= PYTHON_MOST_INSIDE && step.awaiter; depth++) {
		step.depth = depth;
		python_tell_awaited(&step);
	}
}

static __always_inline int step_ends(const struct python_hit *hit, u64 stack)
{
	struct python_thread *thread = hit->thread;
	struct python_step *step;
	u64 task, waiter;

	/* The call of what began next to this one would need as much for its return address. */
	drop_left(thread, stack - 2 * sizeof(u64));
	if (!thread->depth)
		return 0; /* it began before we looked */
	step = step_at(thread, --thread->depth);
	if (!step) {
		if (!is_of_trio(hit))
			count_untold_coroutine(hit->now);
		return 0;
	}
	task = step->coroutine;
	if (!task)
		return 0;
	if (thread->mounted)
		thread->mounted--;
	if (has_ended(hit, task)) {
		struct python_task_key key = { task, hit->state->mm, 0 };
		struct python_task ended = {};

		tell_python_coroutine(hit, TRIPTYCH_COROUTINE_FINISHED, task, 0, 0, 0);
		bpf_map_update_elem(&python_tasks, &key, &ended, BPF_ANY);
		return 0;
	}
	if (hit->layout->coroutine_inner != TRIPTYCH_PYTHON_NONE)
		tell_inside(hit, task);
	tell_python_coroutine(hit, TRIPTYCH_COROUTINE_SUSPENDED, task, 0, 0, 0);
	if (is_of_trio(hit))
		return 0;
	waiter = user_word(task + hit->layout->task_waiter);
	if (waiter && python_type_of(waiter) == python_type_of(task))
		tell_python_coroutine(hit, TRIPTYCH_COROUTINE_AWAITS, task, waiter, 0, 0);
	return 0;
}

/*
 * In the context of the thread, at the entry of asyncio's task_step_impl or of Context.run, or behind a call of
 * the one or what the other one calls.
 *
 * It proves that the thread was there, with this Task or these arguments; what is read of them is the program's
 * to write.
 */
SEC("?uprobe")
int on_python_step(struct pt_regs *ctx)
{
	struct python_hit hit;

	if (!python_hit(ctx, &hit))
		return 0;
	if (hit.site->what != TRIPTYCH_COROUTINE_RESUMED)
		return step_ends(&hit, ctx->sp);
	return step_begins(&hit, is_of_trio(&hit) ? coroutine_to_run(&hit) : hit.operand, ctx->sp);
}
