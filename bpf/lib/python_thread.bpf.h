/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef TRIPTYCH_PYTHON_THREAD_BPF_H
#define TRIPTYCH_PYTHON_THREAD_BPF_H

#define PYTHON_MOST_NESTED 16

/* What is kept of a thread that runs an interpreter. */
struct python_step {
	u64 coroutine; /* that is being run; 0: what is run there is none */
	u64 stack;     /* its pointer when it began */
};
struct python_thread {
	u64 bias;
	u64 module_bias;
	u64 thread_state;
	u32 mm; /* to which all of this belongs */
	u32 file;
	u32 depth;                                    /* of steps */
	u32 mounted;                                  /* as many of them are coroutines */
	struct python_step steps[PYTHON_MOST_NESTED]; /* the innermost last */
};

#endif
