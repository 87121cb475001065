# SPDX-License-Identifier: Apache-2.0
"""What a recording says of the coroutines that it does not see, though they could be."""

import json
import os
import subprocess

import harness

MARKERS = os.environ.get("TRIPTYCH_MARKERS", "")
PYTHON = "/usr/bin/python3"
ASYNCIO = "--coroutines uprobe:asyncio sees the tasks of asyncio"
CPP = """
#include <vector>
int main() { return static_cast<int>(std::vector<int>(9).front()); }
"""


class HintsTest(harness.Test):
    def recorded(self, *command, options=()):
        done = self.record("-o", "trace", *options, "--", *command)
        self.assertEqual(done.status, 0, done.err)
        return done.err

    def plan(self):
        report = json.loads(self.triptych("report", "--format", "json", "trace").out)
        return [(each["hook"], each["reason"]) for each in report["recording"]["plan"]
                if each["event"] == "coroutine"]

    def test_a_python_program_is_told_of_its_flags(self):
        self.assertIn(f"triptych: {PYTHON} runs in Python: {ASYNCIO}", self.recorded(PYTHON, "-c", "1"))
        script = self.write("script", f"#!{PYTHON}\n", 0o755)
        self.assertIn(f"triptych: {script} runs in Python: {ASYNCIO}", self.recorded(script))
        for options in (("--coroutines", "off"), ("--coroutines", "recorder"), ("--summary-only",)):
            self.assertNotIn("runs in Python", self.recorded(PYTHON, "-c", "1", options=options))

    def test_a_running_one_is_told_likewise(self):
        program = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
        done = self.record("-o", "trace", "--duration", "0.2", "-p", str(program.pid))
        program.communicate(b"\n")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn(f"{os.path.realpath(PYTHON)} runs in Python: {ASYNCIO}", done.err)

    def test_a_program_with_markers_is_told_of_theirs(self):
        self.assertIn(f"triptych: {MARKERS} has triptych's markers: --coroutines usdt sees its coroutines",
                      self.recorded(MARKERS, "switch", "1", "1"))
        self.assertNotIn("has triptych's markers",
                         self.recorded(MARKERS, "switch", "1", "1", options=("--coroutines", "usdt")))

    def test_others_are_told_nothing_and_the_plan_says_what_was_looked_for(self):
        self.assertNotIn("--coroutines", self.recorded("/bin/true"))
        (hook, reason), = self.plan()
        self.assertEqual(hook, "recorder")
        self.assertIn("besides C++20 coroutines and tasks of tokio are looked for", reason)
        self.assertIn("`triptych doctor` says of the same -p PID or -- COMMAND", reason)
        self.recorded("/bin/true", options=("--coroutines", "recorder"))
        self.assertEqual(self.plan(), [("recorder", "of programs that link triptych's recorder; others "
                                                    "are not seen")])

    def test_of_a_stripped_program_the_report_says_that_nothing_is_known(self):
        source, program = self.write("program.cpp", CPP), self.path("program")
        subprocess.run(["g++", "-s", source, "-o", program], check=True)
        self.recorded(program)
        text = " ".join(self.triptych("report", "trace").out.split())
        self.assertIn(f"Not known: {program} has no symbols: if it has C++20 coroutines, probes cannot "
                      "find them.", text)
        subprocess.run(["g++", source, "-o", program], check=True)
        self.recorded(program)
        self.assertNotIn("has no symbols", self.triptych("report", "trace").out)


harness.main()
