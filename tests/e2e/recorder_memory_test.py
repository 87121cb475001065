# SPDX-License-Identifier: Apache-2.0
"""The recorder's memory: the buffers and a constant, whatever the length of the recording."""

import os
import subprocess

import harness

# Two processes on one CPU hand a byte to and fro.
PROGRAM = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
(there, to), (here, back) = os.pipe(), os.pipe()
rounds = int(sys.argv[1])
if os.fork() == 0:
    for _ in range(rounds): os.read(there, 1); os.write(back, b"x")
    os._exit(0)
for _ in range(rounds): os.write(to, b"x"); os.read(here, 1)
os.wait()
"""
ROUNDS = 20_000
LONGER = 8
BUFFERS = 64 << 20  # the default
CONSTANT = 48 << 20  # beside the buffers: the program itself, its libraries, what it knows of the kernel
NOISE = 2 << 20  # less than a sixth of what the additional events take in the buffers, 32 bytes each


class Memory(harness.Test):
    def peak(self, rounds):
        """Bytes that the recorder had at most, and how many events it recorded."""
        recorder = subprocess.Popen(
            [harness.TRIPTYCH, "record", "--", "/usr/bin/python3", "-c", PROGRAM, str(rounds)],
            cwd=self.directory, env=harness.environment(), stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(recorder.pid, 0)
        recorder.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(recorder.returncode, 0)
        quality = self.report()["data_quality"]
        return usage.ru_maxrss << 10, quality["events"] + quality["lost"]

    def test_of_a_recording_eight_times_as_long(self):
        (shorter, few), (longer, many) = self.peak(ROUNDS), self.peak(ROUNDS * LONGER)
        self.assertGreater(many, few * LONGER * 0.8)
        self.assertGreater((many - few) * 32, 6 * NOISE)
        self.assertLess(longer - shorter, NOISE, (shorter, longer))
        self.assertLess(longer, BUFFERS + CONSTANT)


if __name__ == "__main__":
    harness.main()
