# SPDX-License-Identifier: Apache-2.0
"""The idle workload: what its units cost, against what the machine has less, and what it leaves."""

import json
import os
import signal
import time

import harness

ATTEMPTS = 15  # to find the machine quiet


def processes_of_group(group):
    """Tgids of the living processes of a process group."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[2] == str(group) and fields[0] not in "ZX":
            found.append(int(name))
    return found


class Memory(harness.Test):
    def idle(self, model, variant, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        result = self.triptych("run", "idle", "--model", model, "--variant", variant,
                               "--format", "json", *words)
        self.assertEqual(result.status, 0, result.err)
        return json.loads(result.out)

    @staticmethod
    def metrics(run):
        return {metric["name"]: metric["value"] for metric in run["metrics"]}

    def assert_agrees(self, model, variant, *settings):
        """PSS, page tables, kernel stacks and slab are what the machine has less, within 10 %.

        Others' memory comes and goes too. The program says how much of that it saw before and after,
        but not what happened in between, so that a single disagreement proves nothing.
        """
        seen = []
        disagreed = 0
        for _ in range(ATTEMPTS):
            metrics = self.metrics(self.idle(model, variant, *settings))
            total = metrics["sum_bytes_per_unit"]
            available = metrics["available_bytes_per_unit"]
            disturbance = metrics["disturbance_bytes_per_unit"]
            if abs(available - total) <= 0.1 * total:
                return metrics
            seen.append((total, available, disturbance))
            disagreed += disturbance <= 0.02 * total
            time.sleep(0.5)
        if disagreed < 3:
            self.undecided(f"the machine was never quiet: {seen}")
        raise AssertionError(f"sum, available, disturbance: {seen}")

    def test_processes(self):
        metrics = self.assert_agrees("process", "fork")
        self.assertEqual(round(metrics["kernel_stack_bytes_per_unit"] / 1024), 16)
        self.assertGreater(metrics["rss_bytes_per_unit"], metrics["pss_bytes_per_unit"])

    def test_threads(self):
        metrics = self.assert_agrees("thread", "default")
        self.assertGreater(metrics["virtual_bytes_per_unit"], 1 << 20)
        self.assertLess(metrics["sum_bytes_per_unit"], 256 << 10)

    def test_stackful_coroutines(self):
        metrics = self.assert_agrees("coroutine", "stackful", "units=20000")
        self.assertLess(abs(metrics["kernel_stack_bytes_per_unit"]), 256)  # tasks of others

    def test_a_million_stackless_coroutines(self):
        run = self.idle("coroutine", "stackless", "units=1000000")
        metrics = self.metrics(run)
        self.assertEqual(metrics["units"], 1000000)
        self.assertGreaterEqual(metrics["rss_bytes_per_unit"], metrics["frame_bytes"])
        self.assertLess(metrics["rss_bytes_per_unit"], 200)
        self.assertEqual(run["coroutine_switches"], 1000000)

    def test_more_than_the_machine_allows(self):
        with open("/proc/sys/vm/max_map_count", encoding="ascii") as file:
            if int(file.read()) > 1000000:
                self.skipTest("vm.max_map_count allows more than can be asked for")
        settings = ("--set", "units=1000000")
        result = self.triptych("run", "idle", "--model", "coroutine", "--variant", "stackful",
                               *settings)
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertRegex(result.err, r"^error: vm\.max_map_count allows [0-9,]+ units, and "
                                     r"1,000,000 were asked for\nhint: nothing was started")
        run = self.idle("coroutine", "stackful", "units=1000000", "too-many=fewer")
        allowed = int(self.metrics(run)["units"])
        self.assertLess(allowed, 1000000)
        self.assertIn(f"vm.max_map_count allows {allowed:,} units", run["notes"])

    def test_killed_it_leaves_nobody(self):
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGSEGV):
            process = self.start("run", "idle", "--model", "process", "--set", "units=2000")
            harness.wait_until(lambda: len(processes_of_group(process.pid)) > 500, "the herd")
            os.kill(process.pid, number)
            self.assertEqual(self.finish(process).status, -number)
            harness.wait_until(lambda: not processes_of_group(process.pid), "the herd's end")


if __name__ == "__main__":
    harness.main()
