# SPDX-License-Identifier: Apache-2.0
"""Coroutines of programs that link the recorder: every event exactly, against what the program says it
did, however it is started and however it ends."""

import collections
import json
import os
import re
import signal
import socket
import struct

import harness
from survival import FALLS, Survival

PROGRAM = os.environ.get("TRIPTYCH_COROUTINES", "")
LATE = os.environ.get("TRIPTYCH_LATE", "")
LATE_COROUTINES = os.environ.get("TRIPTYCH_LATE_COROUTINES", "")
KINDS = ("created", "resumed", "suspended", "finished", "destroyed")
MOST_ERROR_NS = 2000
ARMED_OFFSET = 64  # of triptych_coro_header
LONG_PATIENCE = 150  # seconds: forty million events


class Trace:
    """The events of a trace, as JSON lines."""

    def __init__(self, events):
        self.events = events
        self.names = {e["function"]: e["name"] for e in self.of("coroutine_function")}

    def of(self, kind):
        return [e for e in self.events if e["kind"] == kind]

    def counts(self):
        """{name: (created, …)}, by the events."""
        counted = collections.defaultdict(collections.Counter)
        for event in self.of("coroutine"):
            counted[self.names.get(event["function"], "?")][event["what"]] += 1
        return {name: tuple(counter[kind] for kind in KINDS) for name, counter in counted.items()}

    def totals(self):
        """The same, by the program's own totals."""
        last = {(e["space"], e["function"]): e for e in self.of("coroutine_totals")}
        summed = collections.defaultdict(collections.Counter)
        for event in last.values():
            for kind in KINDS:
                summed[self.names.get(event["function"], "?")][kind] += event[kind]
        return {name: tuple(counter[kind] for kind in KINDS) for name, counter in summed.items()}

    def lost(self):
        return sum(e["count"] for e in self.of("coroutine_lost"))


def armed(process):
    """The word by which a program that links the recorder is told that somebody records it."""
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps:
        begin, = [int(line.split("-")[0], 16) for line in maps if "/memfd:triptych-coroutine" in line]
    with open(f"/proc/{process}/mem", "rb") as memory:
        memory.seek(begin + ARMED_OFFSET)
        return int.from_bytes(memory.read(4), "little")


def said(text):
    """What the program printed."""
    lines = [line.split() for line in text.splitlines() if len(line.split()) == 6]
    return {line[0]: tuple(map(int, line[1:])) for line in lines}


