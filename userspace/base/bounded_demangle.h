/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C++ symbol as its source has it, by binutils' reader of such names (libiberty). A name says its
 * parts again by number, so that a short one can stand for one without end: what gets longer than
 * there is room for is given up, after as much time as that takes. The C library's own,
 * __cxa_demangle, cannot be stopped.
 */
#ifndef TRIPTYCH_BASE_BOUNDED_DEMANGLE_H
#define TRIPTYCH_BASE_BOUNDED_DEMANGLE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many letters it has, of which `to` has no zero behind it; 0: it is no such name, or there is
 * no room. */
size_t triptych_demangle_cpp(const char* mangled, char* to, size_t room);

#ifdef __cplusplus
}
#endif

#endif
