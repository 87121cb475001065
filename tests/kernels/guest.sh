#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In the guest: every program of the bpf tier, then the forking program recorded by the best rung that
# the kernel has, and without its fentry programs. The two reports go to the second serial port.
failed=0

triptych doctor || failed=1
for test in /tests/*_test; do
  [ -x "$test" ] || continue
  echo "== ${test##*/}"
  "$test" --gtest_brief=1 && continue
  echo "== ${test##*/} failed with $?"
  failed=1
done

record() {
  name=$1
  shift
  echo "== recording: $name"
  triptych record -o "$name.tpt" "$@" -- /tests/forker || failed=1
  triptych report "$name.tpt" --format json >/dev/ttyS1 || failed=1
}
record best
record base --no-probe fentry
exit $failed
