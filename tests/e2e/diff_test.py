# SPDX-License-Identifier: Apache-2.0
"""triptych diff: of comparisons and of reports."""

import json

import harness


class DiffTest(harness.Test):
    def measure(self, name, *settings):
        result = self.triptych("compare", "--quick", "cpu", "--models", "thread", "--set",
                               "units=1", "--set", "work=1000000", "--format", "json", "-o", name,
                               *settings)
        self.assertEqual(result.status, 0, result.err)

    def test_a_slowdown_fails(self):
        self.measure("a.json")
        self.measure("b.json", "--set", "extra=100%")
        slower = self.triptych("diff", "--fail-on", "slower", "a.json", "b.json")
        self.assertEqual(slower.status, 5, slower.out + slower.err)
        self.assertIn("differs  cpu.extra: 0% → 100%", slower.out)
        self.assertIn("slower", slower.out)
        faster = self.triptych("diff", "--fail-on", "slower", "--format", "json", "b.json", "a.json")
        self.assertEqual(faster.status, 0, faster.out)
        difference = json.loads(faster.out)
        self.assertEqual(difference["schema"], "triptych.diff/1")
        self.assertGreater(difference["faster"], 0)
        self.assertEqual(difference["slower"], 0)

    def test_two_reports(self):
        self.assertEqual(self.record("-o", "x.tpt", "--", "/bin/true").status, 0)
        self.write("r.json", self.triptych("report", "--format", "json", "x.tpt").out)
        result = self.triptych("diff", "r.json", "r.json")
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("0 slower, 0 faster", result.out)
        self.assert_refused(self.triptych("diff", "--fail-on", "slower", "r.json", "r.json"), 2,
                            "from these files nothing can be proven to be slower",
                            "--fail-on takes two comparisons with at least 8 repetitions each")

    def test_bad_input(self):
        hint = ("write one with: triptych compare --format json -o FILE, "
                "or triptych report --format json")
        self.write("foreign.json", '{"schema": "somebody/1"}')
        self.write("text.txt", "hello\n")
        self.assert_refused(self.triptych("diff", "a.json", "b.json"), 2,
                            "cannot open a.json: No such file or directory", hint)
        self.assert_refused(self.triptych("diff", "foreign.json", "foreign.json"), 2,
                            "foreign.json is neither a comparison nor a report", hint)
        self.assert_refused(self.triptych("diff", "text.txt", "text.txt"), 2,
                            "text.txt is not JSON of triptych", hint)
        self.assertEqual(self.triptych("diff", "a.json").status, 2)


if __name__ == "__main__":
    harness.main()