class CoroutinesTest(Survival):
    def trace(self, file="triptych.tpt"):
        text = self.triptych("dump", "--format", "json", file).out
        return Trace([json.loads(line) for line in text.splitlines()
                      if line.startswith('{"ts_ns"')])

    def test_a_stranger_is_not_listened_to(self):
        """The socket's name stands in /proc/net/unix for everybody; what is no target is nobody."""
        process = self.start("record", "--", "sleep", "0.7")
        self.wait_for_file("triptych.tpt")
        with open("/proc/net/unix", encoding="ascii", errors="replace") as sockets:
            names = re.findall(r"@(triptych-[0-9a-f]{32})", sockets.read())
        self.assertTrue(names)
        memory = os.memfd_create("anything")
        for name in names:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", memory))]
                ours.sendmsg([b"1"], rights, 0, "\0" + name)
        os.close(memory)
        result = self.finish(process)
        self.assertEqual(result.status, 0, result.err)
        self.assertNotIn("coroutines", result.err)

    def recorded(self, *words, options=(), status=0):
        done = self.record(*options, "--", PROGRAM, *map(str, words))
        self.assertEqual(done.status, status, done.err)
        return self.trace(), said(done.out)

    def expect_exact(self, trace, expected):
        self.assertTrue(expected)
        self.assertEqual(trace.counts(), expected)
        self.assertEqual(trace.totals(), expected)
        self.assertEqual(trace.lost(), 0)
        self.expect_order(trace)

    def expect_order(self, trace):
        times = [event["ts_ns"] for event in trace.events]
        self.assertEqual(times, sorted(times))

    def test_every_switch_is_there(self):
        self.expect_exact(*self.recorded("switch", 100_000))

    def test_on_many_threads(self):
        trace, expected = self.recorded("switch", 2000, 20)
        self.expect_exact(trace, expected)
        self.assertEqual(len({e["task"] for e in trace.of("coroutine")}), 20)
        self.assertNotIn(0, {e["task"] for e in trace.of("coroutine")})

    def test_await_chains(self):
        trace, expected = self.recorded("await", 1000)
        self.expect_exact(trace, expected)
        awaits = [e for e in trace.of("coroutine") if e["what"] == "awaits"]
        self.assertEqual(len(awaits), 1000)
        children = {e["id"] for e in trace.of("coroutine") if trace.names[e["function"]] == "child"}
        self.assertLessEqual({e["other"] for e in awaits}, children)

    def test_an_await_chain_stands_in_its_logical_order(self):
        """The innermost one is resumed by the loop alone: no stack of the thread has the others."""
        self.recorded("chain", 100)
        result = self.triptych("export", "--profile", "suspended", "--format", "folded")
        self.assertEqual(result.status, 0, result.err)
        waits = {}
        for line in result.out.splitlines():
            if not line.startswith("#"):
                path, _, value = line.rpartition(" ")
                waits[tuple(path.split(";")[2:])] = int(value)
        outermost = ("by function: nobody is known to await it", "serve")
        middle = ("by await chain", "serve", "handle_request")
        innermost = ("by await chain", "serve", "handle_request", "read_page")
        self.assertEqual(set(waits), {outermost, middle, innermost})
        self.assertGreaterEqual(waits[innermost], 100_000_000)
        self.assertLess(waits[innermost], waits[middle])
        self.assertLess(waits[middle], waits[outermost])

    def test_a_forked_child_has_a_space_of_its_own(self):
        trace, expected = self.recorded("fork", 1000)
        self.expect_exact(trace, expected)
        spaces = {e["space"]: e for e in trace.of("coroutine_space")}
        self.assertEqual(len(spaces), 2)
        self.assertEqual([e["forked_from"] for e in spaces.values()], [0, 1])
        by_space = collections.Counter(e["space"] for e in trace.of("coroutine")
                                       if e["what"] == "finished")
        self.assertEqual(by_space, {1: 1, 2: 1})

    def test_a_child_made_behind_the_back_of_the_c_library_is_taken_for_its_parent(self):
        """It goes by the tid that the C library still has, but writes nothing into its parent's ring."""
        trace, expected = self.recorded("clone", 1000)
        self.expect_exact(trace, expected)
        self.assertEqual(len(trace.of("coroutine_space")), 1)

    def test_a_child_that_shares_its_memory_until_it_becomes_another_program(self):
        trace, expected = self.recorded("vfork", 1000, PROGRAM, "await", 10)
        self.assertEqual(set(expected), {"worker", "parent", "child"})
        self.expect_exact(trace, expected)
        spaces = {e["space"]: e["tgid"] for e in trace.of("coroutine_space")}
        self.assertEqual(len(set(spaces.values())), 2)

    def test_exceptions(self):
        self.expect_exact(*self.recorded("throw", 1000))

    def test_a_killed_program_leaves_what_it_wrote(self):
        self.expect_exact(*self.recorded("kill", 5000, status=128 + signal.SIGKILL))

    def test_one_that_crashes_does_too(self):
        for how, number in FALLS.items():
            with self.subTest(how=how):
                self.expect_exact(*self.recorded("crash", 5000, how, status=128 + number))
                os.unlink(self.path("triptych.tpt"))

    def test_a_recorder_that_is_loaded_late(self):
        done = self.record("--", LATE, "0", "0", LATE_COROUTINES, "switch", "1000", "3")
        self.assertEqual(done.status, 0, done.err)
        self.expect_exact(self.trace(), said(done.out))

    def test_a_program_that_becomes_another(self):
        trace, _ = self.recorded("exec", 1000, PROGRAM, "await", 10)
        expected = {"worker": (1, 1001, 1000, 1, 1), "parent": (1, 11, 10, 1, 1),
                    "child": (10, 10, 0, 10, 10)}
        self.expect_exact(trace, expected)
        self.assertEqual(len(trace.of("coroutine_space")), 2)

    def test_what_a_full_ring_loses_is_counted(self):
        trace, expected = self.recorded("switch", 300_000, options=("--coroutine-buffer", "4K"))
        self.assertEqual(trace.totals(), expected)
        counted = sum(sum(counts) for counts in trace.counts().values())
        self.assertGreater(trace.lost(), 0)
        # The thread's coming is an event of the ring, too.
        self.assertIn(counted + trace.lost() - sum(expected["worker"]), (0, 1))
        self.expect_order(trace)

    def rush(self, *options):
        """20 million switches as fast as they go: what the program says, and the report of it."""
        done = self.record(*options, "--", PROGRAM, "rush", "20000000", patience=LONG_PATIENCE)
        self.assertEqual(done.status, 0, done.err)
        rate, = (float(line.split()[1]) for line in done.out.splitlines() if "rate" in line)
        print(f"{rate / 1e6:.1f} million switches a second of the program's CPU time")
        report = self.report(patience=LONG_PATIENCE)
        worker, = report["coroutine_functions"]
        self.assertEqual(tuple(worker["counted"][kind] for kind in KINDS), said(done.out)["worker"])
        return worker, report["data_quality"]["lost_coroutine_events"]

    def test_a_buffer_that_holds_20_million_switches_loses_none(self):
        """The one that docs/coroutines.md states."""
        with open("/proc/meminfo", encoding="ascii") as text:
            available = int(re.search(r"MemAvailable: +(\d+)", text.read()).group(1))
        if available < 3 << 20:
            self.skipTest("needs 3 GiB of memory")
        worker, lost = self.rush("--coroutine-buffer", "1G")
        self.assertEqual(lost, 0)
        self.assertEqual(worker["recorded"], worker["counted"])

    def test_20_million_switches_beyond_the_buffer_are_counted_exactly(self):
        worker, lost = self.rush()
        self.assertEqual(sum(worker["recorded"].values()) + lost, sum(worker["counted"].values()))

    def test_a_program_that_scribbles_over_its_memory_hurts_itself_alone(self):
        done = self.record("--", "/bin/sh", "-c",
                           f"{PROGRAM} scribble & {PROGRAM} switch 50000; wait")
        self.assertEqual(done.status, 0, done.err)
        trace = self.trace()
        self.expect_order(trace)
        spaces = [e["space"] for e in trace.of("coroutine_space")]
        self.assertIn((1, 50001, 50000, 1, 1), [
            tuple(sum(e["space"] == space and e["what"] == kind for e in trace.of("coroutine"))
                  for kind in KINDS) for space in spaces])

    def expect_blocked(self, how, milliseconds):
        blocked = self.report()["blocked_loops"]
        self.assertEqual(len(blocked), 1, blocked)
        only = blocked[0]
        self.assertEqual((only["function"], only["how"]), ("blocker", how))
        self.assertEqual(only["delayed"], 2)
        self.assertGreaterEqual(only["duration_ns"], milliseconds * 1_000_000)
        return only

    def test_who_sleeps_in_an_event_loop_is_found(self):
        self.expect_exact(*self.recorded("block", 200))
        only = self.expect_blocked("blocked", 200)
        self.assertEqual(only["syscall"], "clock_nanosleep")

    def test_who_computes_in_an_event_loop_is_found(self):
        self.expect_exact(*self.recorded("spin", 100))
        report = self.report()
        loops = report["blocked_loops"]
        # Where others wanted the CPU as well, part of the time went by waiting for it.
        self.assertEqual({b["function"] for b in loops}, {"blocker"})
        self.assertIn("computing", {b["how"] for b in loops})
        self.assertLessEqual({b["how"] for b in loops}, {"computing", "runnable"})
        blocker, = [c for c in report["coroutines"] if c["function"] == "blocker"]
        self.assertGreaterEqual(blocker["mounted_ns"], 99_000_000)

    def test_the_report_says_what_the_program_did(self):
        _, expected = self.recorded("switch", 1000, 3)
        report = self.report()
        self.assertEqual(report["totals"]["coroutine_switches"], expected["worker"][1])
        functions = {f["function"]: f for f in report["coroutine_functions"]}
        self.assertEqual(tuple(functions["worker"]["recorded"][kind] for kind in KINDS),
                         expected["worker"])
        self.assertEqual(functions["worker"]["recorded"], functions["worker"]["counted"])
        self.assertEqual(len(report["coroutines"]), 3)
        self.assertEqual(len(report["event_loops"]), 3)
        for coroutine in report["coroutines"]:
            parts = ("on_cpu_ns", "runnable_ns", "blocked_ns", "unknown_ns")
            self.assertEqual(sum(coroutine[part] for part in parts), coroutine["mounted_ns"])
            self.assertEqual(coroutine["unknown_ns"], 0)
            self.assertEqual(coroutine["resumes"], 1001)

    def test_off_means_off(self):
        trace, _ = self.recorded("switch", 100, options=("--coroutines", "off"))
        self.assertEqual([e for e in trace.events if e["kind"].startswith("coroutine")], [])

    def test_programs_that_run_already(self):
        """The second one dies of any system call that it does not need itself."""
        def expect_sandbox(witness):
            with open(f"/proc/{witness.pid}/status", encoding="ascii", errors="replace") as status:
                self.assertIn("Seccomp:\t2\n", status.read())

        for what, look in (("wait", lambda witness: None), ("sandbox", expect_sandbox)):
            with self.subTest(what=what):
                out, *_ = self.recorded_among_others((), (PROGRAM, what, 20_000), files=(), look=look)
                self.expect_exact(self.trace(), said(out))
                os.unlink(self.path("triptych.tpt"))

    def test_it_is_disarmed_when_the_recording_ends(self):
        program, bystander = (self.waiting(PROGRAM, "wait", 100) for _ in range(2))
        self.assertEqual(armed(program.pid), 0)
        recorder = self.attached((), program)
        self.assertNotEqual(armed(program.pid), 0)
        self.assertEqual(armed(bystander.pid), 0)
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(recorder).status, 0)
        self.assertEqual(armed(program.pid), 0)
        for each in (program, bystander):
            self.assertTrue(said(self.gone_on(each)))

    def test_of_two_recordings_the_one_that_ends_leaves_the_program_to_the_other(self):
        for which in ("first", "second"):
            with self.subTest(ends=which):
                program = self.waiting(PROGRAM, "wait", 1000)
                recorders = {name: self.attached((), program, name + ".tpt") for name in ("first", "second")}
                ending = recorders.pop(which)
                ending.send_signal(signal.SIGINT)
                self.assertEqual(self.finish(ending).status, 0)
                self.assertNotEqual(armed(program.pid), 0)
                out = self.gone_on(program)
                (name, staying), = recorders.items()
                self.assertEqual(self.finish(staying).status, 0)
                self.expect_exact(self.trace(name + ".tpt"), said(out))
                for each in ("first", "second"):
                    os.unlink(self.path(each + ".tpt"))

    def test_no_coroutine_runs_on_a_thread_that_is_off_its_cpu(self):
        trace, expected = self.recorded("switch", 200_000, 3)
        self.expect_exact(trace, expected)
        off = {}  # task: since when, until when it was last off its CPU
        checked = 0
        for event in trace.events:
            if event["kind"] == "switch":
                if event["task"] in off:
                    off[event["task"]][0] = event["ts_ns"]
                if event["next"] in off:
                    off[event["next"]][0] = None
            elif event["kind"] == "coroutine":
                since = off.setdefault(event["task"], [None])[0]
                if since is None or event.get("clamped"):
                    continue
                checked += 1
                self.assertLessEqual(event["ts_ns"] - since, MOST_ERROR_NS, event)
        self.assertLess(checked, 1000, "hardly any is at the edge")


harness.main()
