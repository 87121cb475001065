/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the loader and the BPF programs agree on besides the records: knobs and counters. */
#ifndef TRIPTYCH_ABI_CONFIG_H
#define TRIPTYCH_ABI_CONFIG_H

#include "abi/coroutines.h"
#include "abi/stacks.h"

#define TRIPTYCH_MAX_RINGS 64

/* The rings. A record begins at a multiple of TRIPTYCH_RING_ALIGN and lies within one block; what is left
 * at the end of a block is a record of kind TRIPTYCH_EV_INVALID, and so is one that was given up. */
#define TRIPTYCH_RING_BLOCK 65536
#define TRIPTYCH_RING_ALIGN 16
struct triptych_ring_block {
	__u8 bytes[TRIPTYCH_RING_BLOCK];
};
/* Bytes since the beginning, each on a cache line of its own. */
struct triptych_ring_ends {
	__u64 head; /* given out to records; written by the programs */
	__u64 unused[7];
	__u64 tail; /* read, and zero again; written by user space */
	__u64 unused_too[7];
};

/* Summary mode: what is accumulated for a task besides the record itself. */
struct triptych_summary_state {
	struct triptych_task_summary record;
	__u64 since_ns; /* the task does what its run_state says since then */
	__u32 last_cpu; /* + 1; 0: none yet */
	__u32 reserved;
};

/* What is known of a task that concerns us; the value of the `tasks` task storage. User space writes
 * one with nothing but TRIPTYCH_TASK_STATE_LAUNCHING set for the command that it is about to start. */
#define TRIPTYCH_TASK_STATE_TARGET (1u << 0)       /* recorded, with all that it starts */
#define TRIPTYCH_TASK_STATE_LAUNCHING (1u << 1)    /* becomes a target at its exec */
#define TRIPTYCH_TASK_STATE_EXCLUDED (1u << 2)     /* the recorder itself */
#define TRIPTYCH_TASK_STATE_NEW_SWITCHES (1u << 3) /* its switch counters' baseline is still open */
#define TRIPTYCH_TASK_STATE_NEW_FAULTS (1u << 4)   /* its fault counters' baseline is still open */
#define TRIPTYCH_TASK_STATE_IN_FAULT (1u << 5)
#define TRIPTYCH_TASK_STATE_IN_CLONE (1u << 6)
#define TRIPTYCH_TASK_STATE_IN_KERNEL_FAULT (1u << 7) /* handle_mm_fault without registers */
#define TRIPTYCH_TASK_STATE_EXITING (1u << 8)         /* has called exit, or was made to */
struct triptych_task_state {
	__u32 serial;
	__u32 mm;
	__u32 flags;
	__u32 waker;
	__u64 nvcsw; /* at the last recorded switch */
	__u64 nivcsw;
	__u64 run_delay_ns; /* sched_info's when it last left a CPU */
	__u64 faults;
	__u64 prelude_faults; /* completed faults before it became a target */
	__u64 waking_ns;      /* 0: no request is open */
	__u64 fault_start_ns;
	__u64 fault_address;
	__u64 fault_ip;
	__u64 clone_start_ns;
	__u64 page_table_copy_ns;
	__u64 page_table_copy_start_ns;
	__u32 clone_child;
	__u32 fault_pages;
	__u16 fault_error_code;
	__u16 fault_flags; /* TRIPTYCH_FAULT_ */
	__u8 fault_order;
	__u8 waking_flags;     /* TRIPTYCH_WAKEUP_ */
	__u8 run_state;        /* TRIPTYCH_RUN_, as far as the tracepoints have told */
	__u8 mapping;          /* enum triptych_mapping, of the mapping of the last fault */
	__u32 mapping_flags;   /* its vm_flags */
	__u32 mapping_changes; /* and the address space's count of changes then */
	__u64 mapping_start;
	__u64 mapping_end;      /* 0: there is none */
	__u32 waker_user_stack; /* of the open request */
	__u32 waker_kernel_stack;
	__u32 walking_stack; /* while not 0, our own reading is what faults */
	__u32 reserved;
	struct triptych_summary_state summary; /* in the same storage: one look-up serves both */
};

/* Per CPU. What is pending goes into the next TRIPTYCH_EV_LOST record of the CPU's ring. */
struct triptych_cpu_state {
	__u64 produced[TRIPTYCH_LOSS_CLASSES];
	__u64 lost[TRIPTYCH_LOSS_CLASSES];
	__u64 pending[TRIPTYCH_LOSS_CLASSES];
	__u64 pending_first_ns;
	__u64 pending_last_ns;
	__u32 running_tid;    /* the target that came in last, to spare a look-up; the tid proves */
	__u32 running_serial; /* that it is still the one */
};

