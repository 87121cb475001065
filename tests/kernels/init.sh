#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
#
# The first and only process of a test guest: mounts what the tests need, runs /guest.sh, says with
# which status on the console, and switches the machine off.
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tracefs none /sys/kernel/tracing
mount -t tmpfs -o mode=1777 none /tmp
export PATH=/bin:/tests HOME=/root
cd /tmp || exit
echo "triptych-guest-kernel $(uname -r)"
/bin/sh /guest.sh
status=$?
echo "triptych-guest-exit $status"
poweroff -f
