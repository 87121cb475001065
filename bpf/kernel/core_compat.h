/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fields that moved or changed their type between Linux 6.1 and 6.18. Each function hides one change
 * and names the kernel version that made it.
 */
#ifndef TRIPTYCH_CORE_COMPAT_H
#define TRIPTYCH_CORE_COMPAT_H

#include "kernel/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_rss_stat___before_6_2 {
	atomic_long_t count[4];
};
struct mm_struct___before_6_2 {
	struct mm_rss_stat___before_6_2 rss_stat;
};
struct pcpu_hot___6_2_to_6_14 {
	int preempt_count;
};
struct kernel_clone_args___since_6_4 {
	u32 user_worker : 1;
};
#pragma clang attribute pop

/* The CPU's own preemption count: __preempt_count up to 6.1 and again from 6.15, a member of pcpu_hot
 * in between. */
extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___6_2_to_6_14 pcpu_hot __ksym __weak;
extern const unsigned long this_cpu_off __ksym __weak;

#define PREEMPT_SOFTIRQ_SERVING 0x00000100
#define PREEMPT_HARDIRQ_AND_NMI 0x00ff0000

static __always_inline bool in_interrupt(void)
{
	int count = 0;

	if (bpf_core_type_exists(struct pcpu_hot___6_2_to_6_14)) {
		if (&pcpu_hot)
			count = ((const struct pcpu_hot___6_2_to_6_14 *)bpf_this_cpu_ptr(&pcpu_hot))
					->preempt_count;
	} else if (&__preempt_count) {
		count = *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	}
	return count & (PREEMPT_SOFTIRQ_SERVING | PREEMPT_HARDIRQ_AND_NMI);
}

/* A member of mm->rss_stat: 0 file, 1 anonymous, 2 swap entries, 3 shared memory. A per-CPU counter
 * since 6.2, whose exact value is the sum over the CPUs. */
static __always_inline u32 mm_resident(struct mm_struct *mm, int member, u32 cpus)
{
	struct mm_struct___before_6_2 *old = (void *)mm;
	s64 sum;
	s32 *counters;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		sum = BPF_CORE_READ(old, rss_stat.count[member].counter);
		return sum < 0 ? 0 : sum;
	}
	sum = BPF_CORE_READ(mm, rss_stat[member].count);
	counters = BPF_CORE_READ(mm, rss_stat[member].counters);
	for (u32 cpu = 0; cpu < cpus && cpu < 512; cpu++) {
		const unsigned long *offset = bpf_per_cpu_ptr(&this_cpu_off, cpu);
		s32 part = 0;

		if (!offset)
			break;
		bpf_probe_read_kernel(&part, sizeof(part), (void *)counters + *offset);
		sum += part;
	}
	return sum < 0 ? 0 : sum;
}

/* unsigned long up to 6.17, a structure around a bitmap since 6.18: the same first 64 bits. */
static __always_inline u64 mm_flag_bits(struct mm_struct *mm)
{
	u64 bits = 0;

	bpf_probe_read_kernel(&bits, sizeof(bits),
			      (void *)mm + bpf_core_field_offset(mm->flags));
	return bits;
}

/* Bit 0x4000 of task flags is PF_USER_WORKER since 6.4 only. */
static __always_inline bool is_user_worker(u32 task_flags)
{
	struct kernel_clone_args___since_6_4 *args = 0;

	return bpf_core_field_exists(args->user_worker) && (task_flags & PF_USER_WORKER);
}

#endif
