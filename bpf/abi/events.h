/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records that the BPF programs write and user space reads: the only contract between them.
 *
 * Valid C11, C++20 and BPF C. Append-only: a kind is never renumbered, reused or resized; what must
 * grow becomes a new kind. Every record starts with struct triptych_hdr, is a multiple of 8 bytes
 * long and has no implicit padding, so no kernel memory leaks through it. Units are in the names;
 * times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns) unless a name says otherwise.
 *
 * Names say what the hook proves. Verdicts ("this was a copy-on-write") are drawn in user space.
 */
#ifndef TRIPTYCH_ABI_EVENTS_H
#define TRIPTYCH_ABI_EVENTS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define TRIPTYCH_ABI_MAJOR 2
#define TRIPTYCH_ABI_MINOR 7

#ifdef __cplusplus
#define TRIPTYCH_ABI_ASSERT(condition, text) static_assert(condition, text)
#else
#define TRIPTYCH_ABI_ASSERT(condition, text) _Static_assert(condition, text)
#endif

enum triptych_event_kind {
	TRIPTYCH_EV_INVALID = 0,
	TRIPTYCH_EV_SWITCH = 1,         /* tp_btf/sched_switch */
	TRIPTYCH_EV_WAKEUP = 2,         /* tp_btf/sched_waking + sched_wakeup or sched_wakeup_new */
	TRIPTYCH_EV_ARRIVAL = 3,        /* task_struct.sched_info, where no tracepoint told */
	TRIPTYCH_EV_TASK_NEW = 10,      /* tp_btf/task_newtask */
	TRIPTYCH_EV_TASK_SEEN = 11,     /* a task not born in the trace is met for the first time */
	TRIPTYCH_EV_TASK_BASELINE = 12, /* its own counters at the moment its recording began */
	TRIPTYCH_EV_CLONE_RETURN = 13,  /* the clone call has returned in the caller */
	TRIPTYCH_EV_TASK_EXEC = 14,     /* tp_btf/sched_process_exec */
	TRIPTYCH_EV_TASK_RENAME = 15,   /* tp_btf/task_rename */
	TRIPTYCH_EV_TASK_EXIT = 16,     /* tp_btf/sched_process_exit: the last switch is still to come */
	TRIPTYCH_EV_TASK_END = 17,      /* the switch with TASK_DEAD: the counters are final */
	TRIPTYCH_EV_TASK_FREE = 18,     /* tp_btf/sched_process_free: reaped, one RCU period ago */
	TRIPTYCH_EV_FAULT = 20,
	TRIPTYCH_EV_MARK = 30,         /* the program marked a phase: prctl(PR_SET_NAME) with our magic */
	TRIPTYCH_EV_LOST = 40,         /* records that found no room in this ring, in their place */
	TRIPTYCH_EV_TASK_SUMMARY = 50, /* summary mode: one task's counters so far; the last one counts */
	/* Written by user space from what a program's recorder left in its memory, since minor version 1;
	 * by a program in the kernel, when a probe in the traced program is hit, since 2. */
	TRIPTYCH_EV_COROUTINE = 60,          /* something happened to a coroutine */
	TRIPTYCH_EV_COROUTINE_SPACE = 61,    /* the coroutines of a process are recorded from here on */
	TRIPTYCH_EV_COROUTINE_FUNCTION = 62, /* what a function's number means */
	TRIPTYCH_EV_COROUTINE_TOTALS = 63,   /* a function's own counters so far; the last ones count */
	TRIPTYCH_EV_COROUTINE_LOST = 64,     /* events that are not here, in their place */
	TRIPTYCH_EV_COROUTINE_WAIT = 65,     /* a thread begins to wait while a coroutine is mounted on it */
	TRIPTYCH_EV_COROUTINE_FILE = 66,     /* the source file of a function */
	TRIPTYCH_EV_COROUTINE_INSIDE = 67,   /* what a coroutine awaits that is about to be suspended */
	/* Since minor version 3. */
	TRIPTYCH_EV_STACK = 70,         /* the frames of a stack, told before or when it is first met */
	TRIPTYCH_EV_STACK_OF = 71,      /* the stacks of the event that follows */
	TRIPTYCH_EV_SAMPLE = 72,        /* perf_event/cpu-clock: a task was met on its CPU */
	TRIPTYCH_EV_KERNEL_SYMBOL = 73, /* written by user space: what a kernel frame's number means */
	TRIPTYCH_EV_MAP = 74,           /* written by user space: code appeared in an address space */
	/* Since minor version 5. */
	TRIPTYCH_EV_STACK_BYTES = 75, /* a piece of a user stack, as it lay in memory */
	TRIPTYCH_EV_STACK_COPY = 76,  /* the registers that go with such pieces, behind the last of them */
	TRIPTYCH_EV_FILE_SYMBOL =
	        77, /* written by user space, afterwards: a function of a file that was mapped */
	/* Since minor version 6; written by user space, the first one afterwards. */
	TRIPTYCH_EV_FILE_INLINED = 78, /* a function that the compiler put into another one's code */
	TRIPTYCH_EV_JIT_SYMBOL = 79,   /* a function of code that a process made itself */
};

