# SPDX-License-Identifier: Apache-2.0
"""The ipc workload and its kin: what crosses, what is refused, and what is left when it is killed."""

import json
import os
import resource
import signal

import harness
from workload_memory_test import processes_of_group

VARIANTS = {
    "process": ("pipe", "fifo", "unix-socket", "posix-queue", "sysv-queue", "shared-memory",
                "eventfd"),
    "thread": ("queue", "futex", "eventfd", "pipe", "unix-socket"),
    "coroutine": ("stackless", "stackful"),
}
FOR_EVER = "1000000000"  # operations


def sysv_queues():
    with open("/proc/sysvipc/msg", encoding="ascii") as file:
        return {line.split()[1] for line in file.readlines()[1:]}


def guardians():
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/comm", encoding="ascii", errors="replace") as comm:
                if comm.read() == "queue-guardian\n" and harness.alive(name):
                    found.append(name)
        except OSError:
            continue
    return found


class Ipc(harness.Test):
    def environment(self):
        return harness.environment(TMPDIR=self.directory)

    def ipc(self, model, variant, iterations, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        return self.triptych("run", "ipc", "--model", model, "--variant", variant, "--iterations",
                             iterations, "--format", "json", *words, env=self.environment())

    def start_ipc(self, variant):
        return self.start("run", "ipc", "--model", "process", "--variant", variant,
                          "--iterations", FOR_EVER, env=self.environment())

    def test_all_ways(self):
        queues = sysv_queues()
        for model, variants in VARIANTS.items():
            for variant in variants:
                for pattern in ("round-trip", "stream"):
                    result = self.ipc(model, variant, "500", f"pattern={pattern}")
                    self.assertEqual(result.status, 0, (variant, result.err))
                    self.assertEqual(json.loads(result.out)["operations"], 500)
        self.assertEqual(self.names(), [])
        self.assertLessEqual(sysv_queues(), queues)

    def test_what_a_queue_cannot_take(self):
        for variant, limit in (("posix-queue", "/proc/sys/fs/mqueue/msgsize_max"),
                               ("sysv-queue", "/proc/sys/kernel/msgmax")):
            with open(limit, encoding="ascii") as file:
                most = int(file.read())
            if most >= 65536:
                self.skipTest(f"{limit} is {most}")
            queues = sysv_queues()
            result = self.ipc("process", variant, "1", "size=64K")
            self.assert_refused(
                result, 1, f"a message of 64.0 KiB is too large for the queue: {limit} is {most}",
                f"set a smaller size, or as root: echo 65536 >{limit}")
            self.assertLessEqual(sysv_queues(), queues)

    def test_the_guardian_counts_before_anything_is_made(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))
            os.setgroups([])
            os.setgid(harness.USER)
            os.setuid(harness.USER)
        os.chmod(self.directory, 0o777)
        queues = sysv_queues()
        try:
            result = self.triptych("run", "ipc", "--model", "process", "--variant", "sysv-queue",
                                   preexec_fn=limit)
        except PermissionError:
            self.skipTest("another user may not run the build")
        self.assert_refused(
            result, 1, "RLIMIT_NPROC (ulimit -u) allows 2 more tasks, and this needs 3",
            "nothing was started: ask for less, or raise the limit: ulimit -u NUMBER, and beyond "
            "ulimit -Hu as root: prlimit --nproc=NUMBER --pid $$")
        self.assertEqual(sysv_queues(), queues)

    def test_killed_it_leaves_nothing(self):
        for variant in ("pipe", "fifo", "posix-queue", "sysv-queue", "shared-memory"):
            for number in (signal.SIGKILL, signal.SIGINT, signal.SIGSEGV):
                queues = sysv_queues()
                process = self.start_ipc(variant)
                harness.wait_until(lambda: len(processes_of_group(process.pid)) >= 3, "the units")
                if variant == "sysv-queue":
                    self.assertEqual(len(sysv_queues() - queues), 2)
                os.kill(process.pid, number)
                self.assertEqual(self.finish(process).status, -number)
                harness.wait_until(lambda: not processes_of_group(process.pid), "the units' end")
                harness.wait_until(lambda: sysv_queues() <= queues, "the queues' removal")
                harness.wait_until(lambda: not guardians(), "the guardian's end")
                self.assertEqual(self.names(), [])

    def test_the_whole_group_killed(self):
        queues = sysv_queues()
        process = self.start_ipc("sysv-queue")
        harness.wait_until(lambda: len(processes_of_group(process.pid)) >= 3, "the units")
        os.killpg(process.pid, signal.SIGKILL)
        self.finish(process)
        harness.wait_until(lambda: sysv_queues() <= queues, "the queues' removal")
        harness.wait_until(lambda: not guardians(), "the guardian's end")

    def test_a_killed_unit_fails_the_run(self):
        for variant in ("pipe", "sysv-queue", "shared-memory"):
            queues = sysv_queues()
            process = self.start_ipc(variant)
            harness.wait_until(lambda: len(processes_of_group(process.pid)) >= 3, "the units")
            unit = max(set(processes_of_group(process.pid)) - {process.pid})
            os.kill(unit, signal.SIGKILL)
            result = self.finish(process)
            self.assertEqual((result.status, result.out), (1, ""))
            self.assertRegex(result.err, r"^error: (the process \d+ ended before its work was done"
                                         r"|a unit could not do its work: .*)\n$")
            self.assertEqual(processes_of_group(process.pid), [])
            self.assertLessEqual(sysv_queues(), queues)

    def test_coroutines_switch_without_the_kernel(self):
        for scenario, operations in (("ipc", 20000), ("lock", 100000)):
            for variant in VARIANTS["coroutine"]:
                self.assert_no_kernel_switch(scenario, variant, operations)

    def assert_no_kernel_switch(self, scenario, variant, operations):
        """Nothing but a stop from outside makes the thread give up its CPU by itself."""
        fewest = None
        for _ in range(5):
            result = self.record("-o", "y.tpt", "--", harness.TRIPTYCH, "run", scenario,
                                 "--model", "coroutine", "--variant", variant,
                                 "--iterations", str(operations), "--format", "json")
            self.assertEqual(result.status, 0, result.err)
            run = json.loads(result.out)
            self.assertGreaterEqual(run["coroutine_switches"], operations)
            report = self.report("y.tpt", "--from-mark", "begin", "--to-mark", "end")
            switches = report["totals"]["context_switches"]["voluntary"]
            fewest = switches if fewest is None else min(fewest, switches)
            if fewest == 0:
                break
        self.assertEqual(fewest, 0, (scenario, variant))

    def test_a_round_trip_takes_two_switches(self):
        """On one CPU each message makes the other unit run: counted by the recording."""
        operations = 2000
        self.assertEqual(
            self.record("--", harness.TRIPTYCH, "run", "ipc", "--model", "process", "--variant",
                        "pipe", "--iterations", str(operations), "--pin", "0").status, 0)
        report = self.report("triptych.tpt", "--from-mark", "begin", "--to-mark", "end")
        switches = report["totals"]["context_switches"]
        total = switches["voluntary"] + switches["involuntary"]
        self.assertGreaterEqual(total, 2 * operations)
        self.assertLessEqual(total, 2.2 * operations + 20)


if __name__ == "__main__":
    harness.main()
