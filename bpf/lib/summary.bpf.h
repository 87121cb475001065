/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Summary mode: one task's time line folded into counters, without writing any event. */
#ifndef TRIPTYCH_SUMMARY_BPF_H
#define TRIPTYCH_SUMMARY_BPF_H

#include "lib/run_state.bpf.h"

static __always_inline u32 log2_bucket(u64 value)
{
	u32 bucket = 0;

	if (value >= 1ull << 32)
		return TRIPTYCH_SUMMARY_BUCKETS - 1;
	if (value >= 1u << 16) {
		value >>= 16;
		bucket += 16;
	}
	if (value >= 1u << 8) {
		value >>= 8;
		bucket += 8;
	}
	if (value >= 1u << 4) {
		value >>= 4;
		bucket += 4;
	}
	if (value >= 1u << 2) {
		value >>= 2;
		bucket += 2;
	}
	if (value >= 1u << 1)
		bucket += 1;
	return bucket & (TRIPTYCH_SUMMARY_BUCKETS - 1);
}

static __always_inline void summarize_out(struct triptych_task_state *state, u32 switch_flags, u64 now)
{
	struct triptych_summary_state *sum = &state->summary;
	u64 slice = now - sum->since_ns;

	sum->record.voluntary += switch_flags & TRIPTYCH_SWITCH_VOLUNTARY ? 1 : 0;
	sum->record.involuntary += switch_flags & TRIPTYCH_SWITCH_INVOLUNTARY ? 1 : 0;
	sum->record.mm_changes += switch_flags & TRIPTYCH_SWITCH_MM_CHANGE ? 1 : 0;
	if (state->run_state == TRIPTYCH_RUN_ON_CPU) {
		sum->record.on_cpu_ns += slice;
		sum->record.slice_length[log2_bucket(slice)]++;
	}
	sum->since_ns = now;
	sum->last_cpu = bpf_get_smp_processor_id() + 1;
}

static __always_inline void summarize_in(struct triptych_task_state *state, u64 now)
{
	struct triptych_summary_state *sum = &state->summary;
	u64 waited = now - sum->since_ns;
	u32 cpu = bpf_get_smp_processor_id() + 1;

	if (state->run_state == TRIPTYCH_RUN_RUNNABLE) {
		sum->record.runnable_ns += waited;
		sum->record.run_queue_latency[log2_bucket(waited)]++;
	}
	if (sum->last_cpu && sum->last_cpu != cpu)
		sum->record.migrations++;
	sum->last_cpu = cpu;
	sum->since_ns = now;
}

static __always_inline void summarize_wakeup(struct triptych_task_state *state, u64 now)
{
	struct triptych_summary_state *sum = &state->summary;

	sum->record.wakeups++;
	if (state->run_state != TRIPTYCH_RUN_BLOCKED)
		return;
	sum->record.blocked_ns += now - sum->since_ns;
	sum->since_ns = now;
}

static __always_inline u32 fault_class(const struct triptych_task_state *state)
{
	bool present = state->fault_error_code & TRIPTYCH_FAULT_EC_PRESENT;
	bool write = state->fault_error_code & TRIPTYCH_FAULT_EC_WRITE;

	if (state->fault_flags & TRIPTYCH_FAULT_NO_START)
		return TRIPTYCH_SUMMARY_FAULT_OTHER;
	if (!present) {
		if (!state->fault_pages)
			return TRIPTYCH_SUMMARY_FAULT_MAPPED;
		return state->fault_flags & TRIPTYCH_FAULT_ZEROED ? TRIPTYCH_SUMMARY_FAULT_ALLOC_ZEROED
		                                                  : TRIPTYCH_SUMMARY_FAULT_ALLOC_COPIED;
	}
	if (!write)
		return TRIPTYCH_SUMMARY_FAULT_OTHER;
	if (!state->fault_pages)
		return TRIPTYCH_SUMMARY_FAULT_WP_NO_PAGE;
	return state->fault_flags & TRIPTYCH_FAULT_ZEROED ? TRIPTYCH_SUMMARY_FAULT_WP_ZEROED
	                                                  : TRIPTYCH_SUMMARY_FAULT_WP_COPIED;
}

static __always_inline void summarize_fault(struct triptych_summary_state *sum,
                                            const struct triptych_task_state *state, bool major,
                                            bool kernel_mode, u64 now)
{
	u32 class = fault_class(state);

	sum->record.faults[class]++;
	sum->record.fault_pages[class] += state->fault_pages;
	if (!(state->fault_flags & TRIPTYCH_FAULT_NO_START))
		sum->record.fault_ns[class] += now - state->fault_start_ns;
	sum->record.major_faults += major;
	sum->record.kernel_mode_faults += kernel_mode;
}

/* `now` closes the open span in the record, not in the state: the next record will tell it whole. */
static __always_inline void emit_summary(struct task_struct *task, const struct triptych_task_state *state,
                                         u32 flags, u64 now)
{
	const struct triptych_summary_state *sum = &state->summary;
	struct triptych_task_summary *record = reserve(TRIPTYCH_LOSS_SUMMARY, sizeof(*record), now);

	if (!record)
		return;
	/* Its header is never written: with a size the copy would be there before it is whole. */
	bpf_probe_read_kernel(record, sizeof(*record), &sum->record);
	fill_header(&record->hdr, TRIPTYCH_EV_TASK_SUMMARY, now, state->serial);
	read_counters(&record->counters, task);
	record->flags = flags;
	record->mm = state->mm;
	if (!(flags & TRIPTYCH_SUMMARY_FINAL) && now > sum->since_ns) {
		u64 open = now - sum->since_ns;

		if (state->run_state == TRIPTYCH_RUN_ON_CPU)
			record->on_cpu_ns += open;
		else if (state->run_state == TRIPTYCH_RUN_RUNNABLE)
			record->runnable_ns += open;
		else if (state->run_state == TRIPTYCH_RUN_BLOCKED)
			record->blocked_ns += open;
	}
	submit(&record->hdr, sizeof(*record));
}

#endif