/* Serial numbers of tasks and address spaces are given in the kernel, dense, and never reused within
 * a recording, so that identity survives a reused tid and an exec that exchanges tids. */
#define TRIPTYCH_TASK_NONE 0u /* not known: storage for it failed */
#define TRIPTYCH_TASK_IDLE 1u /* the idle task of the record's CPU */
#define TRIPTYCH_TASK_FIRST 2u
#define TRIPTYCH_MM_NONE 0u /* kernel thread, or already gone */
#define TRIPTYCH_MM_FIRST 1u

#define TRIPTYCH_COMM_LEN 16
#define TRIPTYCH_FILENAME_LEN 128
#define TRIPTYCH_ARGS_LEN 256
#define TRIPTYCH_MARK_LEN 48

struct triptych_hdr {
	__u64 ts_ns;
	__u32 task; /* serial of the task that the record is about */
	__u16 cpu;  /* where the program ran */
	__u8 kind;  /* enum triptych_event_kind */
	__u8 size8; /* whole record, this header included, in units of 8 bytes */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_hdr) == 16, "header is 16 bytes");

/* hdr.task is the task that leaves the CPU. The sequence numbers are the low bits of the kernel's own
 * nvcsw + nivcsw of each task after this switch: a gap between two records of a task proves that
 * switches in between were not recorded. */
#define TRIPTYCH_SWITCH_VOLUNTARY (1u << 0)   /* nvcsw of the previous task moved */
#define TRIPTYCH_SWITCH_INVOLUNTARY (1u << 1) /* nivcsw of the previous task moved */
#define TRIPTYCH_SWITCH_PREEMPT (1u << 2)     /* the tracepoint's `preempt` argument */
#define TRIPTYCH_SWITCH_MM_CHANGE (1u << 3)   /* prev and next have different user address spaces */
#define TRIPTYCH_SWITCH_PREV_TARGET (1u << 4) /* the previous task is recorded, not just met */
#define TRIPTYCH_SWITCH_NEXT_TARGET (1u << 5)
#define TRIPTYCH_SWITCH_COMPAT (1u << 6) /* the system call number is of the 32-bit table */
#define TRIPTYCH_SYSCALL_NONE (-1)
struct triptych_switch {
	struct triptych_hdr hdr;
	__u32 next_task;
	__u16 prev_state; /* low 16 bits of the kernel's task state: 0 is still runnable */
	__s16 syscall;    /* system call that the previous task is in, or TRIPTYCH_SYSCALL_NONE */
	__u16 prev_seq;
	__u16 next_seq;
	__u16 flags;
	__u16 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_switch) == 32, "switch is 32 bytes");

/* hdr.task is the task that was woken, hdr.ts_ns the moment it was put on a run queue
 * (sched_wakeup). The waker and the moment of the request are sched_waking's, which runs in the
 * waker's own context; across CPUs sched_wakeup runs wherever the interrupt found the target CPU. */
