// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * C++20 coroutines, and tasks of Rust's tokio, of programs that say nothing: probes where the functions are entered
 * that resume them, and behind the calls that they return to. What is below is proven by the stack pointer: whatever was entered
 * with a lower one than there is now has given its thread back. Neither returns nor exceptions are probed.
 *
 * The first word of a C++ frame is the function that resumes it, and zero at the final suspend point. When a task
 * of tokio is over is told by a function that is entered then; afterwards its memory may be anybody's.
 */
#include "lib/cpp_thread.bpf.h"

/* Frames that have been resumed and not been destroyed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct triptych_cpp_frame_key);
	__type(value, struct triptych_cpp_frame);
} cpp_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct triptych_cpp_return);
	__type(value, u32);
} cpp_returns SEC(".maps");

volatile __u64 cpp_new_returns = 0;

#define FRAME_WORDS 16 /* that are looked at for who awaits it */
#define INDEX_UNKNOWN (~0ull)

struct cpp_event {
	u64 frame;
	u64 other;
	u64 now;
	u64 before;     /* the frame that had the thread before; 0: not known */
	u64 known_size; /* of the promise and what is before it; 0: not known */
	u32 task;
	u32 space;
	u32 function;
	u16 flags;
	u8 what;
	u8 runtime;
};

/* Global functions are verified once instead of at each call. */
__noinline int cpp_tell(struct cpp_event *event)
{
	struct triptych_coroutine *record;

	if (!event)
		return 0;
	record = reserve_coroutine(sizeof(*record), event->now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE, event->now, event->task);
	record->id = event->frame;
	record->other = event->other;
	record->space = event->space | TRIPTYCH_COROUTINE_KERNEL_SERIALS;
	record->function = event->function;
	record->what = event->what;
	record->source = TRIPTYCH_COROUTINE_UPROBE;
	record->runtime = event->runtime;
	record->flags = event->flags;
	submit(&record->hdr, sizeof(*record));
	return 0;
}

static __always_inline void tell(struct cpp_event *event, u8 what)
{
	event->what = what;
	cpp_tell(event);
}

static __always_inline bool is_at_its_end(u64 address, u8 runtime)
{
	u64 word = 1;

	return runtime == TRIPTYCH_COROUTINE_RUNTIME_CPP &&
	       !bpf_probe_read_user(&word, sizeof(word), (void *)address) && !word;
}

/* The coroutine of this entry no longer runs here; `now` is when that is known. */
__noinline int cpp_leave(struct triptych_cpp_entry *entry, u32 task, u32 space, u64 now, u32 ending)
{
	struct triptych_cpp_frame_key key = {};
	struct cpp_event event = {};
	struct triptych_cpp_frame *frame;
	bool finished;

	if (!entry || entry->left)
		return 0;
	entry->left = 1;
	key.frame = entry->frame;
	key.space = space;
	frame = bpf_map_lookup_elem(&cpp_frames, &key);
	/* Another thread has resumed it since, which was told with that; or it is gone. It may do so at this
	 * moment: one of the two tells. */
	if (!frame || frame->since != entry->since)
		return 0;
	frame->left_ns = now;
	if (__sync_val_compare_and_swap(&frame->mounted_by, task, 0) != task)
		return 0;
	finished = ending || is_at_its_end(entry->frame, entry->runtime);
	frame->ended = finished;
	event.frame = entry->frame;
	event.now = now;
	event.task = task;
	event.space = space;
	event.function = entry->function;
	event.runtime = entry->runtime;
	tell(&event, finished ? TRIPTYCH_COROUTINE_FINISHED : TRIPTYCH_COROUTINE_SUSPENDED);
	return 0;
}

static __always_inline struct triptych_cpp_entry *entry_at(struct triptych_cpp_thread *thread, u32 place)
{
	asm volatile("" : "+r"(place)); /* or clang drops the mask that the verifier wants to see */
	return &thread->entries[place & (TRIPTYCH_CPP_DEPTH - 1)];
}

/* All that were entered with `sp` or less have given the thread back. */
__noinline int cpp_pop(struct triptych_cpp_thread *thread, u64 sp, u32 task, u64 now)
{
	if (!thread)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < TRIPTYCH_CPP_DEPTH; i++) {
		struct triptych_cpp_entry *entry = entry_at(thread, thread->top - 1);

		if (!thread->count || entry->sp > sp)
			break;
		cpp_leave(entry, task, thread->space, now, false);
		thread->top--;
		thread->count--;
	}
	return 0;
}

