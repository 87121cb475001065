// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Coroutines that have stacks of their own: Boost.Context, with Fiber and Coroutine2 on top of it, and libc's
 * ucontext. Probes where a context is made and where one is switched to; whoever is switched to leaves the one
 * before suspended.
 *
 * A context that does not run is known by the stack pointer that it was left with, which is nobody else's as
 * long as it is there: Boost hands on just that, a ucontext_t has it in it, wherever it may be copied to. A
 * coroutine's id is the stack pointer that it began with.
 */
#include "lib/coroutine.bpf.h"

#define CONTEXT_NEW (1u << 0)     /* its function has not been entered */
#define CONTEXT_UNTOLD (1u << 1)  /* while it runs now: it does not run yet what it was made for */
#define CONTEXT_LOOP (1u << 2)    /* chooses the next fiber, and is none */
#define CONTEXT_UNWINDS (1u << 3) /* it was told to throw away what is on its stack */
#define CONTEXT_IS_MET (1u << 4)  /* when it was made was not seen, its id will be told by its leaving */

struct context {
	u64 id; /* 0: it is the thread's own stack */
	u64 stack_end;
	u32 function;
	u32 flags;
};
struct context_key {
	u64 sp;
	u32 space;
	u32 reserved;
};
/* Those that do not run. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct context_key);
	__type(value, struct context);
} contexts SEC(".maps");

struct context_thread {
	struct context current;
	u32 mm;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct context_thread);
} context_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIPTYCH_MAX_KNOWN_FUNCTIONS);
	__type(key, struct triptych_context_entry_key);
	__type(value, u32);
} context_entries SEC(".maps");

/* Of the versions 1.61 to 1.8x, unless the loader finds another one's. */
volatile struct triptych_context_layout context_layout = { .jump = 0x38, .ontop = 0x38, .make = 0x40 };

/* Set by the loader, where a file has it. */
volatile struct triptych_context_loop context_loop = {};

#define UCONTEXT_SP 0xa0 /* in a ucontext_t: the saved stack pointer */
#define UCONTEXT_STACK 0x10
#define UCONTEXT_STACK_SIZE 0x20
#define UCONTEXT_ARGUMENTS 6 /* as many are passed in registers */

struct context_mapping {
	u64 start;
	u64 end;
};

static long look_at_stack(struct task_struct *task, struct vm_area_struct *vma, struct context_mapping *found)
{
	found->start = vma->vm_start;
	found->end = vma->vm_end;
	return 0;
}

/* Whether this is on the stack that the current thread began with; taken to be so where it cannot be seen. */
static __noinline bool is_own_stack(u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct context_mapping found = {};
	u64 there =
	        task->thread
	                .fsbase; /* of all but a process's first: above its stack, and of a piece with it */

	if (task->pid == task->tgid)
		there = BPF_CORE_READ(task, mm, start_stack);
	else if (sp >= there)
		return false;
	bpf_find_vma(task, sp, look_at_stack, &found, 0);
	return !found.end || (there >= found.start && there < found.end);
}

#define BOOST_RECORD_GAP 64 /* between where a stack begins and what is to be run on it */
#define BOOST_RECORD_ALIGNMENT 256

/* Whether this is what Boost has put at the top of the context's stack, to be run there. It has the stack's size
 * and top first: that is how it is known of a context that was made before anybody looked. */
static __always_inline bool is_record_of(const struct context *context, u64 address, u64 sp)
{
	u64 words[2] = {};

	if (context->stack_end)
		return address == context->id + context_layout.make + BOOST_RECORD_GAP;
	if (!context->id || address <= sp || address % BOOST_RECORD_ALIGNMENT ||
	    bpf_probe_read_user(words, sizeof(words), (void *)address))
		return false;
	return address < words[1] && words[0] < (1ull << 32) && words[1] - sp <= words[0];
}

struct context_switch {
	const struct triptych_task_state *state;
	u64 now;
	u64 from; /* the stack pointer that the current one is left with; 0: nobody is to come back to it */
	u64 to;
	u8 runtime;
	bool ends;    /* the current one */
	bool unwinds; /* the next one */
	u8 reserved;
	u64 argument;   /* of Boost: handed to the next one */
	u64 loop_begin; /* of the code that chooses the next one, in this process; 0: not known */
};

#define LOOP_CHUNKS 8
#define LOOP_WORDS 16

