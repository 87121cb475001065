# SPDX-License-Identifier: Apache-2.0
"""Coroutines of a program that finds another clock source than the TSC: their times are the kernel's, and the report
says so."""

import json
import os

import harness

PROGRAM = os.environ.get("TRIPTYCH_COROUTINES", "")
SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"


class ClockTest(harness.Test):
    def recorded(self, *command):
        result = self.record("-o", "trace", "--", *command)
        self.assertEqual(result.status, 0, result.err)
        report = json.loads(self.triptych("report", "--format", "json", "trace").out)
        return report, self.triptych("report", "trace").out

    def test_the_fallback_is_remarked_on(self):
        self.write("hpet", "hpet\n")
        # In a mount namespace of its own: for this program alone.
        report, text = self.recorded("unshare", "--mount", "sh", "-c",
                                     f"mount --bind {self.path('hpet')} {SOURCE} && exec {PROGRAM} await 100")
        self.assertEqual(report["coroutine_clock"], "monotonic")
        self.assertIn("the TSC is not this machine's clock source", " ".join(text.split()))
        self.assertGreater(len(report["coroutines"]), 0)
        began, ended = report["recording"]["start_ns"], report["recording"]["end_ns"]
        for each in report["coroutines"]:
            self.assertLessEqual(began, each["created_ns"])
            self.assertLessEqual(each["created_ns"], each["ended_ns"] or ended)
            self.assertLessEqual(each["mounted_ns"], ended - began)

    def test_the_usual_clock_is_not(self):
        with open(SOURCE, encoding="ascii") as file:
            if file.read() != "tsc\n":
                self.skipTest("this machine's clock source is not the TSC")
        report, text = self.recorded(PROGRAM, "await", "100")
        self.assertEqual(report["coroutine_clock"], "tsc")
        self.assertNotIn("clock source", text)


harness.main()
