/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where an interpreter of Python keeps what the kernel side reads of it: found out by the loader from the
 * interpreter's file, and from tables by its version. Addresses are as the files have them, the other
 * numbers are offsets into structures. Like config.h not pinned: both sides are built together.
 */
#ifndef TRIPTYCH_PYTHON_H
#define TRIPTYCH_PYTHON_H

#include "abi/coroutines.h"

/* How a thread finds its own state (PyThreadState). */
#define TRIPTYCH_PYTHON_STATE_UNKNOWN 0
#define TRIPTYCH_PYTHON_STATE_GLOBAL 1   /* a pointer at an address: of whoever holds the GIL */
#define TRIPTYCH_PYTHON_STATE_FS 2       /* a pointer at the FS register's base plus a number */
#define TRIPTYCH_PYTHON_STATE_FS_SLOT 3  /* the same, with the number at an address */
#define TRIPTYCH_PYTHON_STATE_TLS_PAIR 4 /* at an address the number of a module and an offset into its TLS */

#define TRIPTYCH_PYTHON_MAX_LAYOUTS 256
#define TRIPTYCH_PYTHON_NONE 0xffff /* in place of an offset: this version has no such thing */

struct triptych_python_layout {
	__u64 none_slot; /* in the module, a pointer to None: tells where the interpreter is; 0: it is in it */
	__u64 none;      /* this and the following in the interpreter */
	__u64 type_type;
	__u64 code_type;
	__u64 coroutine_type;
	__u64 generator_type;
	__u64 runtime; /* _PyRuntime: it has the GIL's lock in it */
	__u64 runtime_size;
	__u64 function_type;
	__u64 method_type;
	__u64 compiled_type;  /* of functions and methods that are compiled code */
	__u64 coroutine_send; /* how `send` and `throw` of a coroutine are described */
	__u64 coroutine_throw;
	__u64 main_greenlet; /* in the module: what the greenlet that a thread begins with points to */
	__s64 thread_state;
	__u8 thread_state_how; /* TRIPTYCH_PYTHON_STATE_ */
	__s8 frame_created;    /* frame_state of a coroutine that was not started */
	__u16 task_state;      /* u32, 0: pending */
	__u16 task_waiter;     /* the future that it waits for */
	__u16 task_coroutine;
	__u16 coroutine_frame; /* a pointer to a frame; none: the frame is part of the coroutine */
	__u16 frame_state;     /* s8, in the frame or in the coroutine */
	__u16 coroutine_inner; /* where the frame begins that is part of the coroutine; none: it is not */
	__u16 frame_top;       /* u32, of the locals and the stack as many are used */
	__u16 frame_locals;
	__u16 coroutine_qualname;
	__u16 coroutine_code;
	__u16 code_name;
	__u16 code_file;
	__u16 code_line; /* u32 */
	__u16 text_length;
	__u16 text_flags;            /* u8, TRIPTYCH_PYTHON_TEXT_ASCII */
	__u16 text_ascii;            /* the characters */
	__u16 text_wide;             /* those of a text that is not ASCII */
	__u16 thread_frame;          /* in the thread's state: its innermost frame */
	__u16 thread_frame_indirect; /* none, or: the one before points to where, at this offset, it is */
	__u16 frame_code;
	__u16 frame_previous;
	__u16 function_code;
	__u16 function_qualname;
	__u16 method_function;
	__u16 compiled_method; /* how it is described */
	__u16 compiled_self;   /* what it is a method of */
	__u16 type_name;
	__u16 greenlet_self; /* the greenlet as an object */
	__u16 greenlet_run;  /* what it runs */
	__u16 reserved[2];
};
#define TRIPTYCH_PYTHON_TEXT_ASCII 0x40

/* Where a function is, and what it is called there. */
struct triptych_python_code_key {
	__u64 code;
	__u64 name;
	__u32 space;
	__u32 reserved;
};

#endif
