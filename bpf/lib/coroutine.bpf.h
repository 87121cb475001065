/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the programs share that see coroutines by probes: room for their records, a class of their own whose
 * losses are counted apart, and what is told once of each process and function. The maps are in
 * bpf/shared.bpf.c.
 */
#ifndef TRIPTYCH_COROUTINE_BPF_H
#define TRIPTYCH_COROUTINE_BPF_H

#include "lib/task_state.bpf.h"

#include <bpf/bpf_tracing.h>

/* What a hit of each place means; a probe's cookie is its place's index. */
extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRIPTYCH_MAX_COROUTINE_SITES);
	__type(key, u32);
	__type(value, struct triptych_coroutine_site);
} coroutine_sites SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRIPTYCH_MAX_KNOWN_FUNCTIONS);
	__type(key, u32);
	__type(value, struct triptych_known_function);
} known_coroutine_functions SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_coroutine_cpu_state);
} coroutine_cpu_states SEC(".maps");

/* Address spaces whose space has been told. */
extern struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, u32);
} coroutine_spaces SEC(".maps");

/* Numbers of names that have been told. */
extern struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct triptych_coroutine_name_key);
	__type(value, u32);
} coroutine_functions SEC(".maps");

extern const volatile bool coroutines_from_start;

/* The probes are being taken away: none is told from here on, however long that takes. */
extern volatile bool coroutines_ended;

extern __u32 next_coroutine_function;

static __always_inline u32 new_coroutine_function(void)
{
	return __sync_fetch_and_add(&next_coroutine_function, 1) | TRIPTYCH_COROUTINE_KERNEL_SERIALS;
}

static __always_inline u32 coroutine_space_of(const struct triptych_task_state *state)
{
	return state->mm | TRIPTYCH_COROUTINE_KERNEL_SERIALS;
}

/* The place that was hit, of whatever process; counted, because it costs every one. */
static __always_inline const struct triptych_coroutine_site *hit_coroutine_site(struct pt_regs *ctx)
{
	struct triptych_coroutine_cpu_state *state;
	const struct triptych_coroutine_site *site;
	u32 index, zero = 0;

	if (!gate || coroutines_ended)
		return 0;
	index = bpf_get_attach_cookie(ctx);
	site = bpf_map_lookup_elem(&coroutine_sites, &index);
	state = bpf_map_lookup_elem(&coroutine_cpu_states, &zero);
	if (!site || !state)
		return 0;
	state->hits++;
	state->cost_ns += site->cost_ns;
	return site;
}

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

static __always_inline u64 user_word(u64 address)
{
	u64 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline u32 user_half_word(u64 address)
{
	u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline u64 operand_value(const struct triptych_operand *operand, struct pt_regs *registers)
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

static __always_inline void tell_space_seen(const struct triptych_task_state *state, u8 source,
                                            bool from_start, u64 now)
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
	space->space = coroutine_space_of(state);
	space->tgid = bpf_get_current_pid_tgid() >> 32;
	space->source = source;
	space->clock = TRIPTYCH_COROUTINE_CLOCK_MONOTONIC;
	space->flags = from_start ? TRIPTYCH_COROUTINE_FROM_START : 0;
	submit(&space->hdr, sizeof(*space));
}

static __always_inline void tell_space(const struct triptych_task_state *state, u8 source, u64 now)
{
	tell_space_seen(state, source, coroutines_from_start, now);
}

/* Whether its probes were there before whatever they watch. */
static __always_inline bool is_from_start(const struct triptych_coroutine_site *site)
{
	return coroutines_from_start && !site->late;
}

/* The number of the function whose name, ended by a zero, is at `address`, 0 when it cannot be read. `key`
 * is the same for the same name. */
static __always_inline u32 coroutine_function_at(u64 address, struct triptych_coroutine_name_key key, u64 now)
{
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
	number = new_coroutine_function();
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

/* The number of a function whose name the loader found, by its place in `known_coroutine_functions`, + 1. */
static __always_inline u32 known_coroutine_function(u32 place, u64 now)
{
	u32 index = place - 1, number = index | TRIPTYCH_COROUTINE_KNOWN_FUNCTIONS;
	struct triptych_known_function *known;
	struct triptych_coroutine_function *function;

	if (!place)
		return 0;
	known = bpf_map_lookup_elem(&known_coroutine_functions, &index);
	if (!known)
		return 0;
	if (known->told || __sync_lock_test_and_set(&known->told, 1))
		return number;
	function = reserve_coroutine(sizeof(*function), now);
	if (!function)
		return number;
	fill_header(&function->hdr, TRIPTYCH_EV_COROUTINE_FUNCTION, now, TRIPTYCH_TASK_NONE);
	function->address = known->address;
	function->line = known->line;
	function->function = number;
	bpf_probe_read_kernel(function->name, sizeof(function->name), known->name);
	submit(&function->hdr, sizeof(*function));
	return number;
}

static __always_inline void tell_coroutine(const struct triptych_task_state *state, u8 runtime, u8 what,
                                           u64 id, u64 other, u32 function, u16 flags, u64 now)
{
	struct triptych_coroutine *record = reserve_coroutine(sizeof(*record), now);

	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE, now, state->serial);
	record->id = id;
	record->other = other;
	record->space = coroutine_space_of(state);
	record->function = function;
	record->what = what;
	record->source = TRIPTYCH_COROUTINE_UPROBE;
	record->flags = flags;
	record->runtime = runtime;
	submit(&record->hdr, sizeof(*record));
}

/* One that there is no place to remember for. */
static __always_inline void count_untold_coroutine(u64 now)
{
	u32 zero = 0;
	struct triptych_coroutine_cpu_state *cpu = bpf_map_lookup_elem(&coroutine_cpu_states, &zero);

	if (!cpu)
		return;
	if (!__sync_fetch_and_add(&cpu->pending, 1))
		cpu->first_ns = now;
	cpu->last_ns = now;
}

#endif