#define TRIPTYCH_WAKEUP_NEW (1u << 0)        /* first time, after its creation */
#define TRIPTYCH_WAKEUP_INTERRUPT (1u << 1)  /* requested by an interrupt, not by waker_task */
#define TRIPTYCH_WAKEUP_NO_REQUEST (1u << 2) /* no sched_waking seen: waker and delay unknown */
struct triptych_wakeup {
	struct triptych_hdr hdr;
	__u32 waker_task;       /* or the task that the interrupt interrupted */
	__u32 request_delay_ns; /* from request to enqueueing; 2^32-1 is that or more */
	__u16 target_cpu;
	__u16 flags;
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_wakeup) == 32, "wakeup is 32 bytes");

/* hdr.task came to hdr.cpu, and at least one of the two tracepoints that tell of it did not: there are
 * kernels that run no program while certain tasks are current, and a task that is attached to was put
 * on its run queue before. Both moments are the scheduler's own (sched_info, which /proc/PID/schedstat
 * is made of), brought to this clock by the run queue's; they are as old as the last update of the run
 * queue's clock, microseconds at most. Written when the task comes in or leaves, just before that
 * record and with its time. */
struct triptych_arrival {
	struct triptych_hdr hdr;
	__u64 queued_ns;  /* put on a run queue, or preempted, after it last left a CPU; 0: not known */
	__u64 arrived_ns; /* came to the CPU; hdr.ts_ns when it is about to */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_arrival) == 32, "arrival is 32 bytes");

/* hdr.task is the child; written in the parent's context, at the end of the copying and before the
 * child can run. The pages are the child's own accounts at that moment. */
#define TRIPTYCH_TASK_KTHREAD (1u << 0)
#define TRIPTYCH_TASK_IO_WORKER (1u << 1)   /* io_uring's */
#define TRIPTYCH_TASK_USER_WORKER (1u << 2) /* made by the kernel inside a process, vhost's say */
#define TRIPTYCH_TASK_COMPAT (1u << 3)      /* TASK_SEEN's system call is of the 32-bit table */
struct triptych_task_new {
	struct triptych_hdr hdr;
	__u64 clone_flags;
	__u32 parent_task;
	__u32 tid; /* as seen from the initial pid namespace, like every tid and tgid here */
	__u32 tgid;
	__u32 ns_tid; /* as seen from the task's own pid namespace */
	__u32 mm;
	__u32 parent_mm;
	__u32 page_table_pages; /* 0 when the address space is shared */
	__u32 anon_pages;       /* resident in the child, so shared with the parent */
	__u32 file_pages;
	__u32 shmem_pages;
	__u32 flags; /* TRIPTYCH_TASK_ */
	__u32 reserved;
	char comm[TRIPTYCH_COMM_LEN];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_new) == 88, "task_new is 88 bytes");

/* What a task was doing. In TASK_SEEN it is known only of an attached task, and only when it was the
 * same before and after the task became a target: rq->curr, __state, on_rq and the switch counters. */
#define TRIPTYCH_RUN_UNKNOWN 0
#define TRIPTYCH_RUN_ON_CPU 1
#define TRIPTYCH_RUN_RUNNABLE 2
#define TRIPTYCH_RUN_BLOCKED 3

#define TRIPTYCH_SEEN_LAUNCHED 1 /* the command, at its exec: its first instruction is still to come */
#define TRIPTYCH_SEEN_ATTACHED 2 /* it was running when the recording began */
#define TRIPTYCH_SEEN_STRANGER 3 /* not recorded: it preempted, woke or was switched to by a task that is */
struct triptych_task_seen {
	struct triptych_hdr hdr;
	__u64 start_boottime_ns; /* when the task was created, CLOCK_BOOTTIME */
	__u32 parent_task;       /* serial of the parent, if it has one */
	__u32 tid;
	__u32 tgid;
	__u32 ns_tid;
	__u32 parent_tid;
	__u32 mm;
	__u32 how;   /* TRIPTYCH_SEEN_ */
	__u32 flags; /* TRIPTYCH_TASK_ */
	char comm[TRIPTYCH_COMM_LEN];
	__u16 run_state; /* TRIPTYCH_RUN_ */
	__s16 syscall;   /* in which it is blocked, or TRIPTYCH_SYSCALL_NONE */
	__u16 run_cpu;   /* on which it runs or ran last */
	__u16 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_seen) == 80, "task_seen is 80 bytes");

