# SPDX-License-Identifier: Apache-2.0
"""What becomes of skipped tests: the harness's own tests, run on files of one or two tests."""

import os
import subprocess
import sys
import textwrap

import harness

HERE = os.path.dirname(os.path.abspath(__file__))


class Skips(harness.Test):
    def status(self, body, required):
        text = ("import sys, unittest\n" f"sys.path.insert(0, {HERE!r})\n" "import harness\n" +
                textwrap.dedent(body) + "harness.main()\n")
        env = harness.environment(TRIPTYCH_REQUIRE="1" if required else None)
        done = subprocess.run([sys.executable, "-B", self.write("some_test.py", text)], env=env, text=True,
                              capture_output=True, timeout=harness.PATIENCE, check=False)
        return done.returncode, done.stderr

    def assert_statuses(self, body, otherwise, required):
        self.assertEqual([self.status(body, each)[0] for each in (False, True)], [otherwise, required])

    def test_one_skip_among_others(self):
        body = """
            class T(unittest.TestCase):
                def test_one(self): pass
                def test_other(self): self.skipTest("no such tool")
            """
        self.assert_statuses(body, 0, 1)
        self.assertIn("1 tests were skipped, and TRIPTYCH_REQUIRE is set", self.status(body, True)[1])

    def test_a_class_as_a_whole(self):
        self.assert_statuses("""
            @unittest.skip("no such tool")
            class T(unittest.TestCase):
                def test_one(self): pass
                def test_other(self): pass
            """, 77, 1)

    def test_part_of_a_test(self):
        self.assert_statuses("""
            class T(unittest.TestCase):
                def test_one(self):
                    for each in range(3):
                        with self.subTest(each):
                            if each: self.skipTest("no such tool")
                def test_other(self): pass
            """, 0, 1)

    def test_what_could_not_be_decided(self):
        self.assert_statuses("""
            class T(harness.Test):
                def test_one(self): pass
                def test_other(self): self.undecided("it was too busy")
            """, 0, 0)

    def test_failures_are_failures(self):
        self.assert_statuses("""
            class T(harness.Test):
                def test_one(self): self.fail()
                def test_other(self): self.undecided("it was too busy")
            """, 1, 1)


if __name__ == "__main__":
    harness.main()
