# SPDX-License-Identifier: Apache-2.0
"""Contexts of Boost and of libc in programs that know nothing of triptych: each made, each switch and each end
exactly, against what the program counted itself; who blocked the thread; and the program lives."""

import collections
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from survival import FALLS, Survival

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
COMPILERS = [each for each in ("g++", "clang++") if shutil.which(each)]
LEVELS = ("-O0", "-O1", "-O2")
KINDS = ("created", "resumed", "finished", "destroyed")


def said(text):
    """{function: (created, resumed, finished[, destroyed])}, summed where it was printed twice."""
    counts = {}
    for line in text.splitlines():
        name, *numbers = line.split(" ")
        if len(numbers) < 3:
            continue
        numbers = tuple(map(int, numbers))
        old = counts.get(name, (0,) * len(numbers))
        counts[name] = tuple(a + b for a, b in zip(old, numbers))
    return counts


def short(function):
    return function.rpartition("::")[2].partition("(")[0]


def slept(text):
    number, = [int(line.split()[1]) for line in text.splitlines() if line.startswith("slept ")]
    return number


class Programs:
    """Built once, in a directory that lasts as long as the tests."""

    directory = None
    made = {}

    @classmethod
    def get(cls, *command):
        if command not in cls.made:
            program = os.path.join(cls.directory, re.sub(r"[^\w+.-]", "_", "".join(command)))
            subprocess.run([*command, "-o", program], check=True, cwd=SOURCES)
            cls.made[command] = program
        return cls.made[command]

    @classmethod
    def make_all(cls):
        cls.directory = tempfile.mkdtemp(prefix="triptych-fibers-")
        os.chmod(cls.directory, 0o755)
        harness.at_once((BoostTest.program, *key) for key in itertools.product(COMPILERS, LEVELS))

    @classmethod
    def clean(cls):
        shutil.rmtree(cls.directory, ignore_errors=True)


class ContextTest(Survival):
    way = None
    runtime = None

    def record_way(self, *words, status=0):
        done = self.record("--coroutines", self.way, "--", *map(str, words))
        self.assertEqual(done.status, status, done.err)
        return done.out

    def counts(self, report, kinds):
        return {short(f["function"] or ""): tuple(f["recorded"][kind] for kind in kinds)
                for f in report["coroutine_functions"]}

    def expect_exact(self, out, kinds=KINDS):
        report = self.report()
        expected = said(out)
        self.assertTrue(expected)
        self.assertEqual(self.counts(report, kinds), expected)
        for function in report["coroutine_functions"]:
            recorded = function["recorded"]
            # Whatever came on has gone, one way or the other.
            self.assertEqual(recorded["suspended"],
                             recorded["resumed"] - recorded["finished"] - recorded["destroyed"])
        rows = collections.Counter(short(c["function"]) for c in report["coroutines"])
        self.assertEqual(rows, {name: counts[0] for name, counts in expected.items()})
        for row in report["coroutines"]:
            self.assertEqual((row["runtime"], row["source"]), (self.runtime, "uprobe"))
        return report

    def expect_one_mounted_at_a_time(self):
        """On each thread; what was told of as leaving is what had come."""
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        events = [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]
        mounted = {}
        for event in (e for e in events if e["kind"] == "coroutine"):
            if event["what"] == "resumed":
                self.assertNotIn(event["task"], mounted)
                self.assertNotIn(event["id"], mounted.values())
                mounted[event["task"]] = event["id"]
            elif event["what"] != "created":
                self.assertEqual(mounted.pop(event["task"]), event["id"])
        self.assertEqual(mounted, {})

    def expect_block(self, out, function):
        only, = self.report()["blocked_loops"]
        self.assertEqual((short(only["function"]), only["how"], only["syscall"]),
                         (function, "blocked", "clock_nanosleep"))
        self.assert_slept(only["duration_ns"], slept(out))

    def expect_what_is_left(self, out, kinds=KINDS):
        """Of one that was mounted when the program fell."""
        expected, = said(out).items()
        only, = self.report()["coroutine_functions"]
        recorded = only["recorded"]
        self.assertEqual((short(only["function"]), tuple(recorded[kind] for kind in kinds)), expected)
        self.assertEqual(recorded["suspended"], recorded["resumed"] - 1)

    def recorded_half(self, files):
        """Of a program that does everything twice; what it said."""
        command = (self.program(), "wait", 100)
        out, *_ = self.recorded_among_others(("--coroutines", self.way), command, [self.program(), *files])
        return said(out)


