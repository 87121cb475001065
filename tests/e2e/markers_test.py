# SPDX-License-Identifier: Apache-2.0
"""Coroutines of a program that carries markers (USDT): every marker exactly, against what the program
says it reached; and the program lives, whatever it does meanwhile."""

import collections
import json
import os
import re
import subprocess

import harness
from survival import FALLS, Survival

PROGRAM = os.environ.get("TRIPTYCH_MARKERS", "")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")

# What the markers of build_baker's program mean.
BAKERY = """# what      marker
created     bakery:loaf_created    id=3 name=1
resumed     bakery:loaf_resumed    id=1
suspended   bakery:loaf_suspended  id=1   # back on the shelf
finished    bakery:loaf_finished   id=1
destroyed   bakery:loaf_destroyed  id=1
awaits      bakery:loaf_awaits     id=1 other=2
"""
USDT = ("--coroutines", "usdt")
KINDS = ("created", "resumed", "suspended", "finished", "destroyed")


def said(text):
    """What the program printed."""
    lines = [line.split() for line in text.splitlines() if len(line.split()) == 6]
    return {line[0]: tuple(map(int, line[1:])) for line in lines}


class MarkersTest(Survival):
    def events(self):
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def recorded(self, *words, options=(), status=0):
        done = self.record(*options, *USDT, "--", PROGRAM, *map(str, words))
        self.assertEqual(done.status, status, done.err)
        return self.events(), said(done.out)

    def counts(self, events):
        """{name: (created, …)}. A coroutine's function is told when it is created."""
        names = {e["function"]: e["name"] for e in events if e["kind"] == "coroutine_function"}
        functions, counted = {}, collections.defaultdict(collections.Counter)
        for event in (e for e in events if e["kind"] == "coroutine"):
            self.assertEqual(event["source"], "usdt")
            key = (event["space"], event["id"])
            if event["what"] == "created":
                functions[key] = names[event["function"]]
            counted[functions.get(key, "?")][event["what"]] += 1
        return {name: tuple(counter[kind] for kind in KINDS) for name, counter in counted.items()}

    def expect_exact(self, events, expected):
        self.assertTrue(expected)
        self.assertEqual(self.counts(events), expected)
        self.assertEqual([e for e in events if e["kind"] == "coroutine_lost"], [])

    def test_every_marker_is_there(self):
        events, expected = self.recorded("switch", 50_000, 1)
        self.expect_exact(events, expected)
        space, = [e for e in events if e["kind"] == "coroutine_space"]
        self.assertEqual((space["source"], space["clock"], space["from_start"]),
                         ("usdt", "monotonic", True))

    def test_on_many_threads(self):
        events, expected = self.recorded("switch", 1000, 20)
        self.expect_exact(events, expected)
        tasks = {e["task"] for e in events if e["kind"] == "coroutine"}
        self.assertEqual(len(tasks), 20)

    def test_await_chains(self):
        events, expected = self.recorded("await", 1000)
        self.expect_exact(events, expected)
        awaits = [e for e in events if e["kind"] == "coroutine" and e["what"] == "awaits"]
        self.assertEqual(len(awaits), 1000)
        created = [e["id"] for e in events if e["kind"] == "coroutine" and e["what"] == "created"]
        self.assertEqual([e["other"] for e in awaits], created[1:])

    def test_forked_children_are_seen_and_live(self):
        events, expected = self.recorded("fork", 5000)
        self.expect_exact(events, expected)
        spaces = {e["space"]: e["tgid"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(set(spaces.values())), 3)
        names = [e["name"] for e in events if e["kind"] == "coroutine_function"]
        self.assertEqual(names, ["worker"], "one file, one function")

    def test_a_program_that_becomes_another(self):
        events, expected = self.recorded("exec", 1000, PROGRAM, "await", 10)
        self.assertEqual(set(expected), {"worker", "parent", "child"})
        self.expect_exact(events, expected)

    def test_exceptions(self):
        self.expect_exact(*self.recorded("throw", 1000))

    def test_stacks_that_are_switched_in_the_middle_of_a_coroutine(self):
        self.expect_exact(*self.recorded("stacks", 5))

    def test_what_a_crash_leaves(self):
        for how, number in FALLS.items():
            with self.subTest(how=how):
                self.expect_exact(*self.recorded("crash", 5000, how, status=128 + number))

    def test_a_leaf_function_keeps_what_lies_below_its_stack_pointer(self):
        self.expect_exact(*self.recorded("leaf", 5000))

    def test_the_report_says_what_the_program_did(self):
        _, expected = self.recorded("switch", 1000, 3)
        report = self.report()
        self.assertEqual(report["totals"]["coroutine_switches"], expected["worker"][1])
        worker, = [f for f in report["coroutine_functions"] if f["function"] == "worker"]
        self.assertEqual(tuple(worker["recorded"][kind] for kind in KINDS), expected["worker"])
        self.assertEqual({c["source"] for c in report["coroutines"]}, {"usdt"})
        self.assertEqual([c["resumes"] for c in report["coroutines"]], [1001] * 3)
        plan = {p["event"]: p["hook"] for p in report["recording"]["plan"]}
        self.assertEqual(plan["coroutine"], "uprobe_multi/coroutine")
        text = self.triptych("report", "triptych.tpt").out
        self.assertIn("one for each marker of the program that was reached (USDT), and none lost",
                      " ".join(text.split()))

    def test_who_sleeps_in_an_event_loop_is_found(self):
        self.expect_exact(*self.recorded("block", 200))
        only, = self.report()["blocked_loops"]
        self.assertEqual((only["function"], only["how"], only["syscall"]),
                         ("sleeper", "blocked", "clock_nanosleep"))
        self.assertGreaterEqual(only["duration_ns"], 200_000_000 - harness.MOST_SLEEP_ERROR_NS)

    def test_a_program_that_runs_already(self):
        """Others of its file, which have the probes in them as well, are not recorded."""
        out, *_ = self.recorded_among_others(USDT, (PROGRAM, "wait", 20_000), [PROGRAM])
        self.expect_exact(self.events(), said(out))

    def test_what_finds_no_room_is_counted(self):
        events, expected = self.recorded("switch", 200_000, 2, options=("--buffer-size", "64K"))
        counted = sum(sum(e["what"] == kind for kind in KINDS)
                      for e in events if e["kind"] == "coroutine")
        lost = sum(e["count"] for e in events if e["kind"] == "coroutine_lost")
        said_all = sum(sum(counts) for counts in expected.values())
        self.assertGreater(lost, 0)
        # What tells of a space or a function may be among the lost.
        self.assertIn(counted + lost - said_all, range(0, 50))

    def test_silence_is_told(self):
        done = self.record("--coroutines", "usdt", "--", PROGRAM, "switch", "0", "0")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("no coroutine marker was reached", done.err)
        self.assertIsNone(self.report()["totals"]["coroutine_switches"])
        self.assertIn("Not known: no probe was hit.", self.triptych("report", "triptych.tpt").out)

    def build_library(self, linked):
        """The program as a library, and another one that has nothing else."""
        tests = os.path.dirname(os.path.abspath(__file__))
        sources = os.path.join(tests, "programs")
        headers = os.path.join(tests, "../../userspace/coroutine/recorder/include")
        library, program = self.path("libmarked.so"), self.path("program")
        subprocess.run(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", "-pthread", "-I", headers,
                        "-Dmain=late_main", os.path.join(sources, "markers.cpp"), "-o", library],
                       check=True)
        options = ["-DLINKED", "-L", self.directory, "-lmarked", "-Wl,-rpath,$ORIGIN"]
        subprocess.run(["gcc", os.path.join(sources, "late.c"), "-o", program, "-ldl",
                        *(options if linked else [])], check=True)
        return program, library

    def recorded_of(self, *command):
        done = self.record("--coroutines", "usdt", "--", *command)
        self.assertEqual(done.status, 0, done.err)
        return self.events(), said(done.out)

    def test_markers_of_a_linked_library(self):
        program, library = self.build_library(linked=True)
        answer = json.loads(self.triptych("doctor", "--format", "json", "--", program).out)
        self.assertIn((os.path.realpath(library), "usdt"),
                      [(each["file"], each["way"]) for each in answer["coroutines"]])
        events, expected = self.recorded_of(program, "0", "switch", "1000", "3")
        self.expect_exact(events, expected)
        space, = [e for e in events if e["kind"] == "coroutine_space"]
        self.assertTrue(space["from_start"])

    def test_markers_of_a_library_that_is_loaded_late(self):
        program, library = self.build_library(linked=False)
        events, expected = self.recorded_of(program, "1500", "500", library, "switch", "1000", "3")
        self.expect_exact(events, expected)
        space, = [e for e in events if e["kind"] == "coroutine_space"]
        self.assertFalse(space["from_start"])

    def test_markers_of_what_a_script_runs(self):
        program, library = self.build_library(linked=False)
        script = self.write("script", f"#!/bin/sh\n{program} 0 700 {library} switch 500 1\ntrue\n",
                            0o755)
        self.expect_exact(*self.recorded_of(script))

    def build_baker(self, watched=False):
        """The same program as PROGRAM, with the markers of somebody else. `watched`: what nobody looks at it
        does not come by."""
        includes = os.path.join(SOURCES, "../../../userspace/coroutine/recorder/include")
        os.mkdir(self.path("triptych"))
        with open(os.path.join(includes, "triptych/usdt.h"), encoding="ascii") as header:
            text = header.read()
        self.assertEqual(text.count('"triptych\\"'), 1)
        text = (text.replace('\\"triptych\\"', '\\"bakery\\"').replace('\\"coroutine_" name', '\\"loaf_" name')
                .replace('("created", "8@%0 8@%1")', '("created", "8@%1 -4@$7 8@%0")'))
        if watched:
            self.assertIn(".8byte 0", text)
            text = ("inline volatile unsigned short watched __asm__(\"bakery_watched\") "
                    "__attribute__((section(\".probes\"))) = 0;\n" +
                    text.replace(".8byte 0", ".8byte bakery_watched")
                    .replace("  __asm__ volatile(", "  if (watched) __asm__ volatile("))
        self.write("triptych/usdt.h", text)
        program = self.path("baker")
        subprocess.run(["g++", "-std=c++20", "-O1", "-no-pie", f"-I{self.directory}", f"-I{includes}", "-pthread",
                        os.path.join(SOURCES, "markers.cpp"), "-o", program], check=True)
        return program

    def test_markers_of_others_as_a_file_describes_them(self):
        program = self.build_baker()
        table = self.write("bakery", BAKERY)
        for words in (("switch", "2000", "3"), ("await", "100")):
            done = self.record("--coroutines", f"usdt:{table}", "--", program, *words)
            self.assertEqual(done.status, 0, done.err)
            self.expect_exact(self.events(), said(done.out))
        done = self.record("--coroutines", "usdt", "--", program, "switch", "10", "1")
        self.assertIn("no coroutine marker was reached", done.err)

    def test_markers_that_are_reached_only_while_somebody_looks(self):
        program, table = self.build_baker(watched=True), self.write("bakery", BAKERY)
        for one_by_one in ((), ("--no-probe", "uprobe_multi/coroutine")):
            done = self.record(*one_by_one, "--coroutines", f"usdt:{table}", "--", program, "switch", "2000", "3")
            self.assertEqual(done.status, 0, done.err)
            self.expect_exact(self.events(), said(done.out))

        symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
        address = int(re.search(r"^(\w+) \w bakery_watched$", symbols, re.M)[1], 16)
        running = subprocess.Popen([program, "wait", "100"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(running.kill)
        self.assertEqual(running.stdout.readline(), "ready\n")

        def watchers():
            with open(f"/proc/{running.pid}/mem", "rb") as memory:
                memory.seek(address)
                return int.from_bytes(memory.read(2), "little")

        self.assertEqual(watchers(), 0)
        recorder = self.start("record", "--coroutines", f"usdt:{table}", "-p", str(running.pid))
        harness.wait_until(lambda: watchers() != 0, "the markers to be looked at")
        recorder.kill()
        recorder.wait()
        harness.wait_until(lambda: watchers() == 0, "nobody to look at the markers")
        running.communicate()
        self.assertEqual(running.returncode, 0)

    def test_a_description_that_is_not_understood(self):
        hint = "a line is WHAT PROVIDER:MARKER id=ARGUMENT, as in: resumed myruntime:fiber_enter id=1"
        table = self.write("table", "\nresumed root:$6$hash:19000 id=1 id=2\n")
        done = self.record("--coroutines", f"usdt:{table}", "--", PROGRAM)
        self.assert_refused(done, 2, f"{table}: line 2: behind the marker there is id=1 to 12, and nothing else",
                            hint)
        done = self.record("--coroutines", "usdt:/nonexistent/table", "--", PROGRAM)
        self.assertEqual((done.status, done.out), (125, ""))
        self.assertIn("error: cannot open /nonexistent/table: No such file or directory\n", done.err)
        done = self.record("--coroutines", "usdt:/dev/zero", "--", PROGRAM)
        self.assert_refused(done, 2, "/dev/zero is no regular file", "")

    def test_a_program_without_markers_is_told_of(self):
        done = self.record("--coroutines", "usdt", "--", "/bin/true")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("no markers of coroutines in /bin/true yet, or in its libraries: they are "
                      "waited for in what is mapped later", done.err)
        self.assertIn("no coroutine marker was reached", done.err)
        plan = [p for p in self.report()["recording"]["plan"] if p["event"] == "coroutine"]
        self.assertEqual([(p["hook"], p["reason"]) for p in plan],
                         [("uprobe_multi/coroutine", "none yet: in what is mapped later")])

    def test_a_process_without_markers_is_refused(self):
        done = self.record("--coroutines", "usdt", "-p", str(os.getpid()))
        self.assert_refused(done, 125, f"no markers of coroutines in the files of process "
                            f"{os.getpid()}", "a program that includes <triptych/usdt.h> has them; "
                            "readelf -n shows what others have")

    def test_what_goes_together_with_what(self):
        done = self.record("--coroutines", "usdt", "-a")
        self.assert_refused(done, 2, "--coroutines usdt looks for markers in one program, not in "
                            "all", "record that program: -p PID, or -- COMMAND")
        done = self.record("--coroutines", "usdt", "--summary-only", "--", PROGRAM)
        self.assert_refused(done, 2, "--summary-only keeps no events, so none of coroutines",
                            "leave --coroutines out, or --summary-only")

    def test_a_kernel_without_such_probes_says_so(self):
        done = self.record("--coroutines", "usdt", "--no-probe", "uprobe_multi/coroutine",
                           "--no-probe", "uprobe/coroutine", "--", PROGRAM)
        self.assert_refused(done, 125, "this kernel cannot record coroutine: "
                            "uprobe_multi/coroutine: left out by --no-probe; "
                            "uprobe/coroutine: left out by --no-probe",
                            "`triptych doctor` tells for each kind of event what is missing")


harness.main()
