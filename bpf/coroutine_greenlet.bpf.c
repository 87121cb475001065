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

	if (python_is_of_type(bias, callable, layout->method_type))
		callable = user_word(callable + layout->method_function);
	if (!python_is_of_type(bias, callable, layout->function_type))
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

		if (python_is_of_type(bias, here, layout->code_type))
			code = here;
		frame = user_word(frame + layout->frame_previous);
	}
	if (frame)
		return 0; /* deeper than that */
	return python_function(layout, code, user_word(code + layout->code_name), space, now);
}

/* At most one runs on a thread. */
static __always_inline void leave(const struct python_hit *hit)
{
	struct python_thread *thread = hit->thread;
	struct greenlet_key key = { thread->steps[0].coroutine, hit->state->mm, 0 };
	struct greenlet *known;

	if (!thread->mounted)
		return;
	known = bpf_map_lookup_elem(&greenlets, &key);
	if (known && !known->function)
		known->function = outermost_function(hit->layout, thread->bias, thread->thread_state,
		                                     hit->state->mm, hit->now);
	tell_python_coroutine(hit, TRIPTYCH_COROUTINE_SUSPENDED, key.greenlet, 0, known ? known->function : 0,
	                      0);
	thread->mounted = 0;
}

static __always_inline void enter(const struct python_hit *hit)
{
	struct greenlet_key key = { hit->operand, hit->state->mm, 0 };
	struct greenlet *known, entry = { .state = GREENLET_RUNS };

	if (user_word(key.greenlet) == hit->module_bias + hit->layout->main_greenlet ||
	    is_hub(hit->layout, key.greenlet))
		return;
	known = bpf_map_lookup_elem(&greenlets, &key);
	if (!known || known->state != GREENLET_RUNS) {
		if (known && known->state == GREENLET_STARTS)
			entry.function = function_to_run(hit->layout, hit->thread->bias, key.greenlet,
			                                 hit->state->mm, hit->now);
		if (known)
			tell_python_coroutine(hit, TRIPTYCH_COROUTINE_CREATED, key.greenlet, 0,
			                      entry.function, TRIPTYCH_COROUTINE_FIRST_SEEN);
		bpf_map_update_elem(&greenlets, &key, &entry, BPF_ANY);
	} else {
		entry.function = known->function;
	}
	hit->thread->steps[0].coroutine = key.greenlet;
	hit->thread->mounted = 1;
	tell_python_coroutine(hit, TRIPTYCH_COROUTINE_RESUMED, key.greenlet, 0, entry.function, 0);
}

static __always_inline void end(const struct python_hit *hit)
{
	struct greenlet_key key = { hit->thread->steps[0].coroutine, hit->state->mm, 0 };
	struct greenlet *known = bpf_map_lookup_elem(&greenlets, &key);

	tell_python_coroutine(hit, TRIPTYCH_COROUTINE_FINISHED, key.greenlet, 0, 0, 0);
	if (known)
		known->state = GREENLET_ENDED;
	hit->thread->mounted = 0;
}

/*
 * In the context of the thread, at the entry of one of three functions of the module.
 *
 * It proves that the thread was there, with this greenlet; what is read of it is the program's to write.
 */
SEC("?uprobe")
int on_greenlet(struct pt_regs *ctx)
{
	struct python_hit hit;

	if (!python_hit(ctx, &hit))
		return 0;
	if (hit.site->what == TRIPTYCH_COROUTINE_CREATED) {
		struct greenlet_key key = { hit.operand, hit.state->mm, 0 };
		struct greenlet starts = { .state = GREENLET_STARTS };

		bpf_map_update_elem(&greenlets, &key, &starts, BPF_ANY);
	} else if (hit.site->what == TRIPTYCH_COROUTINE_RESUMED) {
		leave(&hit);
		enter(&hit);
	} else if (hit.thread->mounted && hit.operand - hit.thread->steps[0].coroutine < GREENLET_SIZE) {
		end(&hit);
	}
	return 0;
}
