/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The maps and knobs that the programs share; defined in bpf/shared.bpf.c. */
#ifndef TRIPTYCH_MAPS_BPF_H
#define TRIPTYCH_MAPS_BPF_H

#include "kernel/kernel_types.h"

#include "abi/config.h"

#include <bpf/bpf_helpers.h>

/* One ring per CPU, so that no lock is ever waited for; made, larger, by the loader. */
extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_ring_block);
} ring_data SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_ring_ends);
} ring_ends SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_cpu_state);
} cpu_states SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct triptych_task_state);
} tasks SEC(".maps");

/* Tasks that are not recorded but met: the serial number that they were announced under. Not in task
 * storage, because none can be allocated safely under a run queue's lock. The key is the task's tid and
 * the low half of its start time. */
extern struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32);
} strangers SEC(".maps");

/* Address spaces met while attaching to running tasks: mm pointer to serial number. */
extern struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, u32);
} attached_mms SEC(".maps");

/* Where a stack lies until it is known whether it is a new one. */
extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TRIPTYCH_STACK_SLOTS);
	__type(key, u32);
	__type(value, struct triptych_stack_frames);
} stack_slots SEC(".maps");

/* Set once, before loading. */
extern const volatile __u32 ring_count;
extern const volatile __u32 ring_blocks; /* of each ring; a power of two */
extern const volatile __u32 cpu_count;
extern const volatile __s64 preempt_count_distance; /* from the CPU's run queue; 0: not known */
extern const volatile bool summary_only;            /* accumulate, write no switches, wakeups, faults */
extern const volatile bool record_switches;         /* false: only what ends a task is looked at */
extern const volatile bool record_wakeups;          /* false: nor is a switch asked whether one went untold */

extern const volatile __u32 stacks_wanted;        /* TRIPTYCH_STACKS_ */
extern const volatile __u32 kernel_stacks_wanted; /* of them, those with the kernel's frames too */
extern const volatile __u64 stack_seed;           /* nobody can know which stacks share a hash */
extern const volatile __u32 stack_copy_pieces;    /* copied of a user stack; 0: its frames are walked */

extern volatile bool gate; /* nothing is recorded while it is closed */
/* A task is recorded that has all of these flags: at the end of the recording only targets that were in
 * their exit by then, until their last switch has been seen. */
extern volatile __u32 recorded_flags;
extern __u32 iter_action;
extern __u32 iter_tgid;
extern __u32 iter_excluded_tgid;
extern __u32 iter_added; /* targets that this walk made */

extern __u64 next_task_serial;
extern __u64 next_mm_serial;
extern __u64 alive;       /* targets that have not made their last switch */
extern __u64 unreaped;    /* targets between their last switch and the end of all references to them */
extern __u64 exiting;     /* targets between their exit and their last switch */
extern __u64 late_faults; /* recorded while the recording was ending */
extern __u64 storage_failed;
extern __u64 switches_missed;
extern __u64 serials_exhausted;

#endif
