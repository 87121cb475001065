/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the programs read of a Python interpreter in the current task's memory. All of it is the target's:
 * whatever is not as expected gives 0, and wrong names at worst.
 */
#ifndef TRIPTYCH_PYTHON_BPF_H
#define TRIPTYCH_PYTHON_BPF_H

#include "lib/coroutine.bpf.h"

#include "abi/python.h"
#include "lib/python_thread.bpf.h"

#define TRIPTYCH_PYTHON_NO_BIAS (~0ull) /* this is another interpreter */
#define SYSCALL_FUTEX 202

/* By the number of the file whose places are probed. */
extern struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIPTYCH_PYTHON_MAX_LAYOUTS);
	__type(key, u32);
	__type(value, struct triptych_python_layout);
} python_layouts SEC(".maps");

/* Numbers of functions that have been told, by where they are and, so that it is one function also in a forked
 * child, by what has been told of them. */
extern struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct triptych_python_code_key);
	__type(value, u32);
} python_functions SEC(".maps");
extern struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u32);
} python_function_texts SEC(".maps");

static __always_inline u64 python_type_of(u64 object)
{
	return user_word(object + 8);
}

/* `type` as the interpreter's file has it. */
static __always_inline bool python_is_of_type(u64 bias, u64 object, u64 type)
{
	return object && bias != TRIPTYCH_PYTHON_NO_BIAS && python_type_of(object) == bias + type;
}

/*
 * What has to be added to addresses of the interpreter's file. A module that several interpreters share would
 * give nonsense with another one than the layout's: the type of types is then not where it should be.
 */
static __always_inline u64 python_bias(const struct triptych_python_layout *layout, u64 module_bias)
{
	u64 bias = module_bias;

	if (layout->none_slot)
		bias = user_word(module_bias + layout->none_slot) - layout->none;
	if (python_type_of(bias + layout->coroutine_type) != bias + layout->type_type)
		return TRIPTYCH_PYTHON_NO_BIAS;
	return bias;
}

/* The thread's own state; of an interpreter with one pointer for all, as long as the thread has the GIL. */
static __always_inline u64 python_thread_state(const struct triptych_python_layout *layout, u64 bias)
{
	struct task_struct *current = bpf_get_current_task_btf();
	u64 fs = current->thread.fsbase;
	u64 at = bias + layout->thread_state;
	u64 vector;

	switch (layout->thread_state_how) {
	case TRIPTYCH_PYTHON_STATE_GLOBAL:
		return user_word(at);
	case TRIPTYCH_PYTHON_STATE_FS:
		return user_word(fs + layout->thread_state);
	case TRIPTYCH_PYTHON_STATE_FS_SLOT:
		return user_word(fs + user_word(at));
	case TRIPTYCH_PYTHON_STATE_TLS_PAIR:
		/* glibc: a vector of two words for each module, found behind FS's base. */
		vector = user_word(fs + 8);
		return user_word(user_word(vector + 16 * user_word(at)) + user_word(at + 8));
	}
	return 0;
}

#define PYTHON_MOST_FRAMES 4 /* of the interpreter's own, before the first one of a function */

/* The code of the innermost function that is being run; 0: not known. */
static __always_inline u64 python_innermost_code(const struct triptych_python_layout *layout, u64 bias,
                                                 u64 thread_state)
{
	u64 frame;

	if (!thread_state || bias == TRIPTYCH_PYTHON_NO_BIAS)
		return 0;
	frame = user_word(thread_state + layout->thread_frame);
	if (layout->thread_frame_indirect != TRIPTYCH_PYTHON_NONE)
		frame = user_word(frame + layout->thread_frame_indirect);
#pragma clang loop unroll(disable)
	for (int i = 0; i < PYTHON_MOST_FRAMES && frame; i++) {
		u64 code = user_word(frame + layout->frame_code);

		if (code && python_type_of(code) == bias + layout->code_type)
			return code;
		frame = user_word(frame + layout->frame_previous);
	}
	return 0;
}

