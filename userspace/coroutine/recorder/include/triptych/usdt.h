/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers by which a program says what its coroutines do, for a tracer that looks from outside
 * (`triptych record --coroutines usdt`): nothing is linked, nothing is written, and while nobody
 * looks a marker is three instructions that do nothing.
 *
 * `id` tells living coroutines apart: an address, say. A coroutine is created once, resumed and
 * suspended or finished in turn on whatever thread, and destroyed. One that hands control straight
 * over to another is suspended first, then the other one resumed.
 *
 * They are static user-space probes of provider `triptych`, as SystemTap defined them, so other
 * tools can use them as well. Their instruction is a nop of one byte, which kernels leave alone:
 * one of five bytes is turned into a call while it is probed. The stack pointer steps over the 128
 * bytes that a leaf function may keep below it, so that whatever does put a call here overwrites
 * nothing of it.
 */
#ifndef TRIPTYCH_USDT_H
#define TRIPTYCH_USDT_H

#if !defined(__x86_64__) || !defined(__GNUC__)
#error "triptych's markers are for x86-64 and the GNU assembler's syntax"
#endif

#define TRIPTYCH_USDT_NOTE(name, arguments)                               \
  "lea -128(%%rsp), %%rsp\n"                                              \
  "990: nop\n"                                                            \
  "lea 128(%%rsp), %%rsp\n"                                               \
  ".pushsection .note.stapsdt,\"?\",\"note\"\n"                           \
  ".balign 4\n"                                                           \
  ".4byte 992f-991f, 994f-993f, 3\n"                                      \
  "991: .asciz \"stapsdt\"\n"                                             \
  "992: .balign 4\n"                                                      \
  "993: .8byte 990b\n"                                                    \
  ".8byte _.stapsdt.base\n"                                               \
  ".8byte 0\n"                                                            \
  ".asciz \"triptych\"\n"                                                 \
  ".asciz \"coroutine_" name                                              \
  "\"\n"                                                                  \
  ".asciz \"" arguments                                                   \
  "\"\n"                                                                  \
  "994: .balign 4\n"                                                      \
  ".popsection\n"                                                         \
  ".ifndef _.stapsdt.base\n"                                              \
  ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
  ".weak _.stapsdt.base\n"                                                \
  ".hidden _.stapsdt.base\n"                                              \
  "_.stapsdt.base: .space 1\n"                                            \
  ".size _.stapsdt.base, 1\n"                                             \
  ".popsection\n"                                                         \
  ".endif\n"

#ifdef __cplusplus
extern "C" {
#endif

/* `name` is a string literal that names the function, or NULL. */
static inline void triptych_usdt_created(unsigned long id, const char* name) {
  /* A tracer cannot bring in a page that the program has not touched. */
  if (name) (void)*(const volatile char*)name;
  __asm__ volatile(TRIPTYCH_USDT_NOTE("created", "8@%0 8@%1") : : "r"(id), "r"(name) : "memory");
}

static inline void triptych_usdt_resumed(unsigned long id) {
  __asm__ volatile(TRIPTYCH_USDT_NOTE("resumed", "8@%0") : : "r"(id) : "memory");
}

static inline void triptych_usdt_suspended(unsigned long id) {
  __asm__ volatile(TRIPTYCH_USDT_NOTE("suspended", "8@%0") : : "r"(id) : "memory");
}

/* It will not be resumed again. */
static inline void triptych_usdt_finished(unsigned long id) {
  __asm__ volatile(TRIPTYCH_USDT_NOTE("finished", "8@%0") : : "r"(id) : "memory");
}

static inline void triptych_usdt_destroyed(unsigned long id) {
  __asm__ volatile(TRIPTYCH_USDT_NOTE("destroyed", "8@%0") : : "r"(id) : "memory");
}

/* `id` is suspended until `other` has finished. */
static inline void triptych_usdt_awaits(unsigned long id, unsigned long other) {
  __asm__ volatile(TRIPTYCH_USDT_NOTE("awaits", "8@%0 8@%1") : : "r"(id), "r"(other) : "memory");
}

#ifdef __cplusplus
}
#endif

#endif
