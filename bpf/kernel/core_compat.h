/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fields that moved or changed their type between Linux 6.1 and 6.18. Each function hides one change
 * and names the kernel version that made it.
 */
#ifndef TRIPTYCH_CORE_COMPAT_H
#define TRIPTYCH_CORE_COMPAT_H

#include "lib/maps.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_rss_stat___before_6_2 {
	atomic_long_t count[4];
};
struct mm_struct___before_6_2 {
	struct mm_rss_stat___before_6_2 rss_stat;
};
typedef struct {
	unsigned long __mm_flags[1];
} mm_flags_t;
struct mm_struct___since_6_18 {
	mm_flags_t flags;
};
struct sched_entity___since_6_12 {
	unsigned char sched_delayed;
};
struct mm_struct___since_6_4 {
	int mm_lock_seq;
};
struct seqcount___any {
	unsigned int sequence;
};
struct mm_struct___since_6_13 {
	struct seqcount___any mm_lock_seq;
};
struct kernel_clone_args___since_6_4 {
	u32 user_worker : 1;
};
#pragma clang attribute pop

/* A pointer's value as a number: the verifier allows no arithmetic on pointers to maps and their
 * values, and helpers read our own stack without asking what is on it. */
static __always_inline u64 as_number(const void *pointer)
{
	const void *slot = pointer;
	u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &slot);
	return number;
}

#define PREEMPT_SOFTIRQ_SERVING 0x00000100
#define PREEMPT_HARDIRQ_AND_NMI 0x00ff0000

/*
 * Whether the program runs in an interrupt that sits on the current task. The CPU's preemption count
 * has no symbol that every kernel lets us ask for, but it lies at a fixed distance from the CPU's run
 * queue, to which each task has a pointer; the loader takes the distance from the kernel's type
 * information. It is __preempt_count up to 6.1 and again from 6.15, a member of pcpu_hot in between.
 */
static __always_inline bool in_interrupt(struct task_struct *current)
{
	u32 count = 0;

	if (!current->pid)
		return true; /* the idle task asks for nothing itself */
	if (!preempt_count_distance)
		return false;
	bpf_probe_read_kernel(&count, sizeof(count), (void *)current->se.cfs_rq->rq + preempt_count_distance);
	return count & (PREEMPT_SOFTIRQ_SERVING | PREEMPT_HARDIRQ_AND_NMI);
}

/* What has to be added to a per-CPU pointer to reach the part of `cpu`, told by the kernel's own
 * arithmetic on a per-CPU map: the address of its element less the pointer that it is kept by. */
static __always_inline u64 percpu_offset(u32 cpu)
{
	u32 zero = 0;
	void *element = bpf_map_lookup_percpu_elem(&cpu_states, &zero, cpu);
	struct bpf_array *array = 0;
	u64 pointer = 0;

	if (!element)
		return 0;
	bpf_probe_read_kernel(&pointer, sizeof(pointer),
	                      (void *)(as_number(&cpu_states) + bpf_core_field_offset(array->pptrs)));
	return pointer ? as_number(element) - pointer : 0;
}

struct percpu_sum {
	u64 counters;
	s64 sum;
};

static long add_cpu(u32 cpu, struct percpu_sum *sum)
{
	u64 offset = percpu_offset(cpu);
	s32 part = 0;

	if (offset)
		bpf_probe_read_kernel(&part, sizeof(part), (void *)(sum->counters + offset));
	sum->sum += part;
	return 0;
}

static __always_inline u32 percpu_total(s64 count, s32 *counters)
{
	struct percpu_sum sum = { .counters = (u64)counters, .sum = count };

	bpf_loop(cpu_count, add_cpu, &sum, 0);
	return sum.sum < 0 ? 0 : sum.sum;
}

/* A member of mm->rss_stat: 0 file, 1 anonymous, 3 shared memory. A per-CPU counter since 6.2, whose
 * exact value is the sum over the CPUs. A macro, because only a literal index is relocated. */
#define mm_resident(mm, member)                                                                              \
	({                                                                                                   \
		struct mm_struct___before_6_2 *old_mm = (void *)(mm);                                        \
                                                                                                             \
		bpf_core_field_exists(old_mm->rss_stat.count)                                                \
		        ? (u32)BPF_CORE_READ(old_mm, rss_stat.count[member].counter)                         \
		        : percpu_total(BPF_CORE_READ(mm, rss_stat[member].count),                            \
		                       BPF_CORE_READ(mm, rss_stat[member].counters));                        \
	})

/* unsigned long up to 6.17, a structure around a bitmap since 6.18. */
static __always_inline u64 mm_flag_bits(struct mm_struct *mm)
{
	struct mm_struct___since_6_18 *new = (void *)mm;

	if (bpf_core_field_exists(new->flags.__mm_flags))
		return BPF_CORE_READ(new, flags.__mm_flags[0]);
	return BPF_CORE_READ(mm, flags);
}

/*
 * Whether the kernel counts the changes to an address space's mappings, and the count: it moves each time that
 * the right to change them is given up. A task that is in a fault holds the fault's mapping against changes, so
 * that what it knows of it is true as long as the count stands. A number since 6.4, in a structure since 6.13.
 */
static __always_inline bool mapping_changes(struct mm_struct *mm, u32 *count)
{
	struct mm_struct___since_6_13 *in_structure = (void *)mm;
	struct mm_struct___since_6_4 *number = (void *)mm;

	if (bpf_core_field_exists(in_structure->mm_lock_seq.sequence)) {
		*count = BPF_CORE_READ(in_structure, mm_lock_seq.sequence);
		return true;
	}
	if (!bpf_core_field_exists(number->mm_lock_seq))
		return false;
	*count = BPF_CORE_READ(number, mm_lock_seq);
	return true;
}

/* Since 6.12 a task that blocks may stay on its run queue for a while, marked so. */
static __always_inline bool is_queued(struct task_struct *task)
{
	struct sched_entity___since_6_12 *se = (void *)&task->se;

	if (bpf_core_field_exists(se->sched_delayed) && BPF_CORE_READ(se, sched_delayed))
		return false;
	return BPF_CORE_READ(task, on_rq);
}

/* Bit 0x4000 of task flags is PF_USER_WORKER since 6.4 only. */
static __always_inline bool is_user_worker(u32 task_flags)
{
	struct kernel_clone_args___since_6_4 *args = 0;

	return bpf_core_field_exists(args->user_worker) && (task_flags & PF_USER_WORKER);
}

#endif
