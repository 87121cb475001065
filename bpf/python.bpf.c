// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * How functions of Python are called, and where they are: read from the interpreter's own objects, in the current
 * task's memory. And in which one a thread begins to wait.
 */
#include "lib/python.bpf.h"

#include <bpf/bpf_tracing.h>

/* Characters of one, two or four bytes, as UTF-8. How many bytes there are so far is kept in memory, where the
 * verifier does not follow it: with each value that it can have after each round there were too many ways. */
static __noinline int python_wide_text(char *to, volatile u32 *size, u64 from, u32 length, u32 width)
{
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < TRIPTYCH_COROUTINE_NAME_LEN; i++) {
		u32 character = 0, at = *size, more;

		if (i >= length || at > TRIPTYCH_COROUTINE_NAME_LEN - 5)
			break;
		to += at;
		bpf_probe_read_user(&character, width & 7, (void *)(from + i * width));
		if (character < 0x80) {
			to[0] = character;
			more = 1;
		} else if (character < 0x800) {
			to[0] = 0xc0 | character >> 6;
			to[1] = 0x80 | (character & 0x3f);
			more = 2;
		} else if (character < 0x10000) {
			to[0] = 0xe0 | character >> 12;
			to[1] = 0x80 | (character >> 6 & 0x3f);
			to[2] = 0x80 | (character & 0x3f);
			more = 3;
		} else {
			to[0] = 0xf0 | (character >> 18 & 0x07);
			to[1] = 0x80 | (character >> 12 & 0x3f);
			to[2] = 0x80 | (character >> 6 & 0x3f);
			to[3] = 0x80 | (character & 0x3f);
			more = 4;
		}
		to -= at;
		*size = at + more;
	}
	return 0;
}

/* Into an array of TRIPTYCH_COROUTINE_NAME_LEN zeroes: the beginning of a text that is too long, or its end.
 * `size` is somewhere in the record, and zero. */
static __always_inline void python_text(char *to, volatile u32 *size,
                                        const struct triptych_python_layout *layout, u64 text, bool end)
{
	u64 length = user_word(text + layout->text_length), skipped = 0;
	u32 width, most = TRIPTYCH_COROUTINE_NAME_LEN - 1;
	u8 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)(text + layout->text_flags));
	if (length > most) {
		if (end)
			skipped = length - most;
		length = most;
	}
	if (flags & TRIPTYCH_PYTHON_TEXT_ASCII) {
		u32 bytes = length;

		asm volatile("" : "+r"(bytes));
		if (bytes <= most)
			bpf_probe_read_user(to, bytes, (void *)(text + layout->text_ascii + skipped));
		return;
	}
	width = flags >> 2 & 7;
	if (width == 1 || width == 2 || width == 4)
		python_wide_text(to, size, text + layout->text_wide + skipped * width, length, width);
}

/* FNV-1a, in words. */
static __always_inline u64 hash_words(const char *text, u64 hash)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < TRIPTYCH_COROUTINE_NAME_LEN / 8; i++) {
		hash ^= ((const u64 *)text)[i];
		hash *= 0x100000001b3ull;
		hash ^= hash >> 29;
	}
	return hash;
}

__noinline int tell_python_function(const struct triptych_python_layout *layout, u64 code, u64 name, u64 now)
{
	struct triptych_coroutine_function *function;
	struct triptych_coroutine_file *file;
	u32 number = 0, *known;
	u64 hash;

	if (!layout)
		return 0;
	function = reserve_coroutine(sizeof(*function), now);
	if (!function)
		return 0;
	file = reserve_coroutine(sizeof(*file), now);
	if (!file) {
		discard(&function->hdr, sizeof(*function));
		return 0;
	}
	python_text(function->name, &function->function, layout, name, false);
	python_text(file->name, &file->function, layout, user_word(code + layout->code_file), true);
	function->line = user_half_word(code + layout->code_line);
	hash = hash_words(file->name, hash_words(function->name, function->line));
	known = bpf_map_lookup_elem(&python_function_texts, &hash);
	if (!known && function->name[0]) {
		number = new_coroutine_function();
		/* Another thread may have been faster. */
		if (bpf_map_update_elem(&python_function_texts, &hash, &number, BPF_NOEXIST))
			known = bpf_map_lookup_elem(&python_function_texts, &hash);
	}
	if (known)
		number = *known;
	if (known || !number) {
		discard(&file->hdr, sizeof(*file));
		discard(&function->hdr, sizeof(*function));
		return number;
	}
	fill_header(&function->hdr, TRIPTYCH_EV_COROUTINE_FUNCTION, now, TRIPTYCH_TASK_NONE);
	function->function = number;
	fill_header(&file->hdr, TRIPTYCH_EV_COROUTINE_FILE, now, TRIPTYCH_TASK_NONE);
	file->function = number;
	submit(&function->hdr, sizeof(*function));
	submit(&file->hdr, sizeof(*file));
	return number;
}

/*
 * void sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next,
 *		     unsigned int prev_state)
 *
 * In prev's context still, so that its memory can be read, as far as it is there: a thread begins to wait while
 * a coroutine is mounted on it. Proves for what system call's word it waits; in which function is what the
 * interpreter says.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(on_python_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
             unsigned int prev_state)
{
	const struct triptych_python_layout *layout;
	struct triptych_coroutine_wait *record;
	struct triptych_task_state *state;
	struct python_thread *thread;
	u32 file, function;
	u64 now, code;

	if (!gate || coroutines_ended || preempt || !prev_state)
		return 0;
	thread = bpf_task_storage_get(&python_threads, prev, 0, 0);
	if (!thread || !thread->mounted)
		return 0;
	state = find_task(prev);
	if (!is_target(state) || state->mm != thread->mm)
		return 0;
	file = thread->file;
	layout = bpf_map_lookup_elem(&python_layouts, &file);
	if (!layout)
		return 0;
	now = bpf_ktime_get_ns();
	code = python_innermost_code(layout, thread->bias, thread->thread_state);
	function = python_function(layout, code, user_word(code + layout->code_name), state->mm, now);
	record = reserve_coroutine(sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE_WAIT, now, state->serial);
	record->space = coroutine_space_of(state);
	record->function = function;
	if (python_waits_for_gil(layout, thread->bias, prev))
		record->flags |= TRIPTYCH_COROUTINE_WAITS_FOR_GIL;
	submit(&record->hdr, sizeof(*record));
	return 0;
}