/* A task's own counters, from task_struct. In TASK_BASELINE they are what the kernel had counted
 * before the first recorded event; a task born in the trace begins at zero and has no such record.
 * In TASK_END they are final (read in the last switch, which they include). */
struct triptych_counters {
	__u64 nvcsw;
	__u64 nivcsw;
	__u64 min_flt;
	__u64 maj_flt;
	__u64 utime_ns;
	__u64 stime_ns;
	__u64 run_time_ns; /* se.sum_exec_runtime: the scheduler's account */
};

/* What validates a baseline: switches and faults begin at different moments when a running task is
 * attached to. */
#define TRIPTYCH_BASELINE_SWITCHES (1u << 0)
#define TRIPTYCH_BASELINE_FAULTS (1u << 1)
struct triptych_task_baseline {
	struct triptych_hdr hdr;
	struct triptych_counters counters;
	__u64 prelude_faults; /* counted by the counting event, but before the recording began */
	__u32 valid;          /* TRIPTYCH_BASELINE_: the other counters are zero */
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_baseline) == 88, "task_baseline is 88 bytes");

/* hdr.task is the caller, hdr.ts_ns the moment of return; a child that has already run is normal. */
#define TRIPTYCH_CLONE_FROM_SYSCALL 1 /* sys_enter_clone and its kin to sys_exit */
#define TRIPTYCH_CLONE_FROM_FENTRY 2  /* kernel_clone, entry to return */
struct triptych_clone_return {
	struct triptych_hdr hdr;
	__u64 duration_ns;
	__u64 page_table_copy_ns; /* copy_page_range, all of it; 0 where no fentry is to be had */
	__u32 child_task;         /* 0: the call failed, or its child is not recorded */
	__s32 result;             /* the child's tid as the caller sees it, or -errno */
	__u32 source;             /* TRIPTYCH_CLONE_FROM_ */
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_clone_return) == 48, "clone_return is 48 bytes");

#define TRIPTYCH_EXEC_SECURE (1u << 0) /* set-user-id or alike: the counting event is detached */
#define TRIPTYCH_EXEC_ARGS_TRUNCATED (1u << 1)
#define TRIPTYCH_EXEC_ARGS_UNREADABLE (1u << 2)
#define TRIPTYCH_EXEC_NOT_DUMPABLE (1u << 3) /* unreadable program: the counting event is detached */
struct triptych_task_exec {
	struct triptych_hdr hdr;
	__u32 mm;      /* the new address space */
	__u32 old_tid; /* differs from tid when a thread that is not the leader called exec */
	__u32 tid;
	__u32 flags;
	__u32 args_size; /* bytes used in args */
	__u32 reserved;
	char comm[TRIPTYCH_COMM_LEN];
	char filename[TRIPTYCH_FILENAME_LEN];
	char args[TRIPTYCH_ARGS_LEN]; /* the arguments, each with its NUL */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_exec) == 440, "task_exec is 440 bytes");

struct triptych_task_rename {
	struct triptych_hdr hdr;
	char comm[TRIPTYCH_COMM_LEN];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_rename) == 32, "task_rename is 32 bytes");

#define TRIPTYCH_EXIT_GROUP (1u << 0) /* the whole process was told to end */
#define TRIPTYCH_EXIT_LAST (1u << 1)  /* no other thread of the process is alive */
struct triptych_task_exit {
	struct triptych_hdr hdr;
	__u32 exit_code; /* as wait(2) encodes it: status << 8 | signal */
	__u32 flags;
	__u64 peak_rss_pages; /* of the process, with TRIPTYCH_EXIT_LAST; otherwise 0 */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_exit) == 32, "task_exit is 32 bytes");