class BoostTest(ContextTest):
    way = "uprobe:boost"
    runtime = "boost"

    @staticmethod
    def program(compiler="g++", level="-O1"):
        return Programs.get(compiler, "-std=c++17", level, "fibers.cpp", "-lboost_fiber",
                            "-lboost_context", "-pthread")

    def test_exact_over_compilers_and_levels(self):
        for compiler in COMPILERS:
            for level in LEVELS:
                with self.subTest(compiler=compiler, level=level):
                    out = self.record_way(self.program(compiler, level), "all", 20)
                    self.expect_exact(out)
                    self.expect_one_mounted_at_a_time()

    def test_linked_into_the_program(self):
        program = Programs.get("g++", "-std=c++17", "-O1", "fibers.cpp", "-l:libboost_fiber.a",
                               "-l:libboost_context.a", "-l:libboost_filesystem.a", "-pthread")
        self.expect_exact(self.record_way(program, "all", 20))

    def test_without_symbols_only_the_names_are_missing(self):
        stripped = self.path("stripped")
        subprocess.run(["strip", "-o", stripped, self.program()], check=True)
        expected = said(self.record_way(stripped, "all", 20))
        only, = self.report()["coroutine_functions"]
        self.assertIsNone(only["function"])
        self.assertEqual(tuple(only["recorded"][kind] for kind in KINDS),
                         tuple(map(sum, zip(*expected.values()))))

    def test_fibers_that_threads_share(self):
        self.expect_exact(self.record_way(self.program(), "threads", 300))
        self.expect_one_mounted_at_a_time()

    def test_a_fiber_that_sleeps_on_its_thread_is_found(self):
        out = self.record_way(self.program(), "block")
        self.expect_block(out, "Sleeps")
        loop, = self.report()["event_loops"]
        self.assertGreaterEqual(loop["idle_ns"], 40_000_000, "the scheduler slept")

    def test_a_program_that_runs_already(self):
        expected = self.recorded_half(["libboost_fiber.so"])
        counts = self.counts(self.report(), KINDS)
        for name, both in expected.items():
            self.assertEqual(counts[name], tuple(each // 2 for each in both), name)
        self.assertEqual(set(counts), set(expected), "its scheduler is no coroutine")

    def test_forked_children_are_seen_and_live(self):
        expected = said(self.record_way(self.program(), "fork", 5))
        # Parent and child print what the parent did before the fork, both.
        self.assertEqual(self.counts(self.report(), KINDS),
                         {name: tuple(each * 3 // 4 for each in all_of_it) for name, all_of_it in expected.items()})

    def test_a_program_that_it_becomes(self):
        self.expect_exact(self.record_way(self.program(), "exec", 5))

    def test_exceptions(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                self.expect_exact(self.record_way(self.program(compiler), "throw", 20))
                self.expect_one_mounted_at_a_time()

    def test_what_a_crash_leaves(self):
        for how, number in FALLS.items():
            with self.subTest(how=how):
                self.expect_what_is_left(self.record_way(self.program(), "crash", 20, how, status=128 + number))

    def test_what_could_be_seen(self):
        answer = json.loads(self.triptych("doctor", "--format", "json", "--", self.program()).out)
        found = [each for each in answer["coroutines"] if each["way"] == self.way]
        self.assertEqual(found[0]["file"], self.program())
        self.assertIn("libboost_fiber.so", found[1]["file"])
        self.assertEqual(len(found), 2)
        for each in found:
            self.assertGreater(each["places"], 8)
            self.assertEqual(each["places_single_stepped"], 0)
        done = self.record("--coroutines", self.way, "--", "/bin/true")
        self.assertEqual(done.status, 125)
        self.assertIn("no contexts of Boost (Context, Fiber, Coroutine2) in /bin/true", done.err)

    def test_calls_through_a_slot_are_dear_and_exact(self):
        program = Programs.get("g++", "-std=c++17", "-O1", "-fno-plt", "fibers.cpp",
                               "-lboost_fiber", "-lboost_context", "-pthread")
        answer = json.loads(self.triptych("doctor", "--format", "json", "--", program).out)
        own, = [each for each in answer["coroutines"] if each["file"] == program]
        self.assertEqual(own["places_single_stepped"], own["places"])
        self.expect_exact(self.record_way(program, "all", 5))


class UcontextTest(ContextTest):
    way = "uprobe:ucontext"
    runtime = "ucontext"

    @staticmethod
    def program(level="-O1", *options):
        return Programs.get("gcc", level, *options, "ucontexts.c", "-pthread")

    def expect_exact(self, out, kinds=KINDS[:3]):
        return super().expect_exact(out, kinds)

    def test_exact_over_levels(self):
        for level in LEVELS:
            with self.subTest(level=level):
                self.expect_exact(self.record_way(self.program(level), "all", 20))
                self.expect_one_mounted_at_a_time()

    def test_libc_linked_into_the_program(self):
        for option in ("-static", "-static-pie"):
            with self.subTest(option=option):
                self.expect_exact(self.record_way(self.program("-O1", option), "all", 20))

    def test_contexts_that_move_between_threads(self):
        out = self.record_way(self.program(), "threads", 300)
        report = self.expect_exact(out)
        self.assertEqual({len(row["threads"]) for row in report["coroutines"]}, {2})
        self.expect_one_mounted_at_a_time()

    def test_forked_children_are_seen_and_live(self):
        expected = said(self.record_way(self.program(), "fork", 5))
        counts = self.counts(self.report(), KINDS[:3])
        # Parent and child print what the parent did before the fork, both.
        self.assertEqual(counts, {name: tuple(each * 3 // 4 for each in all_of_it)
                                  for name, all_of_it in expected.items()})

    def test_a_context_that_sleeps_on_its_thread_is_found(self):
        self.expect_block(self.record_way(self.program(), "block"), "sleeper")

    def test_a_program_that_it_becomes(self):
        self.expect_exact(self.record_way(self.program(), "exec", 5))

    def test_exceptions(self):
        """In C there are none."""
        program = Programs.get("g++", "-x", "c++", "-O1", "ucontexts.c", "-pthread")
        self.expect_exact(self.record_way(program, "throw", 20))
        self.expect_what_is_left(self.record_way(program, "crash", 20, "throw", status=128 + FALLS["throw"]),
                                 KINDS[:3])

    def test_what_a_crash_leaves(self):
        for how in ("segv", "abort"):
            with self.subTest(how=how):
                out = self.record_way(self.program(), "crash", 20, how, status=128 + FALLS[how])
                self.expect_what_is_left(out, KINDS[:3])

    def test_a_program_that_runs_already(self):
        expected = self.recorded_half(["/libc.so.6"])
        report = self.report()
        counts = self.counts(report, KINDS[:3])
        # What was kept from before has no name, but its switches and its end.
        self.assertEqual(counts.pop(""), (0, 2, 1))
        kept = {"worker": (1, 3, 1)}
        for name, both in expected.items():
            less = kept.get(name, (0, 0, 0))
            self.assertEqual(counts[name], tuple((a - b) // 2 for a, b in zip(both, less)), name)

    def test_who_else_has_libc_mapped_is_told(self):
        done = self.record("--coroutines", self.way, "--", self.program(), "all", "1")
        self.assertEqual(done.status, 0, done.err)
        self.assertRegex(done.err, r"its probe in .*libc\.so\.6 is in \d+ other process(es)?, too, "
                                   "and slows down who calls setcontext")
        answer = json.loads(self.triptych("doctor", "--format", "json", "--", self.program()).out)
        self.assertEqual([each["file"] for each in answer["coroutines"]], [self.program()])


def setUpModule():
    unittest.addModuleCleanup(Programs.clean)
    Programs.make_all()


if subprocess.run(["g++", "-E", "-x", "c++", "-"], input="#include <boost/fiber/all.hpp>\n", text=True,
                  capture_output=True, check=False).returncode != 0:
    harness.skip("libboost-fiber-dev is not installed")
harness.main()
