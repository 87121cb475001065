# SPDX-License-Identifier: Apache-2.0
"""C++20 coroutines of a plain run queue: where each returns to is seen, or said not to be; and two that have one
address in turn are two."""

import itertools
import os
import shutil
import subprocess
import tempfile

import harness

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
LEVELS = ("-O0", "-O1", "-O2")


class RunQueue(harness.Test):
    @classmethod
    def setUpClass(cls):
        cls.built = tempfile.mkdtemp(prefix="triptych-run-queue-")
        os.chmod(cls.built, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.built)
        harness.at_once([(cls.make, *key) for key in itertools.product(("g++", "clang++"), LEVELS)])

    @classmethod
    def program(cls, compiler, level):
        return os.path.join(cls.built, compiler + level)

    @classmethod
    def make(cls, compiler, level):
        subprocess.run([compiler, "-std=c++20", level, os.path.join(SOURCES, "run_queue.cpp"), "-o",
                        cls.program(compiler, level)], check=True)

    def recorded(self, *words):
        done = self.record(*words)
        self.assertEqual(done.status, 0, done.err)
        return self.report(), done.err

    def test_who_blocked_the_queue(self):
        for compiler, level in itertools.product(("g++", "clang++"), LEVELS):
            with self.subTest(compiler=compiler, level=level):
                report, _ = self.recorded("--", self.program(compiler, level))
                self.assertEqual(report["coroutine_ends_unseen"], 0)
                self.assertEqual(len(report["coroutines"]), 3)
                blocks = [(b["function"], b["syscall"]) for b in report["blocked_loops"]]
                self.assertEqual(blocks, [("slow()", "clock_nanosleep")] * 2)
                for block, slept_ms in zip(report["blocked_loops"], (100, 50)):
                    self.assertGreaterEqual(block["duration_ns"], slept_ms * 1_000_000)
                loop, = report["event_loops"]
                self.assertEqual(loop["unknown_ns"], 0)
                self.assertEqual(loop["coroutine_switches"], report["totals"]["coroutine_switches"])
                self.assertEqual(sum(task["coroutine_switches"] for task in report["tasks"]),
                                 report["totals"]["coroutine_switches"])

    def test_where_no_place_is_cheap_nobody_sees_the_end(self):
        program = self.program("g++", "-O2")
        report, said = self.recorded("--", program, "in-a-row")
        self.assertEqual(report["coroutine_ends_unseen"], 10)
        self.assertIn(f"triptych: until when some C++20 coroutines run is not known: {program} has no cheap place to "
                      "probe where they return to; --coroutines uprobe:cpp takes a dear one", said)
        self.assertGreater(report["event_loops"][0]["unknown_ns"], 0)
        self.assertIn("After 10 resumptions nobody saw until when the coroutine ran",
                      " ".join(self.triptych("report", "triptych.tpt").out.split()))
        report, said = self.recorded("--coroutines", "uprobe:cpp", "--", program, "in-a-row")
        self.assertLess(report["coroutine_ends_unseen"], 5)  # until it is met there is no probe
        self.assertNotIn("until when", said)

    def test_one_after_the_other_at_one_address(self):
        for compiler, level in [("clang++", "-O0"), *itertools.product(("g++",), LEVELS)]:
            with self.subTest(compiler=compiler, level=level):
                report, _ = self.recorded("--", self.program(compiler, level), "in-place")
                rows = report["coroutines"]
                self.assertEqual(len(rows), 20)
                self.assertEqual(len({row["address"] for row in rows}), 1)
                # Of clang's nobody can be sure.
                self.assertEqual({row["generation_known"] for row in rows}, {compiler == "g++"})


if __name__ == "__main__":
    harness.main()
