/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The records of stacks and of what names their frames: a part of the contract of events.h, by its rules. */
#ifndef TRIPTYCH_ABI_STACKS_H
#define TRIPTYCH_ABI_STACKS_H

#include "abi/events.h"

/* Stacks. A record that has stacks names them by number; what a number means is told by a STACK record of
 * this recording, which may stand in another CPU's ring and a moment later, and may be told again, under
 * the same number or another. User and kernel frames are stacks of their own. */
#define TRIPTYCH_STACK_NONE 0u
#define TRIPTYCH_STACK_FRAMES 124
#define TRIPTYCH_STACK_FRAMES_STEP 4 /* records have room for a multiple of these frames */
#define TRIPTYCH_STACK_KERNEL (1u << 0)
#define TRIPTYCH_STACK_CUT (1u << 1) /* there may be more frames than the record can have */
/* Of a kernel stack: each frame is a symbol's number, times 2^32, plus the offset in it. What the kernel
 * side writes has addresses instead, which do not get into any file. */
#define TRIPTYCH_STACK_SYMBOLS (1u << 2)
/* Of a stack that was unwound from a copy, afterwards: what ended it. */
#define TRIPTYCH_STACK_END_SHIFT 8
#define TRIPTYCH_STACK_ENDS 8
enum triptych_stack_end {
	TRIPTYCH_STACK_END_NOT_TOLD = 0, /* it was not unwound from a copy */
	TRIPTYCH_STACK_END_FIRST_FUNCTION = 1,
	TRIPTYCH_STACK_END_COPY_ENDS = 2,
	TRIPTYCH_STACK_END_UNREADABLE = 3,
	TRIPTYCH_STACK_END_NO_RULES = 4,
	TRIPTYCH_STACK_END_NO_CODE = 5,
	TRIPTYCH_STACK_END_NONSENSE = 6,
	TRIPTYCH_STACK_END_TOO_DEEP = 7,
};
struct triptych_stack {
	struct triptych_hdr hdr;
	__u32 stack;
	__u32 mm; /* whose addresses they are; TRIPTYCH_MM_NONE of a kernel stack */
	__u16 frames;
	__u16 flags;
	__u32 reserved;
	__u64 frame[TRIPTYCH_STACK_FRAMES]; /* innermost first; the record ends behind the last ones used */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_stack) == 1024, "stack is 1024 bytes");

/* The event that has these stacks comes next on this CPU, with this time. */
struct triptych_stack_of {
	struct triptych_hdr hdr; /* hdr.task is the task whose stacks they are */
	__u32 user_stack;        /* TRIPTYCH_STACK_NONE: not asked for, or not to be had */
	__u32 kernel_stack;
	__u32 what; /* enum triptych_event_kind, of the event */
	__u32 reserved;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_stack_of) == 32, "stack_of is 32 bytes");

/* A user stack that is to be unwound afterwards: instead of frames, memory from the stack pointer on. Its
 * number is of this one stack and stands in one record. Pieces lie at multiples of their size, so that none
 * lies in two pages; the first one begins below the stack pointer. They have the time and the CPU of the
 * STACK_COPY record, which follows them; without one they mean nothing. */
#define TRIPTYCH_STACK_PIECE 1024
#define TRIPTYCH_STACK_PIECES_MAX 33 /* 32 KiB from the stack pointer on */
struct triptych_stack_bytes {
	struct triptych_hdr hdr; /* hdr.task is the task whose stack it is */
	__u32 stack;
	__u32 reserved;
	__u64 address;
	__u8 bytes[TRIPTYCH_STACK_PIECE];
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_stack_bytes) == 1056, "stack_bytes is 1056 bytes");

#define TRIPTYCH_STACK_COPY_UNREADABLE (1u << 0) /* it ends where memory could not be read */
#define TRIPTYCH_STACK_REGISTERS 17
struct triptych_stack_copy {
	struct triptych_hdr hdr;
	__u32 stack;
	__u32 mm;
	__u16 pieces;
	__u16 flags;
	__u32 reserved;
	__u64 registers[TRIPTYCH_STACK_REGISTERS]; /* by DWARF's numbers: 7 is the stack pointer, 16 where
	                                            * the task goes on in user mode */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_stack_copy) == 168, "stack_copy is 168 bytes");

/* hdr.task was running at hdr.ts_ns, by a clock of the CPU's that ticks every period_ns. */
#define TRIPTYCH_SAMPLE_KERNEL (1u << 0) /* in kernel mode */
struct triptych_sample {
	struct triptych_hdr hdr;
	__u64 period_ns;
	__u32 user_stack;
	__u32 kernel_stack;
	__u32 mm;
	__u32 flags;
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_sample) == 40, "sample is 40 bytes");

