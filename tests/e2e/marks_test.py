# SPDX-License-Identifier: Apache-2.0
"""Marks, from C and from a shell script."""

import os

import harness

PHASES = os.environ.get("TRIPTYCH_PHASES", "")


class Marks(harness.Test):
    def marks(self):
        return [(event["type"], event["name"]) for event in self.dump() if event["kind"] == "mark"]

    def test_without_a_recording(self):
        self.assertEqual(self.triptych("mark", "phase"), harness.Result(0, "", ""))

    def test_from_c(self):
        self.assertEqual(self.record("--", PHASES, "1000").status, 0)
        self.assertEqual(self.marks(), [("begin", "touch"), ("end", "touch")])
        report = self.report("triptych.tpt", "--from-mark", "touch", "--to-mark", "touch")
        # The pages, and what the marks themselves touch for the first time.
        faults = report["totals"]["page_faults"]["first_touch"]
        self.assertGreaterEqual(faults, 1000)
        self.assertLessEqual(faults, 1003)

    def test_from_a_script(self):
        script = ('"$0" mark one --begin; "$0" mark one --end; "$0" mark "two words"; '
                  '"$0" mark "$(printf %047d 0)" --point')
        self.assertEqual(self.record("--", "sh", "-c", script, harness.TRIPTYCH).status, 0)
        self.assertEqual(self.marks(), [("begin", "one"), ("end", "one"), ("point", "two words"),
                                        ("point", "0" * 47)])
        shell = [event for event in self.dump() if event["kind"] == "task_seen"
                 and event["how"] == "launched"][0]["task"]
        self.assertEqual({event["task"] for event in self.dump() if event["kind"] == "mark"}, {shell})

    def test_of_somebody_who_is_not_recorded(self):
        process = self.start("record", "--", "sh", "-c", "touch ready; sleep 0.5")
        self.wait_for_file("ready")
        self.triptych("mark", "stranger")
        self.assertEqual(self.finish(process).status, 0)
        self.assertEqual(self.marks(), [])


if __name__ == "__main__":
    harness.main()
