# SPDX-License-Identifier: Apache-2.0
"""triptych compare create, whole, with its reasons: what it says of times, it can only say where it is alone."""

import comparisons
import harness


class CreationTest(comparisons.Test):
    def test_creation(self):
        document = self.compare("--quick", "create")
        self.assertTrue(document["tracing"]["traced"], document["tracing"])
        self.assertEqual(document["tracing"]["remarks"], [])
        fork = self.cell(document, "process", "fork")
        vfork = self.cell(document, "process", "vfork")
        thread = self.cell(document, "thread", "default")
        coroutine = self.cell(document, "coroutine", "stackless")
        self.assertGreater(self.median(fork), self.median(thread))
        self.assertGreater(self.median(thread), self.median(coroutine))
        self.assertEqual(len(fork["figures"][0]["values"]), 10)
        self.assertEqual(self.recorded(fork, "processes_created"), 1)
        self.assertGreater(self.recorded(fork, "page_table_pages"), 4)
        self.assertEqual(self.recorded(vfork, "page_table_pages"), 0)
        self.assertEqual(self.recorded(vfork, "cow_copies"), 0)
        self.assertEqual(self.recorded(thread, "threads_created"), 1)
        self.assertEqual(self.recorded(thread, "processes_created"), 0)
        for variant in ("stackless", "stackful", "ucontext"):
            cell = self.cell(document, "coroutine", variant)
            self.assertEqual(self.recorded(cell, "coroutine_switches"), 1, variant)
            source, = {figure["source"] for figure in cell["traced"]["figures"]
                       if figure["name"] == "coroutine_switches"}
            self.assertEqual(source, "the recorder in the program: resumptions")
        self.assertEqual(self.recorded(coroutine, "voluntary_switches"), 0)
        # Where other programs make everything slow, the page tables no longer explain it.
        busy = self.median(fork) > 1e6
        self.assertTrue(busy or any("page-table pages are copied" in line
                                    for line in document["scenarios"][0]["explanations"]),
                        document["scenarios"][0]["explanations"])
        self.assertEqual(document["ladder"][0]["question"], "creation")
        self.assertEqual({each["event"] for each in document["tracing"]["event_costs"]},
                         {"context switch", "coroutine switch", "page fault", "thread created",
                          "process created"})
        tracing = document["tracing"]
        self.assertLess(tracing["calibrated_after_ns"], tracing["checked_after_ns"])
        self.assertLess(tracing["checked_after_ns"], document["elapsed_ns"])
        for each in tracing["event_costs"]:
            self.assertIsInstance(each["held"], bool, each)
        self.assertFalse(document["statistics"]["too_few_repetitions"])


if __name__ == "__main__":
    harness.main()
