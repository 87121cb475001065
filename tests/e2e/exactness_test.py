# SPDX-License-Identifier: Apache-2.0
"""Programs that nobody here wrote: every switch and every fault accounted for, task by task, and
both ways of recording saying the same."""

import shutil
import unittest

import harness


class Exactness(harness.Test):
    def assert_exact(self, report):
        self.assertEqual(report["data_quality"]["lost_switches"], 0)
        self.assertEqual(report["data_quality"]["lost_faults"], 0)
        self.assertEqual(report["audit"]["tasks_differing"], 0, report["audit"])
        switches = report["audit"]["context_switches"]
        self.assertEqual(switches["difference"], 0, switches)
        faults = report["audit"]["page_faults"]
        self.assertEqual(faults["difference"], 0, faults)
        ended = [task for task in report["tasks"] if task["end_ns"] is not None]
        for task in ended:
            spans = [task[key] for key in ("on_cpu_ns", "runnable_ns", "blocked_ns", "unknown_ns")]
            self.assertEqual(sum(spans), task["end_ns"] - task["start_ns"], task)
        totals = report["totals"]["context_switches"]
        for kind in ("voluntary", "involuntary"):
            self.assertEqual(totals[kind], sum(task["switches"][kind] for task in report["tasks"]))
        # No more time on CPU than there were CPUs.
        on_cpu = sum(task["on_cpu_ns"] for task in report["tasks"])
        self.assertLessEqual(on_cpu, report["duration_ns"] * report["host"]["cpus"])

    def test_recursive_listing_in_a_pipeline(self):
        result = self.record("--", "sh", "-c", "ls -lR /usr/share/doc | sort | uniq -c > out")
        self.assertEqual(result.status, 0)
        self.assert_exact(self.report())

    def test_rusage_is_a_cross_check(self):
        """getrusage of the reaped children may miss each task's last switch, and nothing else: that
        switch comes after the parent has been told."""
        program = ("import os, subprocess, resource\n"
                   "for _ in range(20): subprocess.run(['true'])\n"
                   "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
                   "print(usage.ru_nvcsw + usage.ru_nivcsw, usage.ru_minflt + usage.ru_majflt)\n")
        result = self.record("--", "/usr/bin/python3", "-c", program)
        self.assertEqual(result.status, 0)
        switches, faults = map(int, result.out.split())
        report = self.report()
        self.assert_exact(report)
        children = [task for task in report["tasks"] if task["comm"] == "true"]
        self.assertEqual(len(children), 20)
        recorded = sum(t["switches"]["voluntary"] + t["switches"]["involuntary"] for t in children)
        self.assertGreaterEqual(recorded, switches)
        self.assertLessEqual(recorded, switches + len(children))
        kernel_taken = report["audit"]["page_faults"]["kernel_taken"]
        recorded_faults = sum(task["faults"]["total"] for task in children)
        self.assertGreaterEqual(recorded_faults + kernel_taken, faults)
        self.assertLessEqual(recorded_faults, faults)

    @unittest.skipUnless(shutil.which("stress-ng"), "stress-ng is not installed")
    def test_stressors(self):
        for stressor in (["--switch", "2", "--switch-ops", "20000"],
                         ["--fork", "2", "--fork-ops", "2000"],
                         ["--pthread", "1", "--pthread-ops", "2000"]):
            with self.subTest(stressor=stressor[0]):
                result = self.record("-o", "stress.tpt", "--", "stress-ng", "--quiet", *stressor)
                self.assertEqual(result.status, 0, result.err)
                self.assert_exact(self.report("stress.tpt"))

    def test_parallel_compilation(self):
        for index in range(4):
            self.write(f"f{index}.c", "#include <stdio.h>\nint f%d(void) { return %d; }\n" %
                       (index, index))
        self.write("Makefile", "all: f0.o f1.o f2.o f3.o\n%.o: %.c\n\tcc -O2 -c $< -o $@\n")
        result = self.record("--", "make", "-s", "-j2")
        self.assertEqual(result.status, 0, result.err)
        report = self.report()
        self.assert_exact(report)
        self.assertGreaterEqual(report["totals"]["execs"], 9)

    def test_summary_says_the_same(self):
        """A deterministic load, recorded both ways."""
        load = ["taskset", "-c", "0", "/usr/bin/python3", "-c",
                "import mmap\nm = mmap.mmap(-1, 2000 * 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
                "m.madvise(mmap.MADV_NOHUGEPAGE)\n"
                "for i in range(2000): m[i * 4096] = 1\n"
                "import time\nfor _ in range(50): time.sleep(0.0005)\n"]
        self.assertEqual(self.record("-o", "stream.tpt", "--", *load).status, 0)
        self.assertEqual(self.record("-o", "summary.tpt", "--summary-only", "--", *load).status, 0)
        stream, summary = self.report("stream.tpt"), self.report("summary.tpt")
        self.assertEqual(summary["audit"]["tasks_differing"], 0)
        self.assertEqual(len(stream["tasks"]), len(summary["tasks"]))
        kinds = [report["totals"]["page_faults"] for report in (stream, summary)]
        # Address-space layout differs from run to run by a page or two of tables and stack.
        self.assertAlmostEqual(kinds[0]["total"], kinds[1]["total"], delta=10)
        voluntary = [report["totals"]["context_switches"]["voluntary"]
                     for report in (stream, summary)]
        self.assertAlmostEqual(*voluntary, delta=5)
        for report in (stream, summary):
            self.assertEqual(report["audit"]["context_switches"]["difference"], 0)
        self.assertEqual(stream["audit"]["page_faults"]["difference"], 0)
        # A counting event would cost more than summary mode does.
        self.assertIsNone(summary["audit"]["page_faults"]["difference"])
        self.assertIn("without a counting event", summary["audit"]["page_faults"]["remark"])


if __name__ == "__main__":
    harness.main()
