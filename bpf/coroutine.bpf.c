// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Coroutines of programs that carry markers: a probe on each marker's nop, and for each hit of a target
 * one record. The probe is the file's, so that what a target forks is seen, too; whoever else maps the
 * file is told from the targets here.
 *
 * A hit may come at any moment of a program, but never inside another hit: the records are a class of
 * their own, and what finds no room is counted apart from the kernel's events.
 */
#include "lib/task_state.bpf.h"

#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRIPTYCH_MAX_COROUTINE_SITES);
	__type(key, u32);
	__type(value, struct triptych_coroutine_site);
} coroutine_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_coroutine_cpu_state);
} coroutine_cpu_states SEC(".maps");

/* Address spaces whose space has been told. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, u32);
} coroutine_spaces SEC(".maps");

/* Names that have been told, by where their file has them: the same in every process that maps it. */
struct coroutine_name_key {
	u64 address;
	u32 file;
	u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct coroutine_name_key);
	__type(value, u32);
} coroutine_functions SEC(".maps");

const volatile bool coroutines_from_start = false;

__u32 next_coroutine_function = 1;

static __always_inline void tell_lost_coroutines(struct triptych_coroutine_cpu_state *state, u64 now)
{
	struct triptych_coroutine_lost *lost = reserve_uncounted(sizeof(*lost));

	if (!lost)
		return;
	fill_header(&lost->hdr, TRIPTYCH_EV_COROUTINE_LOST, now, TRIPTYCH_TASK_NONE);
	lost->first_ns = state->first_ns;
	lost->last_ns = state->last_ns;
	lost->count = __sync_lock_test_and_set(&state->pending, 0);
	lost->reason = TRIPTYCH_COROUTINE_LOSS_KERNEL;
	submit(&lost->hdr, sizeof(*lost));
}

static __always_inline void *reserve_coroutine(u32 size, u64 now)
{
	u32 zero = 0;
	struct triptych_coroutine_cpu_state *state = bpf_map_lookup_elem(&coroutine_cpu_states, &zero);
	void *record;

	if (!state)
		return 0;
	if (state->pending)
		tell_lost_coroutines(state, now);
	record = reserve_uncounted(size);
	if (record)
		return record;
	if (!__sync_fetch_and_add(&state->pending, 1))
		state->first_ns = now;
	state->last_ns = now;
	return 0;
}

static __always_inline u64 value_of(const struct triptych_operand *operand, struct pt_regs *registers)
{
	u64 value = operand->value;
	u32 unused_bits = 64 - 8 * operand->bytes;

	if (operand->kind == TRIPTYCH_OPERAND_CONSTANT)
		return value;
	if (operand->kind == TRIPTYCH_OPERAND_NONE)
		return 0;
	bpf_probe_read_kernel(&value, sizeof(value), (void *)registers + operand->register_offset);
	if (operand->kind == TRIPTYCH_OPERAND_MEMORY) {
		void *from = (void *)(value + operand->value);

		/* Little endian: what is read beyond the operand is cut off below. At the end of a
		 * mapping there may be nothing beyond. */
		if (bpf_probe_read_user(&value, sizeof(value), from)) {
			value = 0;
			bpf_probe_read_user(&value, operand->bytes & 7, from);
		}
	}
	value <<= unused_bits & 63;
	return operand->is_signed ? (u64)((s64)value >> (unused_bits & 63)) : value >> (unused_bits & 63);
}

static __always_inline void tell_space(const struct triptych_task_state *state, u8 source, u64 now)
{
	struct triptych_coroutine_space *space;
	u32 mm = state->mm, told = 1;

	if (bpf_map_lookup_elem(&coroutine_spaces, &mm) ||
	    bpf_map_update_elem(&coroutine_spaces, &mm, &told, BPF_NOEXIST))
		return;
	space = reserve_coroutine(sizeof(*space), now);
	if (!space)
		return;
	fill_header(&space->hdr, TRIPTYCH_EV_COROUTINE_SPACE, now, state->serial);
	space->space = mm;
	space->tgid = bpf_get_current_pid_tgid() >> 32;
	space->source = source;
	space->clock = TRIPTYCH_COROUTINE_CLOCK_MONOTONIC;
	space->flags = coroutines_from_start ? TRIPTYCH_COROUTINE_FROM_START : 0;
	submit(&space->hdr, sizeof(*space));
}

/* The number of the function whose name is at this address, 0 when it cannot be read. */
static __always_inline u32 function_at(u64 address, const struct triptych_coroutine_site *site, u64 ip,
                                       u64 now)
{
	struct coroutine_name_key key = { address - (ip - site->address), site->file, 0 };
	struct triptych_coroutine_function *function;
	u32 *known, number;

	known = bpf_map_lookup_elem(&coroutine_functions, &key);
	if (known)
		return *known;
	function = reserve_coroutine(sizeof(*function), now);
	if (!function)
		return 0;
	if (bpf_probe_read_user_str(function->name, sizeof(function->name), (void *)address) <= 0) {
		discard(&function->hdr, sizeof(*function));
		return 0;
	}
	number = __sync_fetch_and_add(&next_coroutine_function, 1);
	if (bpf_map_update_elem(&coroutine_functions, &key, &number, BPF_NOEXIST)) {
		/* Another thread was faster. */
		discard(&function->hdr, sizeof(*function));
		known = bpf_map_lookup_elem(&coroutine_functions, &key);
		return known ? *known : 0;
	}
	fill_header(&function->hdr, TRIPTYCH_EV_COROUTINE_FUNCTION, now, TRIPTYCH_TASK_NONE);
	function->address = address;
	function->function = number;
	submit(&function->hdr, sizeof(*function));
	return number;
}

/*
 * In the context of the thread that reached the marker, before the nop.
 *
 * It proves that the thread was there with these values in its registers; that a coroutine of this id was
 * created, resumed or suspended is what the program says by it.
 */
SEC("?uprobe")
int on_coroutine_marker(struct pt_regs *ctx)
{
	struct triptych_task_state *state = current_target();
	const struct triptych_coroutine_site *site;
	struct triptych_coroutine *record;
	u64 now, second;
	u32 index, function = 0;

	if (!state)
		return 0;
	index = bpf_get_attach_cookie(ctx);
	site = bpf_map_lookup_elem(&coroutine_sites, &index);
	if (!site)
		return 0;
	now = bpf_ktime_get_ns();
	tell_space(state, site->source, now);
	second = value_of(&site->second, ctx);
	if (site->what == TRIPTYCH_COROUTINE_CREATED && second)
		function = function_at(second, site, ctx->ip, now);
	record = reserve_coroutine(sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE, now, state->serial);
	record->id = value_of(&site->id, ctx);
	record->other = site->what == TRIPTYCH_COROUTINE_AWAITS ? second : 0;
	record->space = state->mm;
	record->function = function;
	record->what = site->what;
	record->source = site->source;
	submit(&record->hdr, sizeof(*record));
	return 0;
}
