# SPDX-License-Identifier: Apache-2.0
"""What the tests of asyncio and of Trio share: programs that count each step of their tasks, and what was
recorded of them."""

import collections
import json
import re
import subprocess

import harness
from survival import Survival, probed_bytes

PYTHON = "/usr/bin/python3"
MOST_NAMED = 8  # of the processes that are slowed down, too
UNNAMED = ""  # of compiled code, as uvloop's own coroutines are


def said(text):
    """What the program counted, all its processes together: {function: (created, resumed, finished)}."""
    counted = collections.defaultdict(collections.Counter)
    for line in text.splitlines():
        if line.startswith("{"):
            for name, counts in json.loads(line)["counts"].items():
                counted[name].update(counts)
    # A task that is cancelled before its first step has that step all the same, which throws into it.
    if "never_started" in counted:
        counted["never_started"]["resumed"] = counted["never_started"]["created"]
    return {name: (c["created"], c["resumed"], c["finished"]) for name, c in counted.items()}


def notes(text):
    return json.loads(text.splitlines()[-1])


class Tasks(Survival):
    runtime = ""  # its name
    program = ""  # that is recorded
    own = set()   # functions whose tasks the runtime makes itself

    def events(self):
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def recorded(self, *words, python=PYTHON, options=()):
        done = self.record(*options, "--coroutines", f"uprobe:{self.runtime}", "--", python, self.program,
                           *map(str, words))
        self.assertEqual(done.status, 0, done.err)
        return self.events(), done.out

    def counts(self, events):
        """{function: (created, resumed, finished)}; each task is in turn resumed and left again."""
        names = {e["function"]: e["name"] for e in events if e["kind"] == "coroutine_function"}
        functions, mounted = {}, set()
        counted = collections.defaultdict(collections.Counter)
        for event in (e for e in events if e["kind"] == "coroutine"):
            self.assertEqual((event["source"], event["runtime"]), ("uprobe", self.runtime))
            key, what = (event["space"], event["id"]), event["what"]
            if event["function"] or what == "created":
                functions[key] = names.get(event["function"], UNNAMED)
            counted[functions[key]][what] += 1
            if what == "resumed":
                self.assertNotIn(key, mounted)
                mounted.add(key)
            elif what in ("suspended", "finished"):
                self.assertIn(key, mounted)
                mounted.remove(key)
            elif what == "created":
                self.assertTrue(event["first_seen"])
        return {name: (c["created"], c["resumed"], c["finished"]) for name, c in counted.items()}

    def expect_exact(self, events, expected):
        self.assertTrue(expected)
        found = self.counts(events)
        own = {name: found.pop(name) for name in (self.own | {UNNAMED}) & set(found)}
        self.assertEqual(found, expected)
        self.assertEqual([e for e in events if e["kind"] == "coroutine_lost"], [])
        self.assertTrue(all(counts == (counts[0],) * 3 for counts in own.values()), own)

    def awaited(self, events):
        """{(function of the task, functions that it awaits, …): how often it was suspended so}"""
        names = {e["function"]: e["name"] for e in events if e["kind"] == "coroutine_function"}
        functions, inside = {}, collections.defaultdict(list)
        counted = collections.Counter()
        for event in events:
            if event["kind"] == "coroutine_inside":
                inside[event["id"]].append(names[event["function"]])
                self.assertEqual(event["depth"], len(inside[event["id"]]))
            elif event["kind"] == "coroutine":
                if event["function"] != 0:
                    functions[event["id"]] = names[event["function"]]
                if event["what"] == "suspended":
                    counted[functions[event["id"]], *inside.pop(event["id"], [])] += 1
        self.assertEqual(inside, {})
        return counted

    def wait_for_program(self, *words):
        return self.waiting(PYTHON, self.program, "wait", *words)

    def attach(self, program):
        return self.attached(("--coroutines", f"uprobe:{self.runtime}"), program)

    def follow_one_that_runs_already(self, file, probes):
        """Exactly, while those live that have the probed file mapped as well, whoever of them is recorded."""
        done = self.recorded_among_others(
            ("--coroutines", f"uprobe:{self.runtime}"), (PYTHON, self.program, "wait", "many", 25, 200), [file], said,
            lambda witness: self.assertEqual(len(probed_bytes(witness.pid, file)), probes))
        self.expect_exact(self.events(), said(done.out))
        named = {int(pid) for pid in re.findall(r"process (\d+) \(", done.done.err)}
        if len(named) < MOST_NAMED:  # else the machine runs many programs in Python
            self.assertLessEqual(set(done.others), named)

    def serve(self):
        program = subprocess.Popen([PYTHON, self.program, "serve"], stdout=subprocess.PIPE, text=True,
                                   env=harness.environment())
        self.addCleanup(program.kill)
        return program, int(program.stdout.readline())
