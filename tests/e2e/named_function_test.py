# SPDX-License-Identifier: Apache-2.0
"""A function of a runtime that nobody knows, probed by its name: its hits, and that nothing else is claimed."""

import collections
import json
import subprocess

import harness


class NamedFunction(harness.Test):
    def events(self):
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def test_hits_of_a_function_that_was_named(self):
        source = self.write("fibers.c", """
            #include <stdio.h>
            struct fiber { long turns; };
            static struct fiber fibers[3];
            __attribute__((noinline, noclone)) void fiber_enter(struct fiber* fiber, long more) {
                fiber->turns += more;
                __asm__ volatile("" ::: "memory");
            }
            int main(void) {
                for (int i = 0; i < 3000; i++) fiber_enter(&fibers[i % 4 % 3], 1);
                for (int i = 0; i < 3; i++) printf("%ld %ld\\n", (long)&fibers[i], fibers[i].turns);
            }""")
        program = self.path("fibers")
        subprocess.run(["gcc", "-O2", source, "-o", program], check=True)
        done = self.record("--coroutines", "uprobe:fiber_enter", "--", program)
        self.assertEqual(done.status, 0, done.err)
        expected = {int(id): int(turns) for id, turns in map(str.split, done.out.splitlines())}
        self.assertEqual(sorted(expected.values()), [750, 750, 1500])
        hits = [e for e in self.events() if e["kind"] == "coroutine"]
        self.assertEqual(collections.Counter(int(e["id"], 16) for e in hits), expected)
        self.assertEqual({(e["what"], e["source"], e["runtime"], e["generation_unknown"]) for e in hits},
                         {("resumed", "uprobe", "function", True)})
        report = self.report()
        self.assertEqual(report["totals"]["coroutine_switches"], 3000)
        self.assertEqual({c["address"]: c["resumes"] for c in report["coroutines"]}, expected)
        for each in (*report["coroutines"], *report["coroutine_functions"]):
            self.assertEqual((each["function"], each["mounted_ns"], each["suspended_ns"]), ("fiber_enter", None, None))
        self.assertEqual((report["event_loops"], report["blocked_loops"]), ([], []))
        text = " ".join(self.triptych("report", "triptych.tpt").out.split())
        self.assertIn("3,000 hits of the function that was named, none lost: that a coroutine was resumed then, "
                      "by its first argument.", text)


if __name__ == "__main__":
    harness.main()
