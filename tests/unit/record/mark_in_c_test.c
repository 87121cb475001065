/* SPDX-License-Identifier: Apache-2.0 */
#include <triptych/mark.h>

int mark_in_c(void);

int mark_in_c(void) {
  if (triptych_mark_begin("from C") != 0) return 1;
  return triptych_mark_end("from C");
}
