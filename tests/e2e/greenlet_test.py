# SPDX-License-Identifier: Apache-2.0
"""Greenlets and gevent in programs that know nothing of triptych: every switch exactly, against what the
program counted itself; who blocked the hub; and the program lives."""

import collections
import importlib.util
import json
import os

import harness

PYTHON = "/usr/bin/python3"
GREENLETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "greenlets.py")


def said(text):
    """{function: (created, resumed, finished)}"""
    counts = json.loads(text.splitlines()[-1])["counts"]
    return {name: (c["created"], c["resumed"], c["finished"]) for name, c in counts.items()}


class GreenletTest(harness.Test):
    def recorded(self, *words):
        done = self.record("--coroutines", "uprobe:greenlet", "--", PYTHON, GREENLETS, *words)
        self.assertEqual(done.status, 0, done.err)
        return done.out

    def events(self):
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def counts(self, report):
        return {f["function"]: tuple(f["recorded"][kind] for kind in ("created", "resumed", "finished"))
                for f in report["coroutine_functions"]}

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
        slept, = json.loads(out.splitlines()[-1])["slept_ns"]
        self.assert_slept(blocked[0]["duration_ns"], slept)
        loop, = report["event_loops"]
        self.assertGreaterEqual(loop["idle_ns"], 40_000_000, "the hub slept")


if importlib.util.find_spec("greenlet") is None and not os.path.isdir(
        "/usr/lib/python3/dist-packages/greenlet"):
    harness.skip("python3-greenlet is not installed")
harness.main()