struct triptych_task_end {
	struct triptych_hdr hdr;
	struct triptych_counters counters;
	__u64 faults; /* page faults that our programs saw completed for this task */
	__u32 reserved[2];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_end) == 88, "task_end is 88 bytes");

struct triptych_task_free {
	struct triptych_hdr hdr;
};

/* hdr.ts_ns is the end of the fault. Pages are those that mm_page_alloc handed out for user data while
 * the fault was in flight, not page tables. The mapping is looked up when the fault ends. */
enum triptych_mapping {
	TRIPTYCH_MAPPING_UNKNOWN = 0, /* could not be looked up */
	TRIPTYCH_MAPPING_NONE = 1,    /* no mapping at this address */
	TRIPTYCH_MAPPING_ANON = 2,    /* private, no file */
	TRIPTYCH_MAPPING_FILE = 3,    /* a file; VM_SHARED in vm_flags tells shared from private */
	TRIPTYCH_MAPPING_SHMEM = 4,   /* tmpfs, memfd, shared anonymous memory */
	TRIPTYCH_MAPPING_HUGETLB = 5,
	TRIPTYCH_MAPPING_SPECIAL = 6, /* vdso, device memory */
};
#define TRIPTYCH_FAULT_MAJOR (1u << 0)
#define TRIPTYCH_FAULT_ZEROED (1u << 1)     /* a page was allocated with __GFP_ZERO */
#define TRIPTYCH_FAULT_NOT_ZEROED (1u << 2) /* a page was allocated without */
#define TRIPTYCH_FAULT_UNRESOLVED (1u << 3) /* began, but no completion: not a fault taken */
#define TRIPTYCH_FAULT_NO_START (1u << 4) /* completed, beginning not seen: duration and error_code unknown */
#define TRIPTYCH_FAULT_KERNEL_TAKEN                                                                          \
	(1u << 5)                            /* handle_mm_fault without registers: get_user_pages and alike */
#define TRIPTYCH_FAULT_FROM_FENTRY (1u << 6) /* recorded by handle_mm_fault's entry and return */
/* x86 page-fault error code */
#define TRIPTYCH_FAULT_EC_PRESENT (1u << 0)
#define TRIPTYCH_FAULT_EC_WRITE (1u << 1)
#define TRIPTYCH_FAULT_EC_USER (1u << 2)
#define TRIPTYCH_FAULT_EC_INSTRUCTION (1u << 4)
/* vm_flags that the analysis looks at: same values from Linux 6.1 to 6.18 */
#define TRIPTYCH_VM_WRITE 0x2u
#define TRIPTYCH_VM_SHARED 0x8u
#define TRIPTYCH_VM_UFFD_MISSING 0x200u
#define TRIPTYCH_VM_UFFD_WP 0x1000u
struct triptych_fault {
	struct triptych_hdr hdr;
	__u64 address;
	__u64 ip;          /* of the program; 0: the kernel's code touched it */
	__u32 duration_ns; /* 2^32-1 is that or more */
	__u32 vm_flags;    /* low 32 bits */
	__u32 mm;
	__u32 pages; /* base pages allocated */
	__u16 error_code;
	__u16 flags;
	__u8 order;   /* of the largest allocation */
	__u8 mapping; /* enum triptych_mapping */
	__u16 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_fault) == 56, "fault is 56 bytes");

/* The calling convention of a mark, usable by any unprivileged program, with or without a tracer:
 *     char name[16];
 *     prctl(PR_GET_NAME, name);
 *     prctl(PR_SET_NAME, name, TRIPTYCH_MARK_MAGIC, "phase", TRIPTYCH_MARK_BEGIN);
 * PR_SET_NAME ignores its other arguments, so without a tracer nothing happens; with one, the
 * task_rename tracepoint finds them in the saved registers. */
