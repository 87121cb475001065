/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks the phases of a program, so that `triptych report --from-mark A --to-mark B` can report just
 * that part of a recording:
 *
 *     triptych_mark_begin("load");
 *     load();
 *     triptych_mark_end("load");
 *
 * Works in any program, without rights and without a library to link; C99 or C++. When nothing
 * records the program, nothing happens: a mark costs two short system calls either way. The mark is
 * of the calling thread and keeps that thread's kernel counters of the moment.
 *
 * How: the thread is given the name that it already has. The kernel ignores the further arguments of
 * that call; a recording triptych finds them in the saved registers. Another program's rename of this
 * thread in the same instant (through /proc) would be undone by it.
 */
#ifndef TRIPTYCH_MARK_H
#define TRIPTYCH_MARK_H

#include <sys/prctl.h>

#define TRIPTYCH_MARK_MAGIC 0x7472697074796368ull
#define TRIPTYCH_MARK_BEGIN 1
#define TRIPTYCH_MARK_END 2
#define TRIPTYCH_MARK_POINT 3
#define TRIPTYCH_MARK_FOR_PARENT 0x100 /* added by a helper process, on behalf of its parent */

/* Bytes of a name that are kept; of a longer one the beginning. */
#define TRIPTYCH_MARK_NAME_MAX 47

/* 0, or -1 with errno. */
static inline int triptych_mark(const char *name, unsigned long type)
{
	char comm[16];
	/* A copy, so that the page is there to be read when the kernel looks. */
	char kept[TRIPTYCH_MARK_NAME_MAX + 1];
	unsigned i;

	for (i = 0; i < TRIPTYCH_MARK_NAME_MAX && name[i] != '\0'; i++)
		kept[i] = name[i];
	kept[i] = '\0';
	if (prctl(PR_GET_NAME, (unsigned long)comm, 0ul, 0ul, 0ul) != 0)
		return -1;
	return prctl(PR_SET_NAME, (unsigned long)comm, (unsigned long)TRIPTYCH_MARK_MAGIC,
		     (unsigned long)kept, type);
}

static inline int triptych_mark_begin(const char *name)
{
	return triptych_mark(name, TRIPTYCH_MARK_BEGIN);
}

static inline int triptych_mark_end(const char *name)
{
	return triptych_mark(name, TRIPTYCH_MARK_END);
}

static inline int triptych_mark_point(const char *name)
{
	return triptych_mark(name, TRIPTYCH_MARK_POINT);
}

#endif /* TRIPTYCH_MARK_H */