/* Whether the task, which is about to leave the CPU, waits for the GIL: for a word of the interpreter's own. */
static __always_inline bool python_waits_for_gil(const struct triptych_python_layout *layout, u64 bias,
                                                 struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	return bias != TRIPTYCH_PYTHON_NO_BIAS && regs->orig_ax == SYSCALL_FUTEX &&
	       regs->di - (bias + layout->runtime) < layout->runtime_size;
}

/* Reads and tells a function that was not met there before; its number, 0: it cannot be read. A global function, in
 * python.bpf.c: verified once instead of at each call. */
int tell_python_function(const struct triptych_python_layout *layout, u64 code, u64 name, u64 now);

/* The number of the function with this code, which is called by this name (a str); 0: not known. */
static __always_inline u32 python_function(const struct triptych_python_layout *layout, u64 code, u64 name,
                                           u32 space, u64 now)
{
	struct triptych_python_code_key key = { code, name, space, 0 };
	u32 *known, number;

	if (!code || !name)
		return 0;
	known = bpf_map_lookup_elem(&python_functions, &key);
	if (known)
		return *known;
	number = tell_python_function(layout, code, name, now);
	if (number)
		bpf_map_update_elem(&python_functions, &key, &number, BPF_ANY);
	return number;
}

extern struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct python_thread);
} python_threads SEC(".maps");

/* A probe in an interpreter's code, or in that of one of its modules, that one of the targets has hit. */
struct python_hit {
	const struct triptych_coroutine_site *site;
	const struct triptych_python_layout *layout;
	struct triptych_task_state *state;
	struct python_thread *thread;
	u64 module_bias;
	u64 operand; /* what the place says of the coroutine */
	u64 now;
};

/* Another program, or another interpreter in it: what was known of the thread is void. */
static __always_inline void python_refresh(const struct python_hit *hit)
{
	struct python_thread *thread = hit->thread;

	if (thread->mm == hit->state->mm && thread->file == hit->site->file &&
	    thread->module_bias == hit->module_bias && thread->bias != TRIPTYCH_PYTHON_NO_BIAS)
		return;
	thread->mm = hit->state->mm;
	thread->file = hit->site->file;
	thread->module_bias = hit->module_bias;
	thread->bias = python_bias(hit->layout, hit->module_bias);
	thread->depth = 0;
	thread->mounted = 0;
}

static __always_inline bool python_hit(struct pt_regs *ctx, struct python_hit *hit)
{
	u32 file;

	hit->site = hit_coroutine_site(ctx);
	if (!hit->site)
		return false;
	hit->state = current_target();
	if (!hit->state)
		return false;
	file = hit->site->file;
	hit->layout = bpf_map_lookup_elem(&python_layouts, &file);
	hit->thread = bpf_task_storage_get(&python_threads, bpf_get_current_task_btf(), 0,
	                                   BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!hit->layout || !hit->thread)
		return false;
	hit->now = bpf_ktime_get_ns();
	hit->module_bias = ctx->ip - hit->site->address;
	hit->operand = 0;
	bpf_probe_read_kernel(&hit->operand, sizeof(hit->operand),
	                      (void *)ctx + hit->site->id.register_offset);
	python_refresh(hit);
	if (hit->site->what == TRIPTYCH_COROUTINE_RESUMED) {
		tell_space(hit->state, TRIPTYCH_COROUTINE_UPROBE, hit->now);
		hit->thread->thread_state = python_thread_state(hit->layout, hit->thread->bias);
	}
	return true;
}

static __always_inline void tell_python_coroutine(const struct python_hit *hit, u8 what, u64 id, u64 other,
                                                  u32 function, u16 flags)
{
	tell_coroutine(hit->state, hit->site->runtime, what, id, other, function, flags, hit->now);
}

#endif
