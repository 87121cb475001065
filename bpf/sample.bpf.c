// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What is running, asked in a steady beat: each CPU's own software clock, which needs no counters in
 * hardware. */
#include "lib/stack.bpf.h"

/*
 * PERF_COUNT_SW_CPU_CLOCK, a timer of the CPU's, on every CPU. Proves that the current task ran at that
 * moment, and where. A stretch with interrupts off is seen at its end.
 */
SEC("?perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct triptych_task_state *state = current_target();
	struct triptych_sample *record;
	u32 user_stack, kernel_stack = TRIPTYCH_STACK_NONE;
	bool kernel;
	u64 now;

	if (!state || is_ending())
		return 0;
	now = bpf_ktime_get_ns();
	kernel = (s64)ctx->regs.ip < 0;
	user_stack = take_user_stack(TRIPTYCH_STACK_SLOT_SAMPLE, state, now);
	if (kernel)
		kernel_stack = take_kernel_stack(ctx, TRIPTYCH_STACK_SLOT_SAMPLE, now);
	record = reserve_uncounted(sizeof(*record));
	if (!record) {
		count_lost_sample();
		return 0;
	}
	fill_header(&record->hdr, TRIPTYCH_EV_SAMPLE, now, state->serial);
	record->period_ns = ctx->sample_period;
	record->user_stack = user_stack;
	record->kernel_stack = kernel_stack;
	record->mm = state->mm;
	record->flags = kernel ? TRIPTYCH_SAMPLE_KERNEL : 0;
	submit(&record->hdr, sizeof(*record));
	return 0;
}
