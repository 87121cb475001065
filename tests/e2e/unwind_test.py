# SPDX-License-Identifier: Apache-2.0
"""Stacks of code without frame pointers, copied and unwound afterwards."""

import os
import re
import shutil

import harness

OMITTED = os.environ.get("TRIPTYCH_OMITTED", "")
PHASES = os.environ.get("TRIPTYCH_PHASES", "")
CHAIN = ["main", "a_calls_b", "b_calls_c", "c_sleeps"]
WHOLE = "stacks that go back to where the program or thread began: "
TIMES = 40


class Unwind(harness.Test):
    def paths(self, profile="off-cpu", *arguments):
        """Frames and value of each line of a folded profile, and its notes."""
        result = self.triptych("export", "--format", "folded", "--profile", profile, *arguments)
        self.assertEqual(result.status, 0, result.err)
        lines = result.out.splitlines()
        notes = [line for line in lines if line.startswith("#")]
        return [(line.rsplit(" ", 1)[0].split(";"), int(line.rsplit(" ", 1)[1]))
                for line in lines if not line.startswith("#")], "\n".join(notes)

    def test_the_chain_that_the_frame_pointer_loses(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--", OMITTED, str(TIMES)).status, 0)
        paths, notes = self.paths()
        sleeps = [frames for frames, _ in paths if frames[-1] == "blocked: clock_nanosleep"]
        self.assertTrue(sleeps)
        for frames in sleeps:
            self.assertFalse({"main", "a_calls_b"} <= set(frames), frames)
        self.assertIn("the others end in code without frame pointers", notes)
        graph = self.triptych("export", "--format", "svg", "--profile", "off-cpu").out
        self.assertRegex(graph, f'<text class="note cut"[^>]*>{WHOLE}')

        self.assertEqual(self.record("--stacks=off-cpu", "--unwind", "dwarf", "--", OMITTED,
                                     str(TIMES)).status, 0)
        paths, notes = self.paths("off-cpu", "--unit", "count")
        sleeps = [(frames, count) for frames, count in paths
                  if frames[-1] == "blocked: clock_nanosleep"]
        self.assertEqual(len(sleeps), 1, sleeps)
        frames, count = sleeps[0]
        self.assertEqual(count, TIMES)
        at = frames.index("main")
        self.assertEqual(frames[at:at + len(CHAIN)], CHAIN)
        self.assertRegex(frames[-2], "nanosleep")
        self.assertIn(WHOLE + "100.0 %", notes)
        # On a graph, warnings have a colour of their own: that is none.
        graph = self.triptych("export", "--format", "svg", "--profile", "off-cpu").out
        self.assertRegex(graph, f'<text class="quiet cut"[^>]*>{WHOLE}100.0 %</text>')
        with_inlined, _ = self.paths("off-cpu", "--unit", "count", "--inlines")
        self.assertEqual([count for _, count in with_inlined], [count for _, count in paths])
        chain = next(frames for frames, _ in with_inlined if "main" in frames)
        at = chain.index("main")
        self.assertEqual(chain[at:at + len(CHAIN) + 1], [CHAIN[0], "d_is_inlined", *CHAIN[1:]])
        inlined = self.triptych("report", "--inlines").out
        self.assertIn("c_sleeps < b_calls_c < a_calls_b < d_is_inlined < main", " ".join(inlined.split()))
        report = self.triptych("report").out
        self.assertIn("c_sleeps < b_calls_c < a_calls_b < main", " ".join(report.split()))
        self.assertRegex(" ".join(report.split()),
                         "Stacks that go back to where the program or thread began: 100.0 % of")
        counters = self.ending()["counters"]["stacks"]
        self.assertEqual(counters["copied"], counters["taken"] - counters["lost"])
        self.assertEqual(counters["lost"], 0)

    def test_the_dump_is_the_trace(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--unwind", "dwarf,2K", "--", OMITTED,
                                     "3").status, 0)
        events = self.dump()
        copies = [event for event in events if event["kind"] == "stack_copy"]
        pieces = [event for event in events if event["kind"] == "stack_bytes"]
        self.assertGreaterEqual(len(copies), 3)
        self.assertEqual(sum(int(copy.get("pieces", 0)) for copy in copies), len(pieces))
        self.assertLessEqual(max(int(copy.get("pieces", 0)) for copy in copies), 3)
        before, notes = self.paths()
        text = self.triptych("dump")
        self.write("dumped.txt", text.out)
        again, again_notes = self.paths("off-cpu", "dumped.txt")
        self.assertEqual(again, before)
        self.assertEqual(again_notes, notes)

    def test_what_does_not_fit_is_told(self):
        ends = "the others end where the copied memory ends (--unwind dwarf,BYTES)"
        for size, fits in (("1K", False), ("8K", False), ("32K", True)):
            self.assertEqual(self.record("--stacks=off-cpu", f"--unwind=dwarf,{size}", "--", OMITTED,
                                         "5", "20").status, 0)
            paths, notes = self.paths()
            sleeps = [frames for frames, _ in paths if frames[-1] == "blocked: clock_nanosleep"]
            self.assertEqual(len(sleeps), 1, sleeps)
            self.assertEqual("main" in sleeps[0], fits, sleeps)
            self.assertEqual(ends in notes, not fits, notes)
            self.assertEqual(sleeps[0].count("deeper") == 20, fits, sleeps)

    def test_what_was_lost_is_not_whole(self):
        # Each fault with a copy of 32 KiB, and room for a few of them.
        self.assertEqual(self.record("--stacks=fault", "--unwind", "dwarf,32K", "--buffer-size", "1M", "--",
                                     PHASES, "20000").status, 0)
        self.assertGreater(self.report()["data_quality"]["lost_stacks"], 1000)
        paths, notes = self.paths("fault")
        faults = sum(count for _, count in paths)
        without = sum(count for frames, count in paths if len(frames) == 4)  # model, process, thread, kind
        self.assertGreater(without, 1000)
        self.assertIn(f"no stack of the program's: {without:,} of {faults:,} faults", notes)
        self.assertRegex(notes, r"have no stack of the program's")
        whole = float(re.search(re.escape(WHOLE) + r"([\d.]+) %", notes).group(1))
        self.assertLessEqual(whole, round(100 * (1 - without / faults), 1))

    def test_programs_of_the_distribution(self):
        self.write("input", "x" * 2_000_000)
        for command in (["xz", "-0", "-T2", "-k", "-f", "input"],
                        ["sh", "-c", "tar cf - input | { sleep 0.3; cat > output; }"]):
            if shutil.which(command[0]) is None:
                continue
            self.assertEqual(self.record("--stacks=off-cpu", "--unwind", "dwarf", "--",
                                         *command).status, 0)
            _, notes = self.paths()
            share = re.search(re.escape(WHOLE) + r"([\d.]+) %", notes)
            self.assertTrue(share, notes)
            # A task that waits in its exec has no stack that could be read.
            self.assertGreaterEqual(float(share.group(1)), 95, notes)

    def test_a_file_that_is_damaged_or_gone(self):
        shutil.copy(OMITTED, self.path("program"))
        self.assertEqual(self.record("--stacks=off-cpu", "--unwind", "dwarf", "--",
                                     self.path("program"), "5").status, 0)
        whole, _ = self.paths()
        self.assertTrue([path for path, _ in whole if "main" in path], whole)
        program = bytearray(self.read_bytes("program"))
        for at in range(len(program) // 4, len(program), 7):
            program[at] ^= 0x5a
        for contents in (bytes(program), bytes(program[:1000]), b""):
            with open(self.path("program"), "wb") as file:
                file.write(contents)
            paths, notes = self.paths()
            self.assertEqual(sum(value for _, value in paths), sum(value for _, value in whole))
            self.assertRegex(notes, re.escape(WHOLE))
        os.unlink(self.path("program"))
        _, notes = self.paths()
        self.assertIn("does not say how to unwind it, or whose file is not here", notes)

    def test_what_cannot_be(self):
        hint = "--unwind takes fp, dwarf or dwarf,BYTES"
        self.assert_refused(self.record("--stacks", "--unwind", "orc", "--", "true"), 2,
                            "orc is no way to unwind a stack", hint)
        for size in ("64K", "0", "many"):
            self.assert_refused(self.record("--stacks", "--unwind", f"dwarf,{size}", "--", "true"), 2,
                                f"dwarf,{size} is no size of a copied stack",
                                "--unwind dwarf,BYTES takes 1K to 32K")
        self.assert_refused(self.record("--unwind", "dwarf", "--", "true"), 2,
                            "--unwind is of the stacks of --stacks", "add --stacks")


if __name__ == "__main__":
    harness.main()