/* The frame is resumed again, or destroyed, by whoever stands above it: it has been suspended. */
__noinline int cpp_leave_frame(struct triptych_cpp_thread *thread, u64 frame, u32 task, u64 now)
{
	if (!thread)
		return 0;
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < TRIPTYCH_CPP_DEPTH; i++) {
		struct triptych_cpp_entry *entry = entry_at(thread, thread->top - 1 - i);

		if (i >= thread->count)
			break;
		if (entry->frame != frame || entry->left)
			continue;
		cpp_leave(entry, task, thread->space, now, false);
		break;
	}
	return 0;
}

/* It runs, as far as we know, and now it is elsewhere: it must have been suspended before. */
static __always_inline void end_mounting(struct triptych_cpp_thread *thread, struct triptych_cpp_frame *frame,
                                         struct cpp_event *event)
{
	u32 by = frame->mounted_by, task = event->task, function = event->function;

	if (!by)
		return;
	if (by == task) {
		cpp_leave_frame(thread, event->frame, task, event->now);
		return;
	}
	if (__sync_val_compare_and_swap(&frame->mounted_by, by, 0) != by)
		return;
	event->task = by;
	event->function = frame->function;
	tell(event, is_at_its_end(event->frame, event->runtime) ? TRIPTYCH_COROUTINE_FINISHED
	                                                        : TRIPTYCH_COROUTINE_SUSPENDED);
	event->task = task;
	event->function = function;
}

/* A thread that gave it up at the same time may have read the clock after us, and been first all the same. */
static __always_inline void follow_leaving(const struct triptych_cpp_frame *frame, struct cpp_event *event)
{
	if (frame->left_ns >= event->now)
		event->now = frame->left_ns + 1;
}

/* Whoever awaits it has left his frame's address, or his promise's behind it, in its promise. Where the promise
 * ends is not known, the words behind it may be anybody's: then it must be who had the thread before. */
__noinline int cpp_tell_awaiter(struct cpp_event *event)
{
	struct triptych_cpp_frame_key key = {};
	struct cpp_event awaits = {};
	u64 words[FRAME_WORDS];

	if (!event)
		return 0;
	if (bpf_probe_read_user(words, sizeof(words), (void *)event->frame))
		return 0;
	key.space = event->space;
#pragma clang loop unroll(disable)
	for (int i = 2; i < FRAME_WORDS; i++) {
		struct triptych_cpp_frame *found;
		u64 word = words[i];

		if (event->known_size && (u64)i * sizeof(u64) >= event->known_size)
			break;
		if (word < 4096 || (word & 7) || word == event->frame || word == event->frame + 16)
			continue;
		key.frame = word;
		found = bpf_map_lookup_elem(&cpp_frames, &key);
		if (!found) {
			key.frame = word - 16;
			found = bpf_map_lookup_elem(&cpp_frames, &key);
		}
		if (!found || found->ended || (!event->known_size && key.frame != event->before))
			continue;
		awaits.frame = key.frame;
		awaits.other = event->frame;
		awaits.now = event->now;
		awaits.task = event->task;
		awaits.runtime = event->runtime;
		awaits.space = event->space;
		awaits.function = found->function;
		tell(&awaits, TRIPTYCH_COROUTINE_AWAITS);
		break;
	}
	return 0;
}

/* Whether a landing is probed where the function will return to; asks for one where not. */
static __always_inline bool is_landing_known(struct pt_regs *ctx, const struct triptych_coroutine_site *site,
                                             struct cpp_thread_state *state, u64 sp)
{
	u64 bias = ctx->ip - site->address, to = 0;
	struct triptych_cpp_return key = {};
	u32 *known, fresh = TRIPTYCH_CPP_RETURN_NEW;