/* Coroutines seen by probes: what a hit of each place means. A probe's cookie is its place's index in the
 * map `coroutine_sites`, which the loader fills in before it attaches. */
#define TRIPTYCH_MAX_COROUTINE_SITES 16384
#define TRIPTYCH_MAX_KNOWN_FUNCTIONS 4096
#define TRIPTYCH_OPERAND_NONE 0
#define TRIPTYCH_OPERAND_CONSTANT 1
#define TRIPTYCH_OPERAND_REGISTER 2
#define TRIPTYCH_OPERAND_MEMORY 3 /* at the address in the register, plus value */
struct triptych_operand {
	__s64 value;           /* the constant, or what is added to the address */
	__u16 register_offset; /* in the saved registers, struct pt_regs */
	__u8 kind;             /* TRIPTYCH_OPERAND_ */
	__u8 bytes;            /* 1, 2, 4 or 8 */
	__u8 is_signed;
	__u8 reserved[3];
};
struct triptych_coroutine_site {
	struct triptych_operand id;
	struct triptych_operand second; /* AWAITS: the other's id; CREATED: where its name is; C++: index */
	__u64 address;                  /* of the place, as the file has it */
	__u32 file;                     /* tells files apart */
	__u32 function;                 /* its index in `known_coroutine_functions`, + 1; 0: not known */
	__u32 cost_ns;                  /* of a hit */
	__u16 sp_added;                 /* bytes pushed since the function's entry */
	__u16 index_offset;             /* where the frame has its resume index */
	__u8 index_bytes;               /* 0: nowhere that is known */
	__u8 kind;                      /* what it is to its runtime */
	__u8 what;                      /* enum triptych_coroutine_what, of markers */
	__u8 source;                    /* enum triptych_coroutine_source */
	__u8 runtime;                   /* enum triptych_coroutine_runtime */
	__u8 is_call;                   /* of a function: its return address has not been pushed yet */
	__u8 late;                      /* its file was mapped, and may have run, before it was probed */
	__u8 reserved[1];
};

/* A function whose name the loader found. */
struct triptych_known_function {
	__u64 address;
	__u32 told; /* whether the trace has it */
	__u32 line;
	char name[TRIPTYCH_COROUTINE_NAME_LEN];
};

/* Kinds of places in C++20 coroutines, and in tokio's tasks. */
#define TRIPTYCH_CPP_RESUME 1   /* the function that resumes, and of g++ destroys, is entered */
#define TRIPTYCH_CPP_DESTROY 2  /* the one that only destroys */
#define TRIPTYCH_CPP_FREE 3     /* in the former: `id` is about to be freed */
#define TRIPTYCH_CPP_LANDING 4  /* behind a call that may have resumed one */
#define TRIPTYCH_CPP_COMPLETE 5 /* of tokio: `id` is over */

#define TRIPTYCH_CPP_DEPTH 64 /* coroutines on top of each other on a thread; a power of two */
struct triptych_cpp_entry {
	__u64 frame;
	__u64 sp;    /* at the function's entry: where the return address is */
	__u64 since; /* of the resumption, and tells it from others */
	__u32 function;
	__u16 left; /* its end has been told */
	__u8 runtime;
	__u8 reserved;
};
/* Per thread. When it is full, the oldest are forgotten. */
struct triptych_cpp_thread {
	__u32 space;
	__u32 count;
	__u32 top; /* the next one's place, modulo the depth */
	__u32 reserved;
	__u64 last_frame; /* that was on top when a landing was reached */
	struct triptych_cpp_entry entries[TRIPTYCH_CPP_DEPTH];
};
struct triptych_cpp_frame_key {
	__u64 frame;
	__u32 space;
	__u32 reserved;
};
struct triptych_cpp_frame {
	__u64 since;      /* of the last resumption */
	__u64 left_ns;    /* when a thread was last about to give it up */
	__u32 mounted_by; /* the thread; 0: none. Who makes it 0 tells of the suspension */
	__u32 function;
	__u32 ended;
	__u32 looked_at; /* for who awaits it */
};
/* Where coroutines return to. Of a place in the file of the coroutine itself the address is the file's. */
struct triptych_cpp_return {
	__u64 address;
	__u32 file; /* + 1; 0: another file, as process `tgid` has it mapped */
	__u32 tgid;
};
#define TRIPTYCH_CPP_RETURN_NEW 1
#define TRIPTYCH_CPP_RETURN_COVERED 2 /* a landing is probed there */
#define TRIPTYCH_CPP_RETURN_REFUSED 3 /* there is no cheap place */

