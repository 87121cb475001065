#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In the guest: every program of the bpf tier, then the forking program recorded by the best rung that
# the kernel has, and without its fentry programs; and the program with coroutines, by its markers, by
# probes in its code, and by such that are placed when a shell has started it. The reports go to the second serial port.
failed=0
export TRIPTYCH_SOURCE_DIR=/source
# Numbers in the thousands are for real processors: the native bpf tier has them.
too_many='*TenThousandForks:*TwoThousandThreadsAtOnce:*ReusedTids*:*ABurstOfAMillionEvents*'
# What no guest has: a swap device, and a file system that is not in memory alone. Any other skip is a failure.
may_skip='Fault.PagesSwappedOutComeBack
Fault.PagesReadFromADiskAreMajor
Kinds/FaultTable.CountsExactlyBetweenMarks/file_minor
Kinds/FaultTable.CountsExactlyBetweenMarks/shared_file_dirty'
# Write protection that the kernel resolves by itself came with 6.7.
case $(uname -r) in 6.1.*)
  may_skip="$may_skip
Fault.UserfaultfdWriteProtection" ;;
esac

check_skips() {
  sed -n 's/^\[  SKIPPED \] \([^ ,]*\)\(,.*\)\{0,1\}$/\1/p' "$1" | grep -vxF "$may_skip" || return 0
  echo "== the above may not be skipped"
  return 1
}

triptych doctor || failed=1
for test in /tests/*_test; do
  [ -x "$test" ] || continue
  echo "== ${test##*/}"
  { "$test" --gtest_filter="-$too_many" --gtest_color=no; echo $? >status; } | tee log
  check_skips log || failed=1
  [ "$(cat status)" -eq 0 ] && continue
  echo "== ${test##*/} failed with $(cat status)"
  failed=1
done

record() {
  name=$1
  program=$2
  shift 2
  echo "== recording: $name"
  # shellcheck disable=SC2086  # a list of words
  triptych record -o "$name.tpt" "$@" -- $program || failed=1
  triptych report "$name.tpt" --format json >/dev/ttyS1 || failed=1
}
record best /tests/forker
without_functions=
for function in handle_mm_fault kernel_clone copy_page_range; do
  without_functions="$without_functions --no-probe fentry/$function --no-probe fexit/$function"
done
# shellcheck disable=SC2086  # a list of words
record base /tests/forker $without_functions
record markers /tests/kernel_coroutines --coroutines usdt
record probes /tests/kernel_coroutines
echo "/tests/kernel_coroutines 8" >late.sh
record late "sh late.sh"
exit $failed
