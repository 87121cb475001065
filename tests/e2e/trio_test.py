# SPDX-License-Identifier: Apache-2.0
"""Tasks of Trio in programs that know nothing of triptych: every step exactly, against what Trio itself tells
an instrument; who blocked the event loop, and where; and the programs live, whatever happens."""

import collections
import json
import os
import re
import signal
import socket

import harness
from python_tasks import PYTHON, Tasks, notes, said
from survival import probed_bytes

TRIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "trio_tasks.py")


class TrioTest(Tasks):
    runtime, program = "trio", TRIO

    def test_every_step_of_many_tasks(self):
        events, out = self.recorded("many", 25, 200)
        self.assertEqual(said(out)["worker"], (25, 25 * 201, 25))
        self.expect_exact(events, said(out))
        space, = [e for e in events if e["kind"] == "coroutine_space"]
        self.assertEqual((space["source"], space["clock"], space["from_start"]),
                         ("uprobe", "monotonic", True))

    def test_whatever_tasks_do(self):
        events, out = self.recorded("mixed")
        expected = said(out)
        self.assertEqual(expected["runs_in_contexts"], (1, 21, 1))
        self.assertEqual(expected["Runner.init"][0], 2, "another loop, while a step of the first goes on")
        self.expect_exact(events, expected)
        files = {e["name"] for e in events if e["kind"] == "coroutine_file"}
        self.assertIn(TRIO[-111:], files)

    def test_what_a_task_awaits_itself(self):
        events, _ = self.recorded("mixed")
        awaited = self.awaited(events)
        checkpoint = ("pause", "sleep", "checkpoint", "cancel_shielded_checkpoint", "_async_yield")
        outer, leaf = ("Nested.outer",), ("Nested.leaf", *checkpoint)
        self.assertEqual({chain: count for chain, count in awaited.items()
                          if chain[0] == "Nested.outer"},
                         {(*outer, *leaf): 2, (*outer, "Nested.middle", *leaf): 4})
        self.assertEqual(awaited["fails", *checkpoint], 3)
        forever = ("sleep_forever", "wait_task_rescheduled", "_async_yield")
        self.assertEqual(awaited["is_cancelled", *forever], 3)
        done = self.triptych("export", "--format", "folded", "--profile", "suspended", "triptych.tpt")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn(";".join((*outer, "Nested.middle", *leaf)), done.out)

    def test_the_report_says_what_the_program_did(self):
        _, out = self.recorded("mixed")
        report = self.report()
        functions = {f["function"]: tuple(f["recorded"][kind]
                                          for kind in ("created", "resumed", "finished"))
                     for f in report["coroutine_functions"]}
        self.assertEqual(functions, said(out))
        rows = collections.Counter(c["function"] for c in report["coroutines"])
        self.assertEqual(rows, {name: created for name, (created, _, _) in said(out).items()},
                         "one row each, whatever its address")
        self.assertTrue(all(c["finished"] and c["created_is_first_seen"] and c["runtime"] == "trio"
                            for c in report["coroutines"]))

    def test_who_blocks_the_loop_is_found(self):
        _, out = self.recorded("block")
        blocked = [b for b in self.report()["blocked_loops"] if b["how"] == "blocked"]
        blocked.sort(key=lambda b: b["begin_ns"])
        self.assertEqual([(b["function"], b["syscall"], b["innermost"]["function"],
                           b["innermost"]["file"]) for b in blocked],
                         [("Handler.bad", "clock_nanosleep", "sleep_for", TRIO[-111:])] * 5)
        slept = notes(out)["slept_ns"]
        for block, measured in zip(blocked, slept):
            self.assert_slept(block["duration_ns"], measured)
        self.assertIn("called by sleep_for", self.triptych("report", "triptych.tpt").out)

    def test_forked_children_are_seen_and_live(self):
        events, out = self.recorded("fork")
        self.expect_exact(events, said(out))
        self.assertEqual(said(out)["worker"], (20, 10 * 21 + 10 * 31, 20))
        spaces = {e["tgid"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(spaces), 2)

    def test_a_program_that_it_becomes(self):
        events, out = self.recorded("exec")
        self.expect_exact(events, said(out))
        self.assertEqual(said(out)["worker"], (20, 10 * 21 + 10 * 31, 20))
        spaces = {e["space"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(spaces), 2)

    def test_what_a_crash_leaves(self):
        done = self.record("--coroutines", "uprobe:trio", "--", PYTHON, TRIO, "crash")
        self.assertEqual(done.status, 128 + signal.SIGABRT, done.err)
        self.assertEqual(self.counts(self.events())["crash"], (1, 21, 0))

    def test_a_program_that_runs_already(self):
        self.follow_one_that_runs_already(os.path.realpath(PYTHON), 2)

    def ask(self, port, word):
        with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as connection:
            connection.sendall(word)
            with connection.makefile() as answer:
                return json.loads(answer.read())

    def test_a_server_that_runs_already(self):
        program, port = self.serve()
        self.ask(port, b"hello")
        # Two that are there before: their tasks wait for a word.
        early = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        self.ask(port, b"hello")
        recorder = self.attach(program)
        for _ in range(30):
            self.ask(port, b"hello")
        slept, = self.ask(port, b"slow")["slept_ns"]
        for connection in early:
            connection.sendall(b"hello")
            connection.makefile().read()
            connection.close()
        self.ask(port, b"quit")
        out, _ = program.communicate()
        self.assertEqual(program.returncode, 0)
        self.assertEqual(said(out)["answer"][0], 36)
        done = self.finish(recorder)
        self.assertEqual(done.status, 0, done.err)
        report = self.report()
        rows = [c for c in report["coroutines"] if c["function"] == "answer"]
        self.assertEqual(len(rows), 34)
        self.assertEqual(sum(c["created_ns"] is None for c in rows), 2)
        self.assertTrue(all(c["finished"] for c in rows))
        slow, = [b for b in report["blocked_loops"] if b["how"] == "blocked"]
        self.assertEqual((slow["function"], slow["innermost"]["function"], slow["syscall"]),
                         ("answer", "sleep_for", "clock_nanosleep"))
        self.assert_slept(slow["duration_ns"], slept)

    def test_it_lives_on_when_the_recorder_is_killed(self):
        program, port = self.serve()
        recorder = self.attach(program)
        self.ask(port, b"hello")
        recorder.kill()
        recorder.wait()
        harness.wait_until(lambda: not probed_bytes(program.pid, os.path.realpath(PYTHON)),
                           "the probes to be gone")
        self.ask(port, b"hello")
        self.ask(port, b"quit")
        program.communicate()
        self.assertEqual(program.returncode, 0)

    def test_what_could_be_seen_is_told_beforehand(self):
        program = self.wait_for_program("many", 1, 1)
        for of in (("-p", str(program.pid)), ("--", PYTHON)):
            done = self.triptych("doctor", *of)
            self.assertEqual(done.status, 0, done.err)
            self.assertRegex(" ".join(done.out.split()),
                             re.escape(os.path.realpath(PYTHON)) + ".*tasks of Trio")
        program.communicate("\n")

    def test_other_programs_are_refused(self):
        done = self.record("--coroutines", "uprobe:trio", "--", "/bin/true")
        self.assertEqual(done.status, 125)
        self.assertIn("error: /bin/true: it is no Python", done.err)
        self.assertEqual(self.names(), [])


if not os.path.isdir("/usr/lib/python3/dist-packages/trio"):
    harness.skip("python3-trio is not installed")
harness.main()
