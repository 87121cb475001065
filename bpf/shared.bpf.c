// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What all programs share: declared, and explained, in lib/maps.bpf.h, lib/coroutine.bpf.h
 * and lib/python.bpf.h. */
#include "kernel/kernel_types.h"

#include "abi/config.h"
#include "abi/python.h"
#include "lib/python_thread.bpf.h"

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_ring_block);
} ring_data SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_ring_ends);
} ring_ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_cpu_state);
} cpu_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct triptych_task_state);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32);
} strangers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, u32);
} attached_mms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TRIPTYCH_STACK_SLOTS);
	__type(key, u32);
	__type(value, struct triptych_stack_frames);
} stack_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct triptych_coroutine_cpu_state);
} coroutine_cpu_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, u32);
} coroutine_spaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct triptych_coroutine_name_key);
	__type(value, u32);
} coroutine_functions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRIPTYCH_PYTHON_MAX_LAYOUTS);
	__type(key, u32);
	__type(value, struct triptych_python_layout);
} python_layouts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct triptych_python_code_key);
	__type(value, u32);
} python_functions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u32);
} python_function_texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct python_thread);
} python_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRIPTYCH_MAX_COROUTINE_SITES);
	__type(key, u32);
	__type(value, struct triptych_coroutine_site);
} coroutine_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRIPTYCH_MAX_KNOWN_FUNCTIONS);
	__type(key, u32);
	__type(value, struct triptych_known_function);
} known_coroutine_functions SEC(".maps");

const volatile __u32 ring_count = 1;
const volatile __u32 ring_blocks = 1;
const volatile __u32 cpu_count = 1;
const volatile __s64 preempt_count_distance = 0;
const volatile bool summary_only = false;
const volatile bool record_switches = true;
const volatile bool record_wakeups = true;
const volatile bool coroutines_from_start = false;

const volatile __u32 stacks_wanted = 0;
const volatile __u32 kernel_stacks_wanted = 0;
const volatile __u64 stack_seed = 0;
const volatile __u32 stack_copy_pieces = 0;

volatile bool gate = false;
volatile bool coroutines_ended = false;
volatile __u32 recorded_flags = TRIPTYCH_TASK_STATE_TARGET;
__u32 iter_action = 0;
__u32 iter_tgid = 0;
__u32 iter_excluded_tgid = 0;
__u32 iter_added = 0;

__u64 next_task_serial = TRIPTYCH_TASK_FIRST;
__u64 next_mm_serial = TRIPTYCH_MM_FIRST;
__u64 alive = 0;
__u64 unreaped = 0;
__u64 exiting = 0;
__u64 late_faults = 0;
__u64 storage_failed = 0;
__u64 switches_missed = 0;
__u64 serials_exhausted = 0;
__u32 next_coroutine_function = 1;