#define TRIPTYCH_MARK_MAGIC 0x7472697074796368ull /* "triptych" */
#define TRIPTYCH_MARK_BEGIN 1
#define TRIPTYCH_MARK_END 2
#define TRIPTYCH_MARK_POINT 3
#define TRIPTYCH_MARK_FOR_PARENT 0x100 /* by a helper process on behalf of its parent, a shell say */
struct triptych_mark {
	struct triptych_hdr hdr; /* hdr.task is the task that the mark is of */
	struct triptych_counters counters;
	__u64 faults; /* page faults that our programs saw completed for this task */
	__u32 type;   /* TRIPTYCH_MARK_BEGIN, END or POINT */
	__u32 reserved;
	char name[TRIPTYCH_MARK_LEN];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_mark) == 136, "mark is 136 bytes");

/* Losses are counted by class of record; hdr.ts_ns is when there was room again. */
enum triptych_loss_class {
	TRIPTYCH_LOSS_SWITCH = 0,
	TRIPTYCH_LOSS_WAKEUP = 1,
	TRIPTYCH_LOSS_TASK = 2, /* kinds 10 to 19 */
	TRIPTYCH_LOSS_FAULT = 3,
	TRIPTYCH_LOSS_MARK = 4,
	TRIPTYCH_LOSS_SUMMARY = 5,
	TRIPTYCH_LOSS_CLASSES = 6,
};
struct triptych_lost {
	struct triptych_hdr hdr;
	__u64 first_ns;
	__u64 last_ns;
	__u32 counts[TRIPTYCH_LOSS_CLASSES];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_lost) == 56, "lost is 56 bytes");

/* Fault classes that the kernel side can tell without state across tasks: rows of the fault table. */
enum triptych_summary_fault {
	TRIPTYCH_SUMMARY_FAULT_ALLOC_ZEROED = 0, /* not present, page zeroed */
	TRIPTYCH_SUMMARY_FAULT_ALLOC_COPIED = 1, /* not present, page not zeroed */
	TRIPTYCH_SUMMARY_FAULT_MAPPED = 2,       /* not present, no page allocated */
	TRIPTYCH_SUMMARY_FAULT_WP_COPIED = 3,    /* present and write, page not zeroed: copy-on-write */
	TRIPTYCH_SUMMARY_FAULT_WP_ZEROED = 4,    /* present and write, page zeroed */
	TRIPTYCH_SUMMARY_FAULT_WP_NO_PAGE = 5,   /* present and write, no page allocated */
	TRIPTYCH_SUMMARY_FAULT_OTHER = 6,
	TRIPTYCH_SUMMARY_FAULT_UNRESOLVED = 7, /* not part of the faults taken */
	TRIPTYCH_SUMMARY_FAULT_CLASSES = 8,
};
#define TRIPTYCH_SUMMARY_BUCKETS 32 /* bucket b counts durations of [2^b, 2^(b+1)) ns; the last, longer */
#define TRIPTYCH_SUMMARY_FINAL (1u << 0) /* written in the last switch: no more will follow */
struct triptych_task_summary {
	struct triptych_hdr hdr;
	struct triptych_counters counters;
	__u64 voluntary;
	__u64 involuntary;
	__u64 wakeups;
	__u64 on_cpu_ns;
	__u64 runnable_ns;
	__u64 blocked_ns;
	__u64 migrations;
	__u64 mm_changes;
	__u64 major_faults;
	__u64 kernel_mode_faults;
	__u64 faults[TRIPTYCH_SUMMARY_FAULT_CLASSES];
	__u64 fault_pages[TRIPTYCH_SUMMARY_FAULT_CLASSES];
	__u64 fault_ns[TRIPTYCH_SUMMARY_FAULT_CLASSES];
	__u32 run_queue_latency[TRIPTYCH_SUMMARY_BUCKETS];
	__u32 slice_length[TRIPTYCH_SUMMARY_BUCKETS];
	__u32 flags;
	__u32 mm;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_task_summary) == 608, "task_summary is 608 bytes");

#endif
