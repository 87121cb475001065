# SPDX-License-Identifier: Apache-2.0
"""Greenlets and gevent in programs that know nothing of triptych: every switch exactly, against what the
program counted itself; who blocked the hub; and the program lives."""

import collections
import importlib.util
import json
import os

import harness
from python_tasks import PYTHON, notes, said
from survival import FALLS, Survival

GREENLETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "greenlets.py")
GREENLET = ("--coroutines", "uprobe:greenlet")
MODULE = "/_greenlet."


class GreenletTest(Survival):
    def recorded(self, *words, status=0):
        done = self.record(*GREENLET, "--", PYTHON, GREENLETS, *words)
        self.assertEqual(done.status, status, done.err)
        return done.out

    def events(self):
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def counts(self, report):
        return {f["function"]: tuple(f["recorded"][kind] for kind in ("created", "resumed", "finished"))
                for f in report["coroutine_functions"]}

    def expect_exact(self, out):
        self.assertTrue(said(out))
        report = self.report()
        self.assertEqual(self.counts(report), said(out))
        self.assertEqual(report["data_quality"]["lost_coroutine_events"], 0)

    def test_every_switch_of_greenlets(self):
        out = self.recorded("raw")
        report = self.report()
        self.assertEqual(self.counts(report), said(out))
        rows = collections.Counter(c["function"] for c in report["coroutines"])
        self.assertEqual(rows, {name: created for name, (created, _, _) in said(out).items()})
        self.assertTrue(all(c["finished"] and c["runtime"] == "greenlet" and c["source"] == "uprobe"
                            for c in report["coroutines"]))

    def test_one_is_mounted_at_a_time(self):
        self.recorded("raw")
        mounted = None
        for event in (e for e in self.events() if e["kind"] == "coroutine"):
            if event["what"] == "resumed":
                self.assertIsNone(mounted)
                mounted = event["id"]
            elif event["what"] in ("suspended", "finished"):
                self.assertEqual(mounted, event["id"])
                mounted = None

    def test_gevent(self):
        out = self.recorded("gevent")
        report = self.report()
        found = self.counts(report)
        self.assertEqual({name: found[name] for name in said(out)}, said(out))
        self.assertNotIn("Hub.run", found)
        blocked = [b for b in report["blocked_loops"] if b["how"] == "blocked"]
        self.assertEqual([(b["function"], b["syscall"], b["innermost"]["function"],
                           b["innermost"]["file"]) for b in blocked],
                         [("blocker", "clock_nanosleep", "sleep_for", GREENLETS[-111:])])
        slept, = notes(out)["slept_ns"]
        self.assert_slept(blocked[0]["duration_ns"], slept)
        loop, = report["event_loops"]
        self.assertGreaterEqual(loop["idle_ns"], 40_000_000, "the hub slept")

    def test_a_program_that_runs_already(self):
        """With greenlets that are switched, fail and are thrown into while they are probed."""
        command = (PYTHON, GREENLETS, "wait", "raw")
        out, *_ = self.recorded_among_others(GREENLET, command, [MODULE], said)
        self.expect_exact(out)

    def test_greenlets_of_gevent_that_are_there_before(self):
        program = self.waiting(PYTHON, GREENLETS, "early")
        recorder = self.attached(GREENLET, program)
        out = self.gone_on(program)
        self.assertEqual(self.finish(recorder).status, 0)
        self.assertEqual(said(out), {"there_before": (0, 60, 10)})
        self.expect_exact(out)
        report = self.report()
        self.assertEqual([(c["created_ns"], c["finished"]) for c in report["coroutines"]], [(None, True)] * 10)
        only, = [each for each in report["blocked_loops"] if each["how"] == "blocked"]
        self.assertEqual((only["function"], only["syscall"], only["innermost"]["function"]),
                         ("there_before", "clock_nanosleep", "sleep_for"))
        slept, = notes(out)["slept_ns"]
        self.assert_slept(only["duration_ns"], slept)

    def test_forked_children_are_seen_and_live(self):
        self.expect_exact(self.recorded("fork"))
        self.assertEqual(len({e["tgid"] for e in self.events() if e["kind"] == "coroutine_space"}), 2)

    def test_a_program_that_it_becomes(self):
        self.expect_exact(self.recorded("exec"))

    def test_what_a_crash_leaves(self):
        for how in ("segv", "abort"):
            with self.subTest(how=how):
                self.expect_exact(self.recorded("crash", how, status=128 + FALLS[how]))


if importlib.util.find_spec("greenlet") is None and not os.path.isdir(
        "/usr/lib/python3/dist-packages/greenlet"):
    harness.skip("python3-greenlet is not installed")
harness.main()