/* Whether something on this stack is to return to the code that chooses the next one: of a context that was made
 * before anybody looked, that tells what it is. */
static __noinline bool returns_to_loop(u64 sp, u64 begin)
{
	u64 words[LOOP_WORDS];

	if (!begin)
		return false;
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < LOOP_CHUNKS; i++) {
		if (bpf_probe_read_user(words, sizeof(words), (void *)(sp + i * sizeof(words))))
			return false;
#pragma clang loop unroll(disable)
		for (u32 k = 0; k < LOOP_WORDS; k++) {
			if (words[k] - begin < context_loop.size)
				return true;
		}
	}
	return false;
}

static __always_inline bool is_told(const struct context *context)
{
	return context->id && !(context->flags & (CONTEXT_UNTOLD | CONTEXT_LOOP));
}

static __always_inline void leave(struct context *current, const struct context_switch *change)
{
	u8 what = TRIPTYCH_COROUTINE_SUSPENDED;

	if (current->flags & CONTEXT_IS_MET) {
		current->flags &= ~CONTEXT_IS_MET;
		current->id = change->from;
		if (returns_to_loop(change->from, change->loop_begin))
			current->flags |= CONTEXT_LOOP;
	}
	if (!is_told(current))
		return;
	if (change->ends)
		what = current->flags & CONTEXT_UNWINDS ? TRIPTYCH_COROUTINE_DESTROYED
		                                        : TRIPTYCH_COROUTINE_FINISHED;
	tell_coroutine(change->state, change->runtime, what, current->id, 0, current->function, 0,
	               change->now);
}

static __always_inline void enter(struct context *next, const struct context_switch *change)
{
	next->flags &= ~(CONTEXT_NEW | CONTEXT_UNTOLD);
	if (change->unwinds)
		next->flags |= CONTEXT_UNWINDS;
	if (is_told(next))
		tell_coroutine(change->state, change->runtime, TRIPTYCH_COROUTINE_RESUMED, next->id, 0,
		               next->function, 0, change->now);
}

static __always_inline bool is_on_stack(const struct context *context, u64 sp)
{
	return context->stack_end && sp >= context->stack_end && sp < context->id;
}

static __always_inline void switch_context(struct context_thread *thread, const struct context_switch *change)
{
	struct context_key key = { change->to, thread->mm, 0 };
	struct context *known, next = {};
	bool silent = false;

	known = bpf_map_lookup_elem(&contexts, &key);
	if (known)
		next = *known;
	else if (!change->from && !change->ends && is_on_stack(&thread->current, change->to))
		return; /* a jump on its own stack */
	else if (!is_own_stack(change->to)) {
		next.id = change->to;
		if (returns_to_loop(change->to, change->loop_begin))
			next.flags = CONTEXT_LOOP;
	}
	/* Boost's first jump to a context only hands over what it is to run, and it comes straight back: to
	 * those two it is no switch. */
	if ((next.flags & CONTEXT_NEW) && is_record_of(&next, change->argument, change->to)) {
		next.flags = (next.flags & ~CONTEXT_NEW) | CONTEXT_UNTOLD;
		silent = true;
	} else if (thread->current.flags & CONTEXT_UNTOLD) {
		silent = true;
	}
	if (!silent)
		leave(&thread->current, change);
	if (change->from) {
		struct context_key left = { change->from, thread->mm, 0 };

		if (bpf_map_update_elem(&contexts, &left, &thread->current, BPF_ANY))
			count_untold_coroutine(change->now);
	}
	if (known)
		bpf_map_delete_elem(&contexts, &key);
	if (!silent)
		enter(&next, change);
	thread->current = next;
}

static __always_inline void make_context(struct pt_regs *ctx, const struct triptych_coroutine_site *site,
                                         const struct triptych_task_state *state, u64 id, u64 stack_end,
                                         u64 function, u64 now)
{
	struct triptych_context_entry_key entry = { function - (ctx->ip - site->address), site->file, 0 };
	struct context_key key = { id, state->mm, 0 };
	struct context made = { .id = id, .stack_end = stack_end, .flags = CONTEXT_NEW };
	u32 *place = bpf_map_lookup_elem(&context_entries, &entry);

	if (site->kind == TRIPTYCH_CONTEXT_MAKE_LOOP || (place && !*place))
		made.flags |= CONTEXT_LOOP;
	else if (place)
		made.function = known_coroutine_function(*place, now);
	if (bpf_map_update_elem(&contexts, &key, &made, BPF_ANY))
		count_untold_coroutine(now);
	if (!(made.flags & CONTEXT_LOOP))
		tell_coroutine(state, site->runtime, TRIPTYCH_COROUTINE_CREATED, id, 0, made.function, 0,
		               now);
}