/* Kinds of places where stacks are switched, by Boost.Context (the function that is called there) and by libc. */
#define TRIPTYCH_CONTEXT_MAKE 1      /* make_fcontext */
#define TRIPTYCH_CONTEXT_MAKE_LOOP 2 /* the same, for what chooses the next fiber */
#define TRIPTYCH_CONTEXT_JUMP 3      /* jump_fcontext */
#define TRIPTYCH_CONTEXT_ONTOP 4     /* ontop_fcontext */
#define TRIPTYCH_UCONTEXT_MAKE 5     /* makecontext */
#define TRIPTYCH_UCONTEXT_SWAP 6     /* swapcontext */
#define TRIPTYCH_UCONTEXT_SET 7      /* setcontext */
/* Bytes that Boost.Context's functions keep below the stack pointer that they are called with. */
struct triptych_context_layout {
	__u16 jump;
	__u16 ontop;
	__u16 make; /* below the top of the stack */
	__u16 reserved;
};
/* The code that chooses the next one: a context that is in it is no coroutine. */
struct triptych_context_loop {
	__u64 address; /* as the file has it */
	__u64 size;    /* 0: not known */
	__u32 file;
	__u32 reserved;
};
/* A function that a context may be made with: its place in `known_coroutine_functions`, + 1; 0: what chooses the
 * next one. */
struct triptych_context_entry_key {
	__u64 address; /* as the file has it */
	__u32 file;
	__u32 reserved;
};

/* What tells a function's name from others: where its file has it, which is the same in every process that
 * maps it, or where an address space has it. */
struct triptych_coroutine_name_key {
	__u64 address;
	__u32 file;  /* or 0 */
	__u32 space; /* or 0 */
};

/* Per CPU, what triptych_cpu_state is for the other records. */
struct triptych_coroutine_cpu_state {
	__u64 pending; /* lost, and not yet told by a TRIPTYCH_EV_COROUTINE_LOST record */
	__u64 first_ns;
	__u64 last_ns;
	__u64 hits;
	__u64 cost_ns;
};

/* Stacks: which events have them, and of which mode. */
#define TRIPTYCH_STACKS_OFF_CPU (1u << 0)
#define TRIPTYCH_STACKS_WAKEUP (1u << 1)
#define TRIPTYCH_STACKS_FAULT (1u << 2)
#define TRIPTYCH_STACKS_COW (1u << 3) /* of the faults, those that write to a page that is there */
#define TRIPTYCH_STACKS_FORK (1u << 4)
#define TRIPTYCH_MAX_TOLD_STACKS 65536
/* Where a stack is put down before it is known to be a new one: a place for each program that takes one,
 * because a program can be interrupted by another, but not by itself. */
enum triptych_stack_slot {
	TRIPTYCH_STACK_SLOT_SWITCH = 0,
	TRIPTYCH_STACK_SLOT_WAKING = 1,
	TRIPTYCH_STACK_SLOT_SAMPLE = 2,
	TRIPTYCH_STACK_SLOT_FAULT = 3,
	TRIPTYCH_STACK_SLOT_FORK = 4,
	TRIPTYCH_STACK_SLOTS = 5,
};
struct triptych_stack_frames {
	__u64 frame[TRIPTYCH_STACK_FRAMES];
};
/* A stack that has been told: the map's key is one hash of its frames, `check` a part of another. */
struct triptych_told_stack {
	__u32 stack;
	__u32 check;
};
/* Per CPU. */
struct triptych_stack_cpu_state {
	__u64 taken;      /* stacks that an event has */
	__u64 told;       /* records of kind STACK */
	__u64 lost;       /* stacks that no record could tell of, or of an event whose record had no room */
	__u64 unreadable; /* of the user's, not one frame could be read */
	__u64 lost_samples;
	__u64 collisions; /* told again, because another stack had the same hash */
	__u64 copied;     /* records of kind STACK_COPY */
};

#define TRIPTYCH_ITER_ATTACH 1   /* make the tasks of process iter_tgid (0: all) targets */
#define TRIPTYCH_ITER_SNAPSHOT 2 /* write every target's summary */

#endif
