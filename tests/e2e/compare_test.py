# SPDX-License-Identifier: Apache-2.0
"""triptych compare: on small plans, with invariants and never with absolute times."""

import json
import os
import signal
import time

import comparisons
import harness
from comparisons import PATIENCE

QUICK = ("--quick", "--repetitions", "3")


class CompareTest(comparisons.Test):
    def test_copies_and_switches(self):
        document = self.compare(*QUICK, "cow", "switch")
        # Recorder and program count the same: else a remark would say so.
        self.assertEqual(document["tracing"]["remarks"], [])
        cost, = [each for each in document["tracing"]["event_costs"]
                 if each["event"] == "coroutine switch"]
        self.assertGreater(cost["ns"], 0)
        cow = [cell for cell in document["cells"]
               if cell["scenario"] == "cow" and cell["placement"] == "pinned"]
        for cell in cow:
            expected = next(figure["median"] for figure in cell["figures"]
                            if figure["name"] == "copies_expected")
            self.assertEqual(self.recorded(cell, "memory_copies"), expected, cell["variant"])
            # The stack and data of parent and child come on top.
            others = self.recorded(cell, "cow_copies") - expected
            self.assertGreaterEqual(others, 1 if cell["model"] == "process" else 0)
            self.assertLessEqual(others, 40 if cell["model"] == "process" else 0)
        for cell in document["cells"]:
            if cell["scenario"] != "switch" or cell["placement"] != "pinned":
                continue
            switches = (self.recorded(cell, "voluntary_switches") +
                        self.recorded(cell, "involuntary_switches"))
            if cell["model"] == "coroutine":
                self.assertEqual(self.recorded(cell, "coroutine_switches"), 2)
                self.assertEqual(self.recorded(cell, "voluntary_switches"), 0)
            else:
                self.assertAlmostEqual(switches, 2, delta=0.2)
                self.assertEqual(self.recorded(cell, "coroutine_switches"), 0)
            if cell["model"] == "thread":
                self.assertLess(self.recorded(cell, "address_space_switches"), 0.1)

    def test_copies_are_the_share_written_exactly(self):
        for settings, expected in ((["child=25%", "during=50%"], 768), (["memory=file"], 512),
                                   (["memory=file", "during=25%", "after=50%"], 1280),
                                   (["pages=huge", "child=10%"], 102), (["child=0%"], 0)):
            words = [word for each in settings for word in ("--set", each)]
            document = self.compare(*QUICK, "cow", "--models", "process", "--set", "resident=4M",
                                    *words)
            fork = self.cell(document, "process", "fork")
            self.assertEqual(self.recorded(fork, "memory_copies"), expected, settings)

    def test_one_memory_copies_the_pages_of_a_file_too(self):
        document = self.compare(*QUICK, "cow", "--set", "resident=4M", "--set", "memory=file")
        for cell in document["cells"]:
            if cell["placement"] == "pinned":
                title = (cell["model"], cell["variant"])
                self.assertEqual(self.recorded(cell, "memory_copies"), 512, title)
                copies = [each for each in cell["figures"] if each["name"] == "copies_expected"]
                self.assertEqual(copies[0]["median"], 512, title)
                # What puts the file's pages back is in no figure.
                if cell["model"] == "coroutine":
                    self.assertLess(self.recorded(cell, "faults_file"), 1, title)
        for line in document["scenarios"][0]["explanations"]:
            self.assertNotIn("copies none", line)

    def test_text_has_tables_reasons_and_summary(self):
        result = self.triptych("compare", *QUICK, "switch", patience=PATIENCE)
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("switch: hand control from one unit to another", result.out)
        self.assertIn("time, pinned", result.out)
        self.assertIn("log scale", result.out)
        self.assertIn("few runs", result.out)
        self.assertIn("recorded, per operation", result.out)
        self.assertIn("In short", result.out)
        self.assertNotIn("\033", result.out)
        self.assertEqual(result.err, "", "progress is for terminals")
        self.assertLessEqual(max(map(len, result.out.splitlines())), 100)

    def test_without_root_the_untraced_half_runs(self):
        os.chmod(self.directory, 0o777)
        document = self.compare(
            *QUICK, "lock",
            prefix=("setpriv", f"--reuid={harness.USER}", f"--regid={harness.USER}",
                    "--clear-groups"))
        self.assertFalse(document["tracing"]["traced"])
        self.assertIn("not root", document["tracing"]["why_not"])
        self.assertIn("context switches", document["tracing"]["why_not"])
        for cell in document["cells"]:
            self.assertIsNone(cell["traced"])
            self.assertIsNone(cell["refused"])

    def test_one_cpu_says_what_it_cannot_show(self):
        cpu = str(min(os.sched_getaffinity(0)))
        document = self.compare(*QUICK, "cpu", prefix=("taskset", "-c", cpu))
        self.assertEqual(document["environment"]["usable_cpus"], 1)
        remarks = document["scenarios"][0]["remarks"]
        self.assertTrue(any("speed-up that gives, cannot be tested" in line for line in remarks),
                        remarks)

    def test_models_settings_and_kept_traces(self):
        words = (*QUICK, "create", "--models", "thread", "--set", "resident=0",
                 "--keep-traces", "traces")
        document = self.compare(*words)
        # As it was given, so that it can be given once more.
        program, *given = document["command_line"]
        self.assertEqual(os.path.basename(program), "triptych")
        self.assertEqual(given, ["compare", *words, "--format", "json"])
        self.assertEqual({cell["model"] for cell in document["cells"]}, {"thread"})
        self.assertEqual(document["scenarios"][0]["parameters"]["resident"], "0")
        self.assertEqual(os.listdir(self.path("traces")), ["create.tpt"])
        report = self.report("traces/create.tpt")
        self.assertEqual(report["data_quality"]["lost"], 0)

    def test_under_sudo_the_cells_run_as_the_caller(self):
        os.chmod(self.directory, 0o777)
        self.compare(*QUICK, "create", "--models", "thread", "--keep-traces", "traces",
                     env=harness.environment(SUDO_UID=str(harness.USER),
                                             SUDO_GID=str(harness.USER)))
        self.assertEqual(os.stat(self.path("traces/create.tpt")).st_uid, harness.USER)

    def test_under_sudo_the_machines_counters_are_refreshed_for_the_cells(self):
        os.chmod(self.directory, 0o777)
        for environment, source in (
                ({}, "by writing vm.stat_refresh"),
                ({"SUDO_UID": str(harness.USER), "SUDO_GID": str(harness.USER)},
                 "by having vm.stat_refresh written by who started this")):
            document = self.compare(*QUICK, "idle", "--models", "coroutine",
                                    env=harness.environment(**environment))
            for cell in document["cells"]:
                figure = next(each for each in cell["figures"]
                              if each["name"] == "counters_refreshed")
                self.assertEqual((figure["median"], figure["source"]), (1, source))
        result = self.triptych("run", "idle", "--model", "coroutine", "--format", "json",
                               prefix=("setpriv", f"--reuid={harness.USER}",
                                       f"--regid={harness.USER}", "--clear-groups"))
        self.assertEqual(result.status, 0, result.err)
        metric = next(each for each in json.loads(result.out)["metrics"]
                      if each["name"] == "counters_refreshed")
        self.assertEqual(metric["value"], 0)
        self.assertIn("by waiting a second", metric["source"])

    def test_interrupt_leaves_nothing_behind(self):
        process = self.start("compare", "--quick", "create", "-o", "out.txt",
                             env=harness.environment(TMPDIR=self.directory))
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual(result, harness.Result(130, "", "error: interrupted\n"))
        self.assertEqual(self.names(), [])
        session = [entry for entry in os.listdir("/proc") if entry.isdigit()
                   and self.session_of(entry) == process.pid and harness.alive(entry)]
        self.assertEqual(session, [])

    @staticmethod
    def session_of(process):
        try:
            return os.getsid(int(process))
        except ProcessLookupError:
            return None

    def test_bad_input(self):
        refused = lambda *words: self.triptych("compare", *words)
        self.assert_refused(refused("creat"), 2, "there is no scenario creat",
                            "there are: " + ", ".join(self.scenarios()))
        self.assert_refused(refused("--models", "fibre"), 2, "there is no model fibre",
                            "there are: process, thread, coroutine")
        self.assert_refused(refused("--repetitions", "0"), 2, "0 repetitions are not possible",
                            "--repetitions takes 1 to 1000; differences show from about 10 on")
        self.assert_refused(refused("create", "--set", "units=4"), 2,
                            "no chosen scenario has the parameter units=4",
                            "triptych list shows them; --set takes KEY=VALUE")
        self.assert_refused(refused("create", "--keep-traces", "/dev/null"), 2,
                            "/dev/null is not a directory", "--keep-traces takes one")
        self.assertEqual(refused("create", "--set", "resident=1P").status, 2)
        self.assertEqual(refused("-o", "/nonexistent/x", "create").status, 1)

    def scenarios(self):
        return [line for line in self.triptych("list").out.splitlines()
                if line and not line.startswith(" ")]


if __name__ == "__main__":
    harness.main()