#define TRIPTYCH_SYMBOL_NAME_LEN 128
#define TRIPTYCH_MODULE_NAME_LEN 56
struct triptych_kernel_symbol {
	struct triptych_hdr hdr;
	__u32 symbol;
	__u32 reserved;
	char name[TRIPTYCH_SYMBOL_NAME_LEN];   /* empty: the kernel has no name for the address */
	char module[TRIPTYCH_MODULE_NAME_LEN]; /* empty: the kernel itself */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_kernel_symbol) == 208, "kernel_symbol is 208 bytes");

/* Code that a process has mapped, as PERF_RECORD_MMAP2 tells or /proc/PID/maps. What it covers of an
 * earlier one is no longer that one's. */
#define TRIPTYCH_MAP_FRESH (1u << 0) /* first of an exec's address space, whose TASK_EXEC is still to come */
#define TRIPTYCH_MAP_THERE (1u << 1) /* it was there when the recording of the process began */
#define TRIPTYCH_MAP_PATH_CUT (1u << 2) /* the path is longer */
#define TRIPTYCH_BUILD_ID_LEN 20
#define TRIPTYCH_MAP_PATH_LEN 896
#define TRIPTYCH_MAP_PATH_STEP 64 /* records have room for a multiple of these bytes of path */
struct triptych_map {
	struct triptych_hdr hdr; /* hdr.task is TRIPTYCH_TASK_NONE */
	__u64 start;
	__u64 end;
	__u64 offset; /* in the file */
	__u64 inode;  /* 0: not known, as are the device's numbers then */
	__u32 device_major;
	__u32 device_minor;
	__u32 tgid;
	__u16 flags;
	__u8 build_id_size; /* 0: not known */
	__u8 reserved;
	__u8 build_id[TRIPTYCH_BUILD_ID_LEN];
	__u32 path_size;                  /* bytes used in path */
	char path[TRIPTYCH_MAP_PATH_LEN]; /* as the process sees it; "[vdso]", "//anon"; the record ends
	                                   * behind what is used of it */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_map) == 984, "map is 984 bytes");

/* A function of a file that a MAP record names, told by whoever had the file: by its build id, or where none
 * is known by its inode. The file's bytes from offset on are its code. */
#define TRIPTYCH_FILE_SYMBOL_NAME_LEN 952
#define TRIPTYCH_FILE_SYMBOL_NAME_STEP 64 /* records have room for a multiple of these bytes of the name */
struct triptych_file_symbol {
	struct triptych_hdr hdr; /* hdr.task is TRIPTYCH_TASK_NONE */
	__u64 offset;
	__u64 size;
	__u64 inode;
	__u32 device_major;
	__u32 device_minor;
	__u16 name_size;
	__u8 build_id_size;
	__u8 reserved;
	__u8 build_id[TRIPTYCH_BUILD_ID_LEN];
	char name[TRIPTYCH_FILE_SYMBOL_NAME_LEN]; /* as its source has it; may be cut; the record ends behind
	                                           * what is used of it */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_file_symbol) == 1024, "file_symbol is 1024 bytes");

/* Likewise a function that the compiler put into the one that FILE_SYMBOL tells: the bytes are of both. */
struct triptych_file_inlined {
	struct triptych_hdr hdr;
	__u64 offset;
	__u64 size;
	__u64 inode;
	__u32 device_major;
	__u32 device_minor;
	__u16 name_size;
	__u8 build_id_size;
	__u8 depth; /* 1: in the function itself, 2: in what is inlined there, and so on */
	__u8 build_id[TRIPTYCH_BUILD_ID_LEN];
	char name[TRIPTYCH_FILE_SYMBOL_NAME_LEN]; /* as that of a file_symbol */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_file_inlined) == 1024, "file_inlined is 1024 bytes");

/* A function of code that belongs to no file, by what the process itself said of it (perf-PID.map). */
#define TRIPTYCH_JIT_SYMBOL_NAME_LEN 984
#define TRIPTYCH_JIT_SYMBOL_NAME_STEP 64 /* records have room for a multiple of these bytes of the name */
struct triptych_jit_symbol {
	struct triptych_hdr hdr; /* hdr.task is TRIPTYCH_TASK_NONE */
	__u64 address;
	__u64 size;
	__u32 tgid; /* as a MAP record has it */
	__u16 name_size;
	__u16 reserved;
	char name[TRIPTYCH_JIT_SYMBOL_NAME_LEN]; /* may be cut; the record ends behind what is used of it */
};
TRIPTYCH_ABI_ASSERT(sizeof(struct triptych_jit_symbol) == 1024, "jit_symbol is 1024 bytes");

#endif
