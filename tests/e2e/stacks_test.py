# SPDX-License-Identifier: Apache-2.0
"""Stacks of a program whose functions are known."""

import os
import re
import subprocess

import harness

STACKS = os.environ.get("TRIPTYCH_STACKS", "")
PAGES = 64


class Stacks(harness.Test):
    def section(self, *arguments):
        """The lines of the report about stacks."""
        result = self.triptych("report", *arguments)
        self.assertEqual(result.status, 0, result.err)
        text = result.out.split("Where it waited, where it ran")
        self.assertEqual(len(text), 2, result.out)
        return [line.strip() for line in text[1].split("\n\n\n")[0].splitlines()]

    def row_above(self, lines, chain):
        found = [i for i, line in enumerate(lines) if chain in line]
        self.assertTrue(found, lines)
        return lines[found[0] - 1]

    def counters(self):
        return self.ending()["counters"]["stacks"]

    def test_where_it_waits_and_where_it_computes(self):
        result = self.record("--stacks", "--frequency", "997", "--", STACKS, "200")
        self.assertEqual(result.status, 0, result.err)
        lines = self.section()
        waits = self.row_above(lines, "sleep_for_a_while < work_a_round < main")
        self.assertRegex(waits, r" 200 +clock_nanosleep$")
        self.assertGreaterEqual(float(re.search(r"([\d.]+) %", waits).group(1)), 90)
        runs = self.row_above(lines, "burn_in_a_loop < work_a_round < main")
        self.assertGreaterEqual(float(re.search(r"([\d.]+) %", runs).group(1)), 80)
        self.assertEqual(self.report()["data_quality"]["lost_stacks"], 0)

    def test_no_address_of_the_kernels_is_told(self):
        self.assertEqual(self.record("--stacks=on-cpu,off-cpu,wakeup,fault,fork", "--kernel-stacks",
                                     "--", STACKS, "20").status, 0)
        kernel = [event for event in self.dump() if event["kind"] == "stack" and "kernel" in event]
        self.assertGreater(len(kernel), 3)
        symbols = {event["symbol"]: event["name"] for event in self.dump()
                   if event["kind"] == "kernel_symbol"}
        for stack in kernel:
            for frame in stack["frames"].split(","):
                self.assertRegex(frame, r"^\d+\+0x[0-9a-f]{1,6}$")
        names = set(symbols.values())
        self.assertTrue({"schedule", "__schedule"} & names, names)
        self.assertFalse([name for name in names if name.startswith("bpf_prog_")])
        raw = self.read_bytes("triptych.tpt")
        self.assertNotIn(b"\xff\xff\xff\xff\x81", raw)

    def test_each_event_has_its_own(self):
        self.assertEqual(self.record("--stacks=cow,fork", "--", STACKS, "1").status, 0)
        events = self.dump()
        whats = [event["what"] for event in events if event["kind"] == "stack_of"]
        self.assertEqual(whats.count("task_new"), 1)
        # Each page that the child writes, and a few of its own stack and libc: present, and written to.
        copies = [event for event in events if event["kind"] == "fault" and
                  int(event.get("error_code", "0")) & 3 == 3]
        self.assertEqual(whats.count("fault"), len(copies))
        self.assertGreaterEqual(len(copies), PAGES)
        self.assertEqual(self.counters()["lost"], 0)

    def test_a_running_program(self):
        process = subprocess.Popen([STACKS, "50", "wait"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        recorder = self.start("record", "--stacks=off-cpu", "-p", str(process.pid))
        self.wait_for_file("triptych.tpt")
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(self.finish(recorder).status, 0)
        maps = [event for event in self.dump() if event["kind"] == "map"]
        self.assertTrue([event for event in maps if event["path"] == os.path.realpath(STACKS)
                         and "there" in event], maps)
        self.row_above(self.section(), "sleep_for_a_while < work_a_round < main")

    def test_what_cannot_be(self):
        self.assert_refused(
            self.record("--stacks=offcpu", "--", "true"), 2, "unknown stack 'offcpu'",
            "known stacks: on-cpu, off-cpu, wakeup, fault, cow, fork")
        self.assert_refused(
            self.record("--stacks", "--summary-only", "--", "true"), 2,
            "--summary-only keeps no events, so no stacks of them",
            "leave --stacks out, or --summary-only")
        self.assert_refused(self.record("--stacks", "--frequency", "0", "--", "true"), 2,
                            "0 is not a frequency", "--frequency takes 1 to 10000, in a second")
        self.assert_refused(self.record("--frequency", "10", "--", "true"), 2,
                            "--frequency is of the stacks of what is running", "add --stacks=on-cpu")

    def test_without_stacks_nothing_of_them_is_there(self):
        self.assertEqual(self.record("--", STACKS, "3").status, 0)
        kinds = {event["kind"] for event in self.dump()}
        self.assertFalse(kinds & {"stack", "stack_of", "sample", "map", "kernel_symbol"})
        self.assertNotIn("stacks", self.ending()["counters"])


if __name__ == "__main__":
    harness.main()
