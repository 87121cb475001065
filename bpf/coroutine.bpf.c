// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Coroutines of programs that carry markers: a probe on each marker's nop, and for each hit of a target
 * one record. So it is with the entry of a function that somebody named. The probe is the file's, so that what a target forks is seen, too; whoever else maps the
 * file is told from the targets here.
 *
 * A hit may come at any moment of a program, but never inside another hit: the records are a class of
 * their own, and what finds no room is counted apart from the kernel's events.
 */
#include "lib/coroutine.bpf.h"

#include <bpf/bpf_tracing.h>

/*
 * In the context of the thread that reached the marker, before the nop.
 *
 * It proves that the thread was there with these values in its registers; that a coroutine of this id was
 * created, resumed or suspended is what the program says by it.
 */
SEC("?uprobe")
int on_coroutine_marker(struct pt_regs *ctx)
{
	const struct triptych_coroutine_site *site = hit_coroutine_site(ctx);
	struct triptych_task_state *state;
	struct triptych_coroutine *record;
	u64 now, second;
	u32 function;

	if (!site)
		return 0;
	state = current_target();
	if (!state)
		return 0;
	now = bpf_ktime_get_ns();
	tell_space_seen(state, site->source, is_from_start(site), now);
	function = known_coroutine_function(site->function, now);
	second = operand_value(&site->second, ctx);
	if (site->what == TRIPTYCH_COROUTINE_CREATED && second) {
		struct triptych_coroutine_name_key key = { second - (ctx->ip - site->address), site->file,
			                                   0 };

		function = coroutine_function_at(second, key, now);
	}
	record = reserve_coroutine(sizeof(*record), now);
	if (!record)
		return 0;
	fill_header(&record->hdr, TRIPTYCH_EV_COROUTINE, now, state->serial);
	record->id = operand_value(&site->id, ctx);
	record->other = site->what == TRIPTYCH_COROUTINE_AWAITS ? second : 0;
	record->space = coroutine_space_of(state);
	record->function = function;
	record->what = site->what;
	record->source = site->source;
	record->runtime = site->runtime;
	/* Nobody sees when whoever has this id ends. */
	if (site->runtime == TRIPTYCH_COROUTINE_RUNTIME_FUNCTION)
		record->flags = TRIPTYCH_COROUTINE_GENERATION_UNKNOWN;
	submit(&record->hdr, sizeof(*record));
	return 0;
}
