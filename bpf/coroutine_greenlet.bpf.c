// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Greenlets, and so gevent, of programs that know nothing of it: probes on the start of a greenlet, on each
 * switch to one and on its end. A greenlet is known by the address of its state; whoever is switched to leaves
 * the one before suspended.
 *
 * The greenlet that a thread begins with is the thread itself, and gevent's hub is its event loop: neither is
 * told as a coroutine.
 */
#include "lib/python.bpf.h"

#include <bpf/bpf_tracing.h>

struct greenlet_thread {
	u64 current; /* 0: none that is told */
	struct python_thread python;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct greenlet_thread);
} greenlet_threads SEC(".maps");

struct greenlet_key {
	u64 greenlet;
	u32 space;
	u32 reserved;
};
struct greenlet {
	u32 function;
	u32 state;
};
#define GREENLET_STARTS 1 /* the next switch to it is its first */
#define GREENLET_RUNS 2
#define GREENLET_ENDED 3
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct greenlet_key);
	__type(value, struct greenlet);
} greenlets SEC(".maps");

/* No member of a greenlet is farther from its beginning. */
#define GREENLET_SIZE 0x200
#define GREENLET_MOST_FRAMES 100

static __always_inline bool is_of_type(const struct triptych_python_layout *layout, u64 bias, u64 object,
                                       u64 type)
{
	return object && bias != TRIPTYCH_PYTHON_NO_BIAS && python_type_of(object) == bias + type;
}

static __always_inline bool is_hub(const struct triptych_python_layout *layout, u64 greenlet)
{
	u64 name = user_word(python_type_of(user_word(greenlet + layout->greenlet_self)) + layout->type_name);

	return user_half_word(name) == 0x627548; /* "Hub" */
}

/* What it was made to run, where that is a plain function or method; gevent's own are compiled. */
static __always_inline u32 function_to_run(const struct triptych_python_layout *layout, u64 bias,
                                           u64 greenlet, u32 space, u64 now)
{
	u64 callable = user_word(greenlet + layout->greenlet_run);

	if (is_of_type(layout, bias, callable, layout->method_type))
		callable = user_word(callable + layout->method_function);
	if (!is_of_type(layout, bias, callable, layout->function_type))
		return 0;
	return python_function(layout, user_word(callable + layout->function_code),
	                       user_word(callable + layout->function_qualname), space, now);
}

/* The outermost function on the current stack: the one that the greenlet began with. */
static __noinline u32 outermost_function(const struct triptych_python_layout *layout, u64 bias,
                                         u64 thread_state, u32 space, u64 now)
{
	u64 frame, code = 0;

	if (!layout || !thread_state || bias == TRIPTYCH_PYTHON_NO_BIAS)
		return 0;
	frame = user_word(thread_state + layout->thread_frame);
	if (layout->thread_frame_indirect != TRIPTYCH_PYTHON_NONE)
		frame = user_word(frame + layout->thread_frame_indirect);
#pragma clang loop unroll(disable)
	for (int i = 0; i < GREENLET_MOST_FRAMES && frame; i++) {
		u64 here = user_word(frame + layout->frame_code);

		if (is_of_type(layout, bias, here, layout->code_type))
			code = here;
		frame = user_word(frame + layout->frame_previous);
	}
	if (frame)
		return 0; /* deeper than that */
	return python_function(layout, code, user_word(code + layout->code_name), space, now);
}

static __always_inline void leave(struct greenlet_thread *thread, const struct triptych_task_state *state,
                                  const struct triptych_python_layout *layout, u64 now)
{
	struct greenlet_key key = { thread->current, state->mm, 0 };
	struct greenlet *known;

	if (!thread->current)
		return;
	known = bpf_map_lookup_elem(&greenlets, &key);
	if (known && !known->function)
		known->function = outermost_function(layout, thread->python.bias, thread->python.thread_state,
		                                     state->mm, now);
	tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_GREENLET, TRIPTYCH_COROUTINE_SUSPENDED, key.greenlet,
	               0, known ? known->function : 0, 0, now);
	thread->current = 0;
}

