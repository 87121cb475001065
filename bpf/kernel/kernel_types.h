/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every kernel type and field that the BPF programs touch, and nothing else: our kernel surface, as a
 * hand-written CO-RE subset. Layouts do not matter (the loader relocates each access against the
 * running kernel's BTF), names and types do. tests/bpf asks the running kernel for each of them.
 */
#ifndef TRIPTYCH_KERNEL_TYPES_H
#define TRIPTYCH_KERNEL_TYPES_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef int pid_t;
typedef _Bool bool;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef unsigned int gfp_t;
enum { false = 0, true = 1 };

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1 << 10 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	s64 counter;
} atomic_long_t;

struct thread_info {
	u32 status;
	u32 cpu;
};

struct task_struct;

/* kernel/sched/sched.h: one a CPU. */
struct rq {
	struct task_struct *curr;
	u64 clock;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};

struct bpf_array {
	void *pptrs[1];
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct percpu_counter {
	s64 count;
	s32 *counters;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
};

struct vm_operations_struct;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
};

struct mm_struct {
	atomic_long_t pgtables_bytes;
	struct percpu_counter rss_stat[4]; /* since 6.2; see core_compat.h */
	unsigned long start_stack;
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long flags; /* up to 6.17; see core_compat.h */
};

struct signal_struct {
	atomic_t live;
	unsigned int flags;
	unsigned long maxrss;
};

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival;
	unsigned long long last_queued;
};

struct thread_struct {
	unsigned long fsbase;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int on_rq;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	u64 self_exec_id;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 utime;
	u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	char comm[16];
	struct signal_struct *signal;
	struct thread_struct thread;
};

struct linux_binprm {
	unsigned int secureexec : 1;
	const char *filename;
};

struct page;
struct kernel_siginfo;
struct k_sigaction;
struct kernel_clone_args;

struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period;
	__u64 addr;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct trace_entry {
	int pid;
};

struct trace_event_raw_sys_exit {
	struct trace_entry ent;
	long id;
	long ret;
};

#pragma clang attribute pop

/* include/linux/sched.h and its kin: values that no BTF tells; the same from 6.1 to 6.18 */
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000 /* since 6.4; another meaning before: see core_compat.h */
#define PF_KTHREAD 0x00200000
#define TASK_DEAD 0x00000080
#define TS_COMPAT 0x0002
#define SIGNAL_GROUP_EXIT 0x00000004
#define CLONE_VM 0x00000100
#define GFP_HIGHUSER_MOVABLE_BITS 0x0000000au /* __GFP_HIGHMEM | __GFP_MOVABLE */
#define GFP_ZERO_BIT 0x00000100u
#define VM_PFNMAP 0x00000400
#define VM_IO 0x00004000
#define VM_HUGETLB 0x00400000
#define TMPFS_MAGIC 0x01021994
#define SYSCALL_PRCTL 157
#define PR_SET_NAME 15
#define VM_FAULT_MAJOR 0x0004
#define VM_FAULT_RETRY 0x0400
#define VM_FAULT_ERROR 0x0873 /* OOM SIGBUS SIGSEGV HWPOISON HWPOISON_LARGE FALLBACK */
#define SUID_DUMP_USER 1
#define MMF_DUMPABLE_MASK 0x3

#endif
