/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRIPTYCH_TESTS_OMITTED_FRAMES_H
#define TRIPTYCH_TESTS_OMITTED_FRAMES_H

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*omitted_leaf)(void* argument);

int omitted_outer(omitted_leaf leaf, void* argument);
int omitted_middle(omitted_leaf leaf, void* argument);
int omitted_inner(omitted_leaf leaf, void* argument);

#ifdef __cplusplus
}
#endif
#endif
