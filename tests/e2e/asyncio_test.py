# SPDX-License-Identifier: Apache-2.0
"""Tasks of Python's asyncio in programs that know nothing of triptych: every step exactly, against what the
program counted itself; who blocked the event loop, and where; and the programs live, whatever happens."""

import collections
import http.client
import json
import os
import re
import signal
import subprocess
import threading

import harness
from python_tasks import PYTHON, Tasks, notes, said
from survival import probed_bytes

TASKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "tasks.py")
# What asyncio.run() itself does at the end: two tasks of one step.
OF_ASYNCIO = {"BaseEventLoop.shutdown_asyncgens", "BaseEventLoop.shutdown_default_executor"}


class AsyncioTest(Tasks):
    runtime, program, own = "asyncio", TASKS, OF_ASYNCIO

    def test_every_step_of_many_tasks(self):
        events, out = self.recorded("many", 25, 200)
        self.assertEqual(said(out)["worker"], (25, 25 * 201, 25))
        self.expect_exact(events, said(out))
        space, = [e for e in events if e["kind"] == "coroutine_space"]
        self.assertEqual((space["source"], space["clock"], space["from_start"]),
                         ("uprobe", "monotonic", True))

    def test_whatever_tasks_do(self):
        events, out = self.recorded("mixed")
        self.expect_exact(events, said(out))
        names = {e["name"] for e in events if e["kind"] == "coroutine_function"}
        self.assertLessEqual({"größe", "no_function.<locals>.inside", "Nested.outer"}, names)
        files = {e["name"] for e in events if e["kind"] == "coroutine_file"}
        self.assertIn(TASKS[-111:], files)

    def test_what_a_task_awaits_itself(self):
        events, _ = self.recorded("mixed")
        awaited = self.awaited(events)
        paused = ("pause", "sleep", "__sleep0")
        outer, leaf = ("Nested.outer", "Nested.outer"), ("Nested.leaf", *paused)
        # A comprehension was a function of its own up to 3.11.
        within = ["Nested.middle"]
        minor = subprocess.run([PYTHON, "-c", "import sys; print(sys.version_info.minor)"],
                               capture_output=True, text=True, check=True).stdout
        if int(minor) < 12:
            within.append("Nested.middle.<locals>.<listcomp>")
        self.assertEqual({chain: count for chain, count in awaited.items()
                          if chain[0] == "Nested.outer"},
                         {(*outer, *leaf): 2, (*outer, *within, *leaf): 6})
        self.assertEqual(awaited["fails", "fails", *paused], 3)
        self.assertEqual(awaited["is_cancelled", "is_cancelled", "of"], 3)
        done = self.triptych("export", "--format", "folded", "--profile", "suspended", "triptych.tpt")
        self.assertEqual(done.status, 0, done.err)
        self.assertRegex(done.out, ";".join(re.escape(each) for each in (*outer, *within, *leaf)))

    def test_tasks_of_uvloop(self):
        if not os.path.isdir("/usr/lib/python3/dist-packages/uvloop"):
            self.skipTest("needs python3-uvloop")
        events, out = self.recorded("uvloop", "many", 25, 200)
        self.assertEqual(said(out)["worker"], (25, 25 * 201, 25))
        self.expect_exact(events, said(out))

    def test_the_report_says_what_the_program_did(self):
        _, out = self.recorded("mixed")
        report = self.report()
        expected = said(out)
        functions = {f["function"]: f for f in report["coroutine_functions"]}
        for name, (created, resumed, finished) in expected.items():
            recorded = functions[name]["recorded"]
            self.assertEqual((recorded["created"], recorded["resumed"], recorded["finished"]),
                             (created, resumed, finished))
        workers = [c for c in report["coroutines"] if c["function"] == "worker"]
        self.assertEqual(len(workers), expected["worker"][0], "one row each, whatever its address")
        self.assertTrue(all(c["finished"] and c["created_is_first_seen"] for c in workers))
        self.assertTrue(all(c["runtime"] == "asyncio" for c in report["coroutines"]))
        main, = [c for c in report["coroutines"] if c["function"] == "mixed"]
        awaits, = [c for c in report["coroutines"] if c["function"] == "awaits"]
        by = collections.Counter(c["awaited_by"] for c in workers)
        self.assertEqual(by, {main["id"]: 50, awaits["id"]: 1})

    def test_who_blocks_the_loop_is_found(self):
        _, out = self.recorded("block")
        blocked = [b for b in self.report()["blocked_loops"] if b["how"] == "blocked"]
        blocked.sort(key=lambda b: b["begin_ns"])
        self.assertEqual([(b["function"], b["syscall"], b["innermost"]["function"],
                           b["innermost"]["file"]) for b in blocked],
                         [("Handler.bad", "clock_nanosleep", "sleep_for", TASKS[-111:])] * 5)
        slept = notes(out)["slept_ns"]
        for block, measured in zip(blocked, slept):
            self.assert_slept(block["duration_ns"], measured)
        self.assertTrue(all(b["delayed"] >= 3 for b in blocked))
        self.assertIn("called by sleep_for", self.triptych("report", "triptych.tpt").out)

    def test_waiting_for_the_gil_is_told_from_blocking(self):
        self.recorded("gil")
        report = self.report("triptych.tpt", "--slow-step", "1ms")
        by_name = {c["function"]: c for c in report["coroutines"]}
        computes, locks = by_name["computes"], by_name["locks"]
        self.assertGreater(computes["gil_ns"], 0)
        self.assertEqual(computes["blocked_ns"], computes["gil_ns"])
        self.assertGreaterEqual(locks["blocked_ns"] - locks["gil_ns"], 50_000_000)
        hows = collections.defaultdict(set)
        for block in report["blocked_loops"]:
            hows[block["function"]].add(block["how"])
        self.assertIn("gil", hows["computes"])
        self.assertNotIn("blocked", hows["computes"])
        self.assertIn("blocked", hows["locks"])
        lock, = [b for b in report["blocked_loops"]
                 if (b["function"], b["how"]) == ("locks", "blocked")]
        self.assertEqual((lock["syscall"], lock["innermost"]["function"]), ("futex", "locks"))

    def test_forked_children_are_seen_and_live(self):
        events, out = self.recorded("fork")
        self.expect_exact(events, said(out))
        spaces = {e["tgid"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(spaces), 2)
        names = [(e["name"], e["line"]) for e in events if e["kind"] == "coroutine_function"]
        self.assertEqual(sorted(names), sorted(set(names)), "one function, whatever the process")

    def test_a_program_that_it_becomes(self):
        events, out = self.recorded("exec")
        self.expect_exact(events, said(out))
        spaces = {e["space"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(spaces), 2)

    def test_what_a_crash_leaves(self):
        done = self.record("--coroutines", "uprobe:asyncio", "--", PYTHON, TASKS, "crash")
        self.assertEqual(done.status, 128 + signal.SIGABRT, done.err)
        self.assertEqual(self.counts(self.events()),
                         {"crash": (1, 2, 0), "worker": (1, 21, 1)})

    def test_a_program_that_runs_already(self):
        self.follow_one_that_runs_already("/_asyncio.", 4)

    def ask(self, port, path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)
        connection.request("GET", path)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def sleeps(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(") ")[2].startswith("S")

    def load(self, port, clients=4, requests=25):
        def client():
            for _ in range(requests):
                self.ask(port)
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return clients * requests

    def expect_server(self, report, asked):
        functions = {f["function"]: f["recorded"] for f in report["coroutine_functions"]}
        self.assertEqual((functions["answer"]["created"], functions["answer"]["finished"]),
                         (asked, asked))
        self.assertGreaterEqual(functions["answer"]["resumed"], asked)
        slow, = [b for b in report["blocked_loops"] if b["how"] == "blocked"]
        self.assertEqual((slow["function"], slow["innermost"]["function"], slow["syscall"]),
                         ("answer", "sleep_for", "clock_nanosleep"))
        return slow

    def test_a_server_under_load(self):
        recorder = self.start("record", "--coroutines", "uprobe:asyncio", "--", PYTHON, TASKS,
                              "serve")
        port = int(recorder.stdout.readline())
        asked = self.load(port)
        slept, = self.ask(port, "/slow")["slept_ns"]
        self.ask(port, "/quit")
        done = self.finish(recorder)
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(said(done.out)["answer"], (asked + 2, 0, asked + 2))
        slow = self.expect_server(self.report(), asked + 2)
        self.assert_slept(slow["duration_ns"], slept)

    def test_a_server_that_runs_already(self):
        program, port = self.serve()
        self.load(port, 2, 5)
        recorder = self.attach(program)
        asked = self.load(port)
        self.ask(port, "/slow")
        self.assertEqual(len(probed_bytes(program.pid, "/_asyncio.")), 4, "or the next lines prove nothing")
        # It answers before its task is over.
        harness.wait_until(lambda: self.sleeps(program.pid), "the loop to have nothing left to do")
        recorder.send_signal(signal.SIGINT)
        done = self.finish(recorder)
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(probed_bytes(program.pid, "/_asyncio."), [])
        self.ask(port, "/quit")
        program.communicate()
        self.assertEqual(program.returncode, 0)
        report = self.report()
        self.expect_server(report, asked + 1)
        # Its main task waits the whole time: it is never resumed, so nobody knows of it.
        self.assertNotIn("serve", {c["function"] for c in report["coroutines"]})

    def test_it_lives_on_when_the_recorder_is_killed(self):
        program, port = self.serve()
        recorder = self.attach(program)
        self.load(port)
        recorder.kill()
        recorder.wait()
        harness.wait_until(lambda: not probed_bytes(program.pid, "/_asyncio."), "the probes to be gone")
        self.load(port)
        self.ask(port, "/quit")
        program.communicate()
        self.assertEqual(program.returncode, 0)

    def test_tasks_that_were_there_before(self):
        program, port = self.serve()
        connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(3)]
        for connection in connections:
            connection.connect()  # and says nothing: its task waits for a line
        self.ask(port)            # so that those have been met
        recorder = self.attach(program)
        for connection in connections:
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        self.ask(port, "/quit")
        program.communicate()
        self.assertEqual(self.finish(recorder).status, 0)
        rows = [c for c in self.report()["coroutines"] if c["function"] == "answer"]
        self.assertEqual(sorted(c["created_ns"] is None for c in rows), [False, True, True, True])
        self.assertTrue(all(c["finished"] for c in rows))

    def test_a_script_and_a_virtual_environment(self):
        subprocess.run([PYTHON, "-m", "venv", "--without-pip", self.path("venv")], check=True)
        text = self.read_bytes(TASKS).decode()
        for line in ("#!" + self.path("venv/bin/python3"), "#!/usr/bin/env python3"):
            script = self.write("script", f"{line}\n{text}", 0o755)
            done = self.record("--coroutines", "uprobe:asyncio", "--", script, "many", "3", "10",
                               env=harness.environment(PATH="/usr/bin:/bin"))  # the system's Python
            self.assertEqual(done.status, 0, done.err)
            self.expect_exact(self.events(), said(done.out))
            os.unlink(self.path("triptych.tpt"))

    def test_what_finds_no_room_is_counted(self):
        events, out = self.recorded("many", 50, 400, options=("--buffer-size", "64K"))
        counted = sum(e["kind"] == "coroutine" for e in events)
        lost = sum(e["count"] for e in events if e["kind"] == "coroutine_lost")
        created, resumed, _ = map(sum, zip(*said(out).values()))
        counted += sum(e["kind"] == "coroutine_inside" for e in events)
        # Each resumption is also left again, by a worker four coroutines deep, by the other task
        # one; those of asyncio itself, what tells of functions.
        inside = 4 * 50 * 400 + 1
        self.assertIn(counted + lost - (created + 2 * resumed + inside), range(0, 100))

    def test_other_programs_are_refused(self):
        done = self.record("--coroutines", "uprobe:asyncio", "--", "/bin/true")
        self.assertEqual(done.status, 125)
        self.assertRegex(done.err, re.escape("error: /bin/true: it is no Python"))
        self.assertEqual(self.names(), [])
        program = subprocess.Popen(["/bin/sleep", "60"])
        self.addCleanup(program.kill)
        done = self.record("--coroutines", "uprobe:asyncio", "-p", str(program.pid))
        self.assertEqual(done.status, 125)
        self.assertRegex(done.err, f"error: process {program.pid}: it is no Python")


harness.main()