/* Where makecontext lets it begin: below the arguments that have no register, and the way out. */
static __always_inline u64 beginning_of_ucontext(u64 context, s32 arguments)
{
	u64 top = user_word(context + UCONTEXT_STACK) + user_word(context + UCONTEXT_STACK_SIZE);
	u64 on_stack = arguments > UCONTEXT_ARGUMENTS ? arguments - UCONTEXT_ARGUMENTS : 0;

	return ((top - 8 * (on_stack + 1)) & -16ull) - 8;
}

static __always_inline struct context_thread *thread_of(const struct triptych_task_state *state, u64 sp)
{
	struct context_thread *thread = bpf_task_storage_get(&context_threads, bpf_get_current_task_btf(), 0,
	                                                     BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (thread && thread->mm != state->mm) {
		struct context none = {}, met = { .id = ~0ull, .flags = CONTEXT_IS_MET };

		thread->mm = state->mm;
		thread->current = is_own_stack(sp) ? none : met;
	}
	return thread;
}

static __always_inline void on_switch(struct pt_regs *ctx, const struct triptych_coroutine_site *site,
                                      struct context_thread *thread, struct context_switch *change, u64 sp)
{
	change->runtime = site->runtime;
	if (site->file == context_loop.file && context_loop.size)
		change->loop_begin = context_loop.address + (ctx->ip - site->address);
	switch (site->kind) {
	case TRIPTYCH_CONTEXT_JUMP:
		change->from = sp - context_layout.jump;
		change->to = ctx->di;
		change->argument = ctx->si;
		break;
	case TRIPTYCH_CONTEXT_ONTOP:
		change->from = sp - context_layout.ontop;
		change->to = ctx->di;
		change->argument = ctx->si;
		/* The next one is to free the stack that it leaves. */
		change->ends = is_record_of(&thread->current, ctx->si, sp);
		change->unwinds = !ctx->si;
		break;
	case TRIPTYCH_UCONTEXT_SWAP:
		change->from = sp + sizeof(u64);
		change->to = user_word(ctx->si + UCONTEXT_SP);
		break;
	case TRIPTYCH_UCONTEXT_SET:
		change->to = user_word(ctx->di + UCONTEXT_SP);
		/* Called by what its function has returned to. */
		change->ends = user_word(sp) - (ctx->ip - site->address) == (u64)site->second.value;
		break;
	default:
		return;
	}
	if (change->ends)
		change->from = 0;
	if (change->to)
		switch_context(thread, change);
}

/*
 * In the context of the thread, where it calls one of these functions, or at its entry.
 *
 * It proves that the thread was there, with these arguments. That the context then runs is what the function
 * does with them.
 */
SEC("?uprobe")
int on_context(struct pt_regs *ctx)
{
	const struct triptych_coroutine_site *site = hit_coroutine_site(ctx);
	struct triptych_task_state *state;
	struct context_thread *thread;
	struct context_switch change = {};
	u64 sp;

	if (!site)
		return 0;
	state = current_target();
	if (!state)
		return 0;
	sp = ctx->sp - (site->is_call ? sizeof(u64) : 0);
	thread = thread_of(state, sp);
	if (!thread)
		return 0;
	change.state = state;
	change.now = bpf_ktime_get_ns();
	tell_space(state, TRIPTYCH_COROUTINE_UPROBE, change.now);
	if (site->kind == TRIPTYCH_CONTEXT_MAKE || site->kind == TRIPTYCH_CONTEXT_MAKE_LOOP)
		make_context(ctx, site, state, (ctx->di & -16ull) - context_layout.make, ctx->di - ctx->si,
		             ctx->dx, change.now);
	else if (site->kind == TRIPTYCH_UCONTEXT_MAKE)
		make_context(ctx, site, state, beginning_of_ucontext(ctx->di, ctx->dx),
		             user_word(ctx->di + UCONTEXT_STACK), ctx->si, change.now);
	else
		on_switch(ctx, site, thread, &change, sp);
	return 0;
}
