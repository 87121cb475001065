# SPDX-License-Identifier: Apache-2.0
"""Programs that nobody here wrote: every switch and every fault accounted for, task by task, and
both ways of recording saying the same."""

import ctypes
import os
import shutil
import subprocess
import unittest

import harness

PROGRAM = os.environ.get("TRIPTYCH_SAME_EACH_TIME", "")
ADDR_NO_RANDOMIZE = 0x0040000


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


OFFERED = ("total", "minor", "major", "first_touch", "zero_page_write", "cow_copy", "kernel_mode", "unresolved")

# Whether a fault waits for a disk is the machine's business, and who copies a page, who comes first.
SAME_EACH_TIME = sorted(set(OFFERED) - {"cow_copy", "minor", "major"})


class BothWays(harness.Test):
    """A program that does the same each time, at the same addresses and on one CPU, as a stream of events and as
    summaries: whatever both offer."""

    def setUp(self):
        super().setUp()
        libc = ctypes.CDLL(None)

        def same_each_time():
            libc.personality(ADDR_NO_RANDOMIZE)
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        subprocess.run([PROGRAM], check=True)  # so that its file is in memory for both
        self.reports = {}
        self.marks = {}
        for name, options in (("stream", ()), ("summary", ("--summary-only",))):
            result = self.record("-o", f"{name}.tpt", *options, "--", PROGRAM, preexec_fn=same_each_time)
            self.assertEqual(result.status, 0, result.err)
            self.reports[name] = self.report(f"{name}.tpt")
            self.marks[name] = [event for event in self.dump(f"{name}.tpt") if event["kind"] == "mark"]
        self.both = [{self.name_of(task): task for task in report["tasks"]} for report in self.reports.values()]

    @staticmethod
    def name_of(task):
        return "parent" if task["created_by"] == "launched" else task["comm"]

    def test_tasks(self):
        for tasks in self.both:
            self.assertEqual(sorted(tasks), ["copier", "parent", "sleeper"])
        for report in self.reports.values():
            audit = report["audit"]
            self.assertEqual((audit["tasks_differing"], audit["tasks_comparable"]), (0, 3))
            self.assertEqual(audit["context_switches"]["difference"], 0)
        self.assertEqual(self.reports["stream"]["audit"]["page_faults"]["difference"], 0)
        # A counting event would cost more than summary mode does.
        faults = self.reports["summary"]["audit"]["page_faults"]
        self.assertIsNone(faults["difference"])
        self.assertIn("without a counting event", faults["remark"])

    def test_faults_of_each_task_and_kind(self):
        of_stream, of_summary = self.both
        for name, task in of_summary.items():
            offered = {kind for kind, count in task["faults"].items() if count is not None}
            self.assertEqual(offered, set(OFFERED), name)
            for kind in SAME_EACH_TIME:
                self.assertEqual(task["faults"][kind], of_stream[name]["faults"][kind], (name, kind))
            self.assertEqual(task["audit"]["kernel_faults"], of_stream[name]["audit"]["kernel_faults"], name)
        parent, copier = of_summary["parent"]["faults"], of_summary["copier"]["faults"]
        for counted, least in ((parent["first_touch"], 1000 + 200), (parent["kernel_mode"], 200),
                               (parent["zero_page_write"], 300), (copier["cow_copy"], 400)):
            # Beside the program's own data and stack.
            self.assertIn(counted, range(least, least + 60))
        totals = [report["totals"]["page_faults"] for report in self.reports.values()]
        for faults in (*totals, *(task["faults"] for tasks in self.both for task in tasks.values())):
            self.assertEqual(faults["minor"] + faults["major"], faults["total"])
        for kind in SAME_EACH_TIME:
            self.assertEqual(totals[0][kind], totals[1][kind], kind)
        # Who copies a page that both write to, its stack's say, is who comes first; the other one may take it over,
        # or copy it, too.
        self.assertAlmostEqual(totals[0]["cow_copy"], totals[1]["cow_copy"], delta=4)

    def test_switches_between_marks(self):
        for marks in self.marks.values():
            first, last = marks
            self.assertEqual((first["type"], last["type"]), ("begin", "end"))
            self.assertEqual(int(last.get("nvcsw", 0)) - int(first.get("nvcsw", 0)), 30)
        for tasks in self.both:
            sleeper = tasks["sleeper"]
            self.assertEqual(sleeper["switches"]["voluntary"], 30 + 1)  # it ends besides
            self.assertEqual(sleeper["wakeups"], 30 + 1)  # it is new once
            self.assertEqual(tasks["copier"]["switches"]["voluntary"], 1)
            self.assertEqual(tasks["copier"]["wakeups"], 1)

    def test_histograms_have_each_slice_and_each_wait(self):
        # A wakeup that the kernel was silent about may have no wait; a summary does not tell of those.
        untold = self.reports["stream"]["data_quality"]["untold_arrivals"]
        for tasks, most_silent in zip(self.both, (min(untold, 1), 1)):
            for name, task in tasks.items():
                switches = task["switches"]["voluntary"] + task["switches"]["involuntary"]
                waits = task["wakeups"] + task["switches"]["involuntary"]
                silent = waits - task["run_queue_latency"]["count"]
                self.assertIn(silent, range(most_silent + 1), (name, waits))
                for histogram, count in (("slice_length", switches), ("run_queue_latency", waits - silent)):
                    self.assertEqual(task[histogram]["count"], count, (name, histogram))
                    self.assertEqual(sum(each["count"] for each in task[histogram]["octaves"]), count)

    def test_times(self):
        for tasks in self.both:
            for name, task in tasks.items():
                spans = [task[key] for key in ("on_cpu_ns", "runnable_ns", "blocked_ns", "unknown_ns")]
                self.assertEqual(sum(spans), task["end_ns"] - task["start_ns"], name)
                self.assertEqual(task["migrations"], 0, name)
            self.assertGreaterEqual(tasks["sleeper"]["blocked_ns"], 30 * 2_000_000 * 0.9)
            self.assertGreaterEqual(tasks["parent"]["blocked_ns"], tasks["sleeper"]["blocked_ns"] * 0.9)


if __name__ == "__main__":
    harness.main()