static __always_inline void enter(struct greenlet_thread *thread, const struct triptych_task_state *state,
                                  const struct triptych_python_layout *layout, u64 module_bias, u64 greenlet,
                                  u64 now)
{
	struct greenlet_key key = { greenlet, state->mm, 0 };
	struct greenlet *known, entry = { .state = GREENLET_RUNS };

	if (user_word(greenlet) == module_bias + layout->main_greenlet || is_hub(layout, greenlet))
		return;
	known = bpf_map_lookup_elem(&greenlets, &key);
	if (!known || known->state != GREENLET_RUNS) {
		if (known && known->state == GREENLET_STARTS)
			entry.function =
			        function_to_run(layout, thread->python.bias, greenlet, state->mm, now);
		if (known)
			tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_GREENLET, TRIPTYCH_COROUTINE_CREATED,
			               greenlet, 0, entry.function, TRIPTYCH_COROUTINE_FIRST_SEEN, now);
		bpf_map_update_elem(&greenlets, &key, &entry, BPF_ANY);
	} else {
		entry.function = known->function;
	}
	thread->current = greenlet;
	tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_GREENLET, TRIPTYCH_COROUTINE_RESUMED, greenlet, 0,
	               entry.function, 0, now);
}

static __always_inline void end(struct greenlet_thread *thread, const struct triptych_task_state *state,
                                const struct triptych_python_layout *layout, u64 now)
{
	struct greenlet_key key = { thread->current, state->mm, 0 };
	struct greenlet *known = bpf_map_lookup_elem(&greenlets, &key);

	tell_coroutine(state, TRIPTYCH_COROUTINE_RUNTIME_GREENLET, TRIPTYCH_COROUTINE_FINISHED, key.greenlet,
	               0, 0, 0, now);
	if (known)
		known->state = GREENLET_ENDED;
	thread->current = 0;
}

/*
 * In the context of the thread, at the entry of one of three functions of the module.
 *
 * It proves that the thread was there, with this greenlet; what is read of it is the program's to write.
 */
SEC("?uprobe")
int on_greenlet(struct pt_regs *ctx)
{
	const struct triptych_coroutine_site *site = hit_coroutine_site(ctx);
	const struct triptych_python_layout *layout;
	struct triptych_task_state *state;
	struct greenlet_thread *thread;
	u64 now, greenlet = 0, module_bias;
	u32 file;

	if (!site)
		return 0;
	state = current_target();
	if (!state)
		return 0;
	file = site->file;
	layout = bpf_map_lookup_elem(&python_layouts, &file);
	thread = bpf_task_storage_get(&greenlet_threads, bpf_get_current_task_btf(), 0,
	                              BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!layout || !thread)
		return 0;
	now = bpf_ktime_get_ns();
	module_bias = ctx->ip - site->address;
	bpf_probe_read_kernel(&greenlet, sizeof(greenlet), (void *)ctx + site->id.register_offset);
	if (thread->python.mm != state->mm || thread->python.file != file) {
		thread->python.mm = state->mm;
		thread->python.file = file;
		thread->current = 0;
		thread->python.bias = python_bias(layout, module_bias);
	}
	thread->python.thread_state = python_thread_state(layout, thread->python.bias);
	if (site->what == TRIPTYCH_COROUTINE_CREATED) {
		struct greenlet_key key = { greenlet, state->mm, 0 };
		struct greenlet starts = { .state = GREENLET_STARTS };

		bpf_map_update_elem(&greenlets, &key, &starts, BPF_ANY);
	} else if (site->what == TRIPTYCH_COROUTINE_RESUMED) {
		tell_space(state, TRIPTYCH_COROUTINE_UPROBE, now);
		leave(thread, state, layout, now);
		enter(thread, state, layout, module_bias, greenlet, now);
	} else if (thread->current && greenlet - thread->current < GREENLET_SIZE) {
		end(thread, state, layout, now);
	}
	return 0;
}

/*
 * void sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next,
 *		     unsigned int prev_state)
 *
 * As of asyncio: a thread begins to wait while a greenlet runs on it that is neither its first nor its hub.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(on_greenlet_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
             unsigned int prev_state)
{
	struct greenlet_thread *thread;

	if (!gate || preempt || !prev_state)
		return 0;
	thread = bpf_task_storage_get(&greenlet_threads, prev, 0, 0);
	if (!thread || !thread->current)
		return 0;
	return tell_python_wait(prev, &thread->python);
}
