# SPDX-License-Identifier: Apache-2.0
"""`record -- COMMAND` ends as COMMAND does, and says what it recorded."""

import os
import re

import harness


class ExitStatus(harness.Test):
    def test_is_the_commands(self):
        for status in (0, 3, 255):
            with self.subTest(status=status):
                self.assertEqual(self.record("--", "sh", "-c", f"exit {status}").status, status)
                self.assertEqual(self.ending()["wait_status"], status << 8)

    def test_is_128_and_the_signal(self):
        for name, number in (("SEGV", 11), ("KILL", 9), ("TERM", 15), ("INT", 2)):
            with self.subTest(signal=name):
                result = self.record("--", "sh", "-c", f"ulimit -c 0; kill -{name} $$")
                self.assertEqual(result.status, 128 + number)
                self.assertEqual(self.ending()["wait_status"], number)

    def test_of_a_command_that_cannot_be_run_after_all(self):
        self.write("script", "#!/no/such/interpreter\n", 0o755)
        self.assert_refused(
            self.record("--", "./script"), 127, "cannot run ./script: No such file or directory",
            "the file, or the interpreter that its first line names, does not exist",
            first_lines="triptych: ./script runs as root\n")
        self.write("binary", "\x7fELF, but not really", 0o755)
        result = self.record("--", "./binary")  # as a shell: tried as a script
        self.assertEqual(result.status, 127)
        self.assertEqual(self.names(), ["binary", "script", "triptych.tpt"])

    def test_of_a_failed_exec_leaves_the_earlier_trace_alone(self):
        self.assertEqual(self.record("--", "true").status, 0)
        before = self.read_bytes("triptych.tpt")
        self.write("script", "#!/no/such/interpreter\n", 0o755)
        self.assertEqual(self.record("--", "./script").status, 127)
        self.assertEqual(self.names(), ["script", "triptych.tpt"])
        self.assertEqual(self.read_bytes("triptych.tpt"), before)

    def test_arguments_arrive_to_the_letter(self):
        words = ["[a,b]", "[]", "", "--", "-x", "a b", "\\", "é", "{}", "@file", "a\nb"]
        result = self.record("--", "printf", "<%s>", *words)
        self.assertEqual(result.out, "".join(f"<{word}>" for word in words))
        self.assertEqual(self.metadata()["target"]["command"], ["printf", "<%s>", *words])
        self.assertEqual(self.metadata()["record_command"],
                         [harness.TRIPTYCH, "record", "--", "printf", "<%s>", *words])

    def test_without_the_two_dashes(self):
        result = self.record("-o", "a.tpt", "/bin/echo", "one", "-n", "--two")
        self.assertEqual((result.status, result.out), (0, "one -n --two\n"))

    def test_output_of_the_command_is_its_own(self):
        result = self.record("--", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual(result.out, "out\n")
        lines = result.err.splitlines()
        self.assertEqual(lines[0], "triptych: sh runs as root")
        self.assertEqual(lines[1], "err")
        self.assertRegex(lines[2], r"^triptych: recorded [\d,]+ events in [\d.]+ [mu]?s, "
                                   r"[\d.]+ (KiB|B) in triptych\.tpt, 0 lost$")
        self.assertEqual(lines[3], "triptych: next: triptych report triptych.tpt")
        self.assertEqual(len(lines), 4)
        size = re.search(r"([\d.]+) (KiB|B) in triptych", lines[2])
        self.assertAlmostEqual(float(size.group(1)) * (1024 if size.group(2) == "KiB" else 1),
                               os.stat(self.path("triptych.tpt")).st_size, delta=60)
        said = int(re.search(r"recorded ([\d,]+) events", lines[2]).group(1).replace(",", ""))
        self.assertEqual(said, sum(self.ending()["counters"]["produced"].values()))

    def test_the_next_command_can_be_pasted(self):
        result = self.record("-o", "my trace's", "--", "true")
        self.assertTrue(result.err.endswith("next: triptych report 'my trace'\\''s'\n"), result.err)


if __name__ == "__main__":
    harness.main()