	if (bpf_probe_read_user(&to, sizeof(to), (void *)sp))
		return false;
	if (to == state->last_return)
		return true;
	key.address = to - bias;
	key.file = site->file + 1;
	known = bpf_map_lookup_elem(&cpp_returns, &key);
	if (!known) {
		key.address = to;
		key.file = 0;
		key.tgid = bpf_get_current_pid_tgid() >> 32;
		known = bpf_map_lookup_elem(&cpp_returns, &key);
	}
	if (known && *known == TRIPTYCH_CPP_RETURN_COVERED) {
		state->last_return = to;
		return true;
	}
	if (known)
		return false;
	if (!bpf_map_update_elem(&cpp_returns, &key, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&cpp_new_returns, 1);
	return false;
}

static __always_inline void push(struct triptych_cpp_thread *thread, const struct cpp_event *event, u64 sp)
{
	struct triptych_cpp_entry *entry = entry_at(thread, thread->top);

	entry->frame = event->frame;
	entry->sp = sp;
	entry->since = event->now;
	entry->function = event->function;
	entry->left = 0;
	entry->runtime = event->runtime;
	thread->top++;
	if (thread->count < TRIPTYCH_CPP_DEPTH)
		thread->count++;
}

static __always_inline void on_destroy(struct triptych_cpp_thread *thread, struct cpp_event *event)
{
	struct triptych_cpp_frame_key key = { event->frame, event->space, 0 };
	struct triptych_cpp_frame *frame = bpf_map_lookup_elem(&cpp_frames, &key);

	if (frame) {
		end_mounting(thread, frame, event);
		follow_leaving(frame, event);
	}
	tell(event, TRIPTYCH_COROUTINE_DESTROYED);
	if (frame)
		bpf_map_delete_elem(&cpp_frames, &key);
}

/* `index`: of the point that it was suspended at, where that is known: 0 is the first call, by the function
 * that made it. */
static __always_inline void on_resume(struct triptych_cpp_thread *thread, struct cpp_event *event, u64 index,
                                      bool end_seen, bool from_start)
{
	struct triptych_cpp_frame_key key = { event->frame, event->space, 0 };
	struct triptych_cpp_frame *frame = bpf_map_lookup_elem(&cpp_frames, &key);
	struct triptych_cpp_frame next = { 0, 0, event->task, event->function, 0, 0 };
	bool looked_at = frame && frame->looked_at;
	/* 2 is where it waits before its beginning, which it does once. */
	bool again = frame && index == 2 && frame->looked_at;
	bool fresh = !frame || frame->ended || frame->function != event->function || !index || again;
	bool is_task = event->runtime == TRIPTYCH_COROUTINE_RUNTIME_TOKIO;

	if (fresh)
		looked_at = false;
	next.looked_at = index != 0 || looked_at;
	if (frame) {
		end_mounting(thread, frame, event);
		follow_leaving(frame, event);
	}
	next.since = event->now;
	/* Of one that was there before the probes nobody knows when it was made. */
	if (fresh && (from_start || frame || index <= 2)) {
		event->flags = is_task ? TRIPTYCH_COROUTINE_FIRST_SEEN : 0;
		tell(event, TRIPTYCH_COROUTINE_CREATED);
		event->flags = 0;
	}
	/* In its place: an update would make a new element. */
	if (frame)
		*frame = next;
	else if (bpf_map_update_elem(&cpp_frames, &key, &next, BPF_ANY))
		event->flags |= TRIPTYCH_COROUTINE_GENERATION_UNKNOWN;
	/* Where what destroys one is inlined, the next one in its place looks the same. */
	if (!fresh && !is_task && index == INDEX_UNKNOWN)
		event->flags |= TRIPTYCH_COROUTINE_GENERATION_UNKNOWN;
	if (!end_seen)
		event->flags |= TRIPTYCH_COROUTINE_END_UNSEEN;
	tell(event, TRIPTYCH_COROUTINE_RESUMED);
	event->flags = 0;
	/* At the first call of all nobody can await it yet. */
	if (index && !looked_at && !is_task)
		cpp_tell_awaiter(event);
}

static __always_inline void on_free(struct triptych_cpp_thread *thread, struct cpp_event *event, u64 freed)
{
	struct triptych_cpp_frame_key key = { freed, event->space, 0 };
	struct triptych_cpp_entry *top = entry_at(thread, thread->top - 1);

	if (!thread->count || top->left || top->frame != freed)
		return;
	event->frame = freed;
	event->runtime = top->runtime;
	event->function = top->function;
	cpp_leave(top, event->task, event->space, event->now, true);
	tell(event, TRIPTYCH_COROUTINE_DESTROYED);
	bpf_map_delete_elem(&cpp_frames, &key);
}

/* A task of tokio is over: it runs, or it was never to run to its end. */
static __always_inline void on_complete(struct triptych_cpp_thread *thread, struct cpp_event *event, u64 task)
{
	struct triptych_cpp_frame_key key = { task, event->space, 0 };
	struct triptych_cpp_entry *top = entry_at(thread, thread->top - 1);

	if (thread->count && !top->left && top->frame == task) {
		cpp_leave(top, event->task, event->space, event->now, true);
		return;
	}
	if (!bpf_map_lookup_elem(&cpp_frames, &key))
		return;
	event->frame = task;
	event->runtime = TRIPTYCH_COROUTINE_RUNTIME_TOKIO;
	tell(event, TRIPTYCH_COROUTINE_DESTROYED);
	bpf_map_delete_elem(&cpp_frames, &key);
}

/* Or was, when there was one last. */
static __always_inline u64 frame_on_top(struct triptych_cpp_thread *thread)
{
	return thread->count ? entry_at(thread, thread->top - 1)->frame : thread->last_frame;
}

static __always_inline void on_entry(struct pt_regs *ctx, const struct triptych_coroutine_site *site,
                                     struct cpp_thread_state *state, struct cpp_event *event)
{
	struct triptych_cpp_thread *thread = &state->stack;
	u64 sp = ctx->sp + site->sp_added, index = INDEX_UNKNOWN;
	struct triptych_cpp_entry *top;
	bool destroys = site->kind == TRIPTYCH_CPP_DESTROY;
	u16 read = 0;

	event->frame = ctx->di; /* as all places of these runtimes have it */
	event->runtime = site->runtime;
	event->function = known_coroutine_function(site->function, event->now);
	event->known_size = site->index_offset;
	event->before = frame_on_top(thread);
	thread->last_frame = event->before;
	if (site->second.kind == TRIPTYCH_OPERAND_REGISTER) /* the function has it in rax */
		index = (u16)ctx->ax;
	else if (site->index_bytes == 2 &&
	         !bpf_probe_read_user(&read, sizeof(read), (void *)(event->frame + site->index_offset)))
		index = read;
	if (index != INDEX_UNKNOWN && (index & 1))
		destroys = true;
	cpp_pop(thread, sp, event->task, event->now);
	/* Whoever is on top gives control away; at its own end its frame may already be gone. */
	top = entry_at(thread, thread->top - 1);
	if (thread->count && !top->left && is_at_its_end(top->frame, top->runtime))
		cpp_leave(top, event->task, event->space, event->now, true);
	if (destroys) {
		on_destroy(thread, event);
		return;
	}
	on_resume(thread, event, index, is_landing_known(ctx, site, state, sp), is_from_start(site));
	push(thread, event, sp);
}

/* A landing, or something is freed: whoever was entered with a lower stack pointer has given the thread back. */
static __always_inline void on_way_back(struct pt_regs *ctx, const struct triptych_coroutine_site *site,
                                        struct triptych_cpp_thread *thread, struct cpp_event *event)
{
	struct triptych_cpp_entry *top = entry_at(thread, thread->top - 1);
	bool frees = site->kind == TRIPTYCH_CPP_FREE;
	u64 sp = ctx->sp - sizeof(u64);

	if (!thread->count)
		return;
	thread->last_frame = top->frame;
	/* Most of what is freed has been destroyed before. Then the clock is not read, which takes long. */
	if (top->sp > sp && !(frees && top->frame == ctx->di))
		return;
	event->now = bpf_ktime_get_ns();
	cpp_pop(thread, sp, event->task, event->now);
	if (frees)
		on_free(thread, event, ctx->di);
}

/*
 * In the context of the thread that reached the place, before its instruction.
 *
 * An entry proves that this frame is resumed, or destroyed, now. That others have given the thread back is
 * proven by the stack pointer, though not when, if nothing was probed in between.
 */
SEC("?uprobe")
int on_cpp_coroutine(struct pt_regs *ctx)
{
	const struct triptych_coroutine_site *site = hit_coroutine_site(ctx);
	struct triptych_cpp_thread *thread;
	struct triptych_task_state *state;
	struct cpp_thread_state *own;
	struct cpp_event event = {};

	if (!site)
		return 0;
	own = current_thread();
	if (!own)
		return 0;
	thread = &own->stack;
	event.task = own->task;
	event.space = thread->space;
	if (site->kind == TRIPTYCH_CPP_LANDING || site->kind == TRIPTYCH_CPP_FREE) {
		on_way_back(ctx, site, thread, &event);
		return 0;
	}
	event.now = bpf_ktime_get_ns();
	if (site->kind == TRIPTYCH_CPP_COMPLETE) {
		cpp_pop(thread, ctx->sp + site->sp_added, event.task, event.now);
		on_complete(thread, &event, operand_value(&site->id, ctx));
		return 0;
	}
	if (!own->told) {
		state = current_target();
		if (state)
			tell_space_seen(state, TRIPTYCH_COROUTINE_UPROBE, is_from_start(site), event.now);
		own->told = 1;
	}
	on_entry(ctx, site, own, &event);
	return 0;
}
