# SPDX-License-Identifier: Apache-2.0
"""C++20 coroutines of a program that knows nothing of triptych, seen by probes in its code: exactly, against
what the program counts itself, over compilers and levels of optimisation; and it lives, whatever it does."""

import collections
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from survival import Survival, probed_bytes

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
COMPILERS = [each for each in ("g++", "clang++") if shutil.which(each)]
LEVELS = ("-O0", "-O1", "-O2")
# Of itself asio does not know what clang 14 can do.
ASIO_SERVERS = [("g++", "-O1"), ("g++", "-O2"),
                *([("clang++", "-O2", "-DASIO_HAS_CO_AWAIT", "-DASIO_HAS_STD_COROUTINE")]
                  if "clang++" in COMPILERS else [])]
CPP = ("--coroutines", "uprobe:cpp")
WORDS = "eager created resumed finished destroyed awaited"
Counts = collections.namedtuple("Counts", WORDS)


def said(text):
    """{function: Counts}, of all that the program printed, summed where it printed one twice."""
    counts = {}
    for line in text.splitlines():
        words = line.rsplit(" ", 6)
        if len(words) != 7 or words[0] == "slept":
            continue
        new = Counts(*map(int, words[1:]))
        old = counts.get(words[0], Counts(0, 0, 0, 0, 0, 0))
        counts[words[0]] = Counts(new.eager, *(a + b for a, b in zip(old[1:], new[1:])))
    return counts


class Build:
    """The program, once for each compiler and level, in a directory that lasts as long as the tests."""

    directory = None
    has_asio = True

    @classmethod
    def get(cls, compiler="g++", level="-O2", library=False):
        return os.path.join(cls.directory, f"{compiler}{level}{'-library' if library else ''}")

    @classmethod
    def make_all(cls):
        cls.directory = tempfile.mkdtemp(prefix="triptych-unmodified-")
        os.chmod(cls.directory, 0o755)
        keys = [*itertools.product(COMPILERS, LEVELS), *itertools.product(COMPILERS, ("-O2",), (True,))]
        harness.at_once([*((cls.make_asio_server, *command) for command in ASIO_SERVERS),
                         *((cls.make, *key) for key in keys),
                         *((cls.make_late, compiler) for compiler in COMPILERS)])

    @classmethod
    def make(cls, compiler, level, library=False):
        program = cls.get(compiler, level, library)
        flags = [compiler, "-std=c++20", level, "-pthread"]
        main, part = (os.path.join(SOURCES, f"unmodified{end}.cpp") for end in ("", "_library"))
        if library:
            shared = program + ".so"
            subprocess.run([*flags, "-fPIC", "-shared", part, "-o", shared], check=True)
            part = shared
        subprocess.run([*flags, main, part, "-o", program], check=True)

    @classmethod
    def asio_server(cls, compiler, level, *_):
        return os.path.join(cls.directory, f"asio-{compiler}{level}")

    @classmethod
    def make_asio_server(cls, *command):
        source = os.path.join(SOURCES, "asio_server.cpp")
        built = subprocess.run([*command, "-std=c++20", "-pthread", "-o", cls.asio_server(*command), source],
                               capture_output=True, text=True, check=False)
        if re.search("asio/.* (No such file|file not found)", built.stderr):
            cls.has_asio = False
        elif built.returncode != 0:
            raise AssertionError(built.stderr)

    @classmethod
    def late(cls, compiler="g++"):
        """A program without coroutines, and a library of them that it loads."""
        return (os.path.join(cls.directory, f"{compiler}-late"),
                os.path.join(cls.directory, f"lib{compiler}.so"))

    @classmethod
    def make_late(cls, compiler):
        program, library = cls.late(compiler)
        parts = [os.path.join(SOURCES, f"unmodified{end}.cpp") for end in ("", "_library")]
        subprocess.run([compiler, "-std=c++20", "-O2", "-fPIC", "-shared", "-pthread",
                        "-Dmain=late_main", *parts, "-o", library], check=True)
        loads = os.path.join(SOURCES, "late.c")
        subprocess.run(["gcc", loads, "-o", program, "-ldl"], check=True)

    @classmethod
    def clean(cls):
        shutil.rmtree(cls.directory, ignore_errors=True)


class UnmodifiedTest(Survival):
    def events(self, name="triptych.tpt"):
        text = self.triptych("dump", "--format", "json", name).out
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"ts_ns"')]

    def recorded(self, program, *words, status=0, options=()):
        done = self.record(*options, "--", program, *map(str, words))
        self.assertEqual(done.status, status, done.err)
        return self.events(), said(done.out)

    def counted(self, events, expected):
        """{function: Counter of what happened}; the program's names stand in the compiler's."""
        names = {e["function"]: e["name"] for e in events if e["kind"] == "coroutine_function"}
        counted = collections.defaultdict(collections.Counter)
        functions = {}
        for event in (e for e in events if e["kind"] == "coroutine"):
            self.assertEqual((event["source"], event["runtime"]), ("uprobe", "cpp"))
            name = names[event["function"]]
            short = [each for each in expected if re.search(rf"(^|[ :]){re.escape(each)}\(", name)]
            self.assertEqual(len(short), 1, name)
            counted[short[0]][event["what"]] += 1
            functions[event["space"], event["id"]] = short[0]
        return counted

    def expect_exact(self, events, expected, first_calls):
        """`first_calls`: whether the function that makes a coroutine calls the one that resumes it, as a
        function of its being eager."""
        self.assertTrue(expected)
        counted = self.counted(events, expected)
        self.assertEqual(set(counted), set(expected))
        for name, said_of_it in expected.items():
            with self.subTest(function=name):
                real = counted[name]
                resumed = said_of_it.resumed + said_of_it.created * first_calls(said_of_it.eager)
                self.assertEqual(real["created"], said_of_it.created)
                self.assertEqual(real["resumed"], resumed)
                self.assertEqual(real["finished"], said_of_it.finished)
                self.assertEqual(real["destroyed"], said_of_it.destroyed)
                # Whatever came on has gone, one way or the other.
                self.assertEqual(real["suspended"], resumed - said_of_it.finished)
        self.assertEqual(sum(c["awaits"] for c in counted.values()),
                         sum(c.awaited for c in expected.values()))
        self.assertEqual([e for e in events if e["kind"] == "coroutine_lost"], [])

    @staticmethod
    def first_calls(compiler, level):
        if compiler == "clang++":
            return lambda eager: 0
        return (lambda eager: eager) if level == "-O2" else (lambda eager: 1)

    def test_exact_over_compilers_and_levels(self):
        for compiler in COMPILERS:
            for level in LEVELS:
                with self.subTest(compiler=compiler, level=level):
                    events, expected = self.recorded(Build.get(compiler, level), "all", 2)
                    self.expect_exact(events, expected, self.first_calls(compiler, level))
                    # Each place that they return to is known before the first one does.
                    unseen = [e for e in events if e["kind"] == "coroutine" and e["end_unseen"]]
                    self.assertEqual(unseen, [])

    def test_on_threads_that_they_move_between(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                events, expected = self.recorded(Build.get(compiler), "hop", 500)
                self.expect_exact(events, expected, self.first_calls(compiler, "-O2"))
                self.assertGreater(len({e["task"] for e in events if e["kind"] == "coroutine"}), 1)

    def test_forked_children_are_seen_and_live(self):
        events, expected = self.recorded(Build.get(), "fork", 1)
        spaces = {e["tgid"] for e in events if e["kind"] == "coroutine_space"}
        self.assertEqual(len(spaces), 2)
        # Parent and child print what the parent did before the fork, both.
        counted = self.counted(events, expected)
        for name, each in expected.items():
            self.assertEqual(counted[name]["created"], each.created * 3 // 4, name)
            self.assertEqual(counted[name]["destroyed"], each.destroyed * 3 // 4, name)

    def test_exec_begins_anew(self):
        events, expected = self.recorded(Build.get(), "exec", 1)
        self.expect_exact(events, expected, self.first_calls("g++", "-O2"))

    def test_it_dies_of_its_own_faults_only(self):
        for how, number in (("crash", signal.SIGSEGV), ("throw", signal.SIGABRT)):
            with self.subTest(how=how):
                done = self.record("--", Build.get(), how)
                self.assertEqual(done.status, 128 + number, done.err)
                events = self.events()
                what = [e["what"] for e in events if e["kind"] == "coroutine"]
                self.assertEqual(what[:4], ["created", "resumed", "suspended", "resumed"])

    def test_a_library_of_a_program_that_runs_already(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                process = self.waiting(Build.get(compiler, library=True), "wait")
                recorder = self.start("record", "-o", compiler + ".tpt", "-p", str(process.pid))
                self.wait_for_file(compiler + ".tpt")
                expected = said(self.gone_on(process))
                self.assertEqual(self.finish(recorder).status, 0)
                counted = self.counted(self.events(compiler + ".tpt"), expected)
                for name in ("in_library", "library_leaf", "leaf", "iota"):
                    self.assertEqual(counted[name]["finished"], expected[name].finished, name)
                    self.assertEqual(counted[name]["destroyed"], expected[name].destroyed, name)

    def test_a_library_that_is_loaded_late(self):
        """The command itself has no coroutines."""
        for compiler, options in itertools.product(COMPILERS, ((), CPP)):
            with self.subTest(compiler=compiler, options=options):
                program, library = Build.late(compiler)
                events, expected = self.recorded(program, 700, 700, library, "all", 2, options=options)
                if compiler == "g++":
                    self.expect_exact(events, expected, self.first_calls("g++", "-O2"))
                # Of clang's nobody knows whether one that is first met has run before.
                counted = self.counted(events, expected)
                for name in expected:
                    self.assertEqual(counted[name]["finished"], expected[name].finished, name)
                    self.assertEqual(counted[name]["destroyed"], expected[name].destroyed, name)
                space, = [e for e in events if e["kind"] == "coroutine_space"]
                self.assertFalse(space["from_start"])

    def test_a_library_that_descendants_load_late(self):
        program, library = Build.late()
        one = f"{program} 300 700 {library} all 1"
        for options in ((), CPP):
            with self.subTest(options=options):
                # Each has what the other one has mapped, and both are the command's.
                events, expected = self.recorded("/bin/sh", "-c", f"{one} & {one}; wait", options=options)
                self.expect_exact(events, expected, self.first_calls("g++", "-O2"))
                spaces = {e["space"] for e in events if e["kind"] == "coroutine"}
                self.assertEqual(len(spaces), 2)

    def test_a_library_whose_first_mappers_end_at_once(self):
        """Before anybody could look into what they have mapped."""
        program, library = Build.late()
        hurried = f"for i in 1 2 3 4 5 6 7 8 9; do {program} 0 0 {library} all 0 >/dev/null; done"
        events, expected = self.recorded(
            "/bin/sh", "-c", f"{hurried}; exec {program} 700 700 {library} all 1")
        self.expect_exact(events, expected, self.first_calls("g++", "-O2"))

    def test_a_late_library_of_others_is_left_alone(self):
        program, library = Build.late()
        other = subprocess.Popen([program, "0", "0", library, "wait"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True, env=harness.environment())
        self.addCleanup(other.kill)
        self.assertEqual(other.stdout.readline(), "ready\n")
        done = self.record("--", program, "300", "400", library, "all", "1")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn(f"C++20 coroutines in {library}: other processes have it mapped, too; "
                      "--coroutines uprobe:cpp probes it all the same", done.err)
        self.assertEqual([e for e in self.events() if e["kind"] == "coroutine"], [])
        events, expected = self.recorded(program, "300", "400", library, "all", "1", options=CPP)
        self.expect_exact(events, expected, self.first_calls("g++", "-O2"))
        other.communicate("\n", timeout=harness.PATIENCE)
        self.assertEqual(other.returncode, 0)

    def test_a_library_of_the_program_that_others_have_is_left_alone(self):
        """Whoever asks: that others have it is not told by his rights."""
        program = Build.get(library=True)
        other = self.waiting(program, "wait")
        os.chmod(self.directory, 0o777)
        for user in ({}, {"SUDO_UID": str(harness.USER), "SUDO_GID": str(harness.USER)}):
            with self.subTest(user=user):
                done = self.record("--", program, "all", "1", env=harness.environment(**user))
                self.assertEqual(done.status, 0, done.err)
                reasons = [each["reason"] for each in self.report()["recording"]["plan"]]
                self.assertIn(f"C++20 coroutines in {program}.so: other processes have it mapped, too; "
                              "--coroutines uprobe:cpp probes it all the same", reasons)
                os.unlink(self.path("triptych.tpt"))
        self.gone_on(other)

    def test_bystanders_live_and_nothing_stays_probed(self):
        program = Build.get()
        out, *_ = self.recorded_among_others(CPP, (program, "wait", 2), [program])
        self.expect_exact(self.events(), said(out), self.first_calls("g++", "-O2"))

    def test_stacks_that_are_switched_in_the_middle_of_a_coroutine(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                events, expected = self.recorded(Build.get(compiler), "stacks", 200)
                self.assertEqual(set(expected), {"on_stack", "switches"})
                self.expect_exact(events, expected, self.first_calls(compiler, "-O2"))

    def test_another_process_keeps_a_file_from_being_probed_by_itself(self):
        program = Build.get()
        process, bystander = self.waiting(program, "wait"), self.waiting(program, "wait")
        recorder = self.start("record", "-p", str(process.pid))
        self.wait_for_file("triptych.tpt")
        self.assertEqual(probed_bytes(bystander.pid, program), [])
        self.gone_on(process)
        self.assertEqual(self.finish(recorder).status, 0)
        plan = self.report()["recording"]["plan"]
        reasons = [p["reason"] for p in plan if p["event"] == "coroutine"]
        self.assertTrue(any("other processes have it mapped" in each for each in reasons), reasons)

    def test_who_blocks_an_event_loop_is_found(self):
        for compiler in COMPILERS:
            with self.subTest(compiler=compiler):
                done = self.record("--", Build.get(compiler), "loop", "200")
                self.assertEqual(done.status, 0, done.err)
                slept, = [float(line.split()[1]) for line in done.out.splitlines()
                          if line.startswith("slept")]
                blocked = self.report()["blocked_loops"]
                only, = [each for each in blocked if each["how"] == "blocked"]
                self.assertEqual(only["function"].split("(")[0], "sleeper")
                self.assertEqual(only["syscall"], "poll")
                self.assert_slept(only["duration_ns"], slept * 1e9)
                self.assertEqual(only["delayed"], 3)

    def expect_blocked_session(self, report, out):
        slept, = [float(line.split()[1]) for line in out.splitlines()]
        only, = [each for each in report["blocked_loops"] if each["how"] == "blocked"]
        self.assertEqual(only["function"].split("(")[0], "session")
        self.assertEqual(only["syscall"], "poll")
        self.assert_slept(only["duration_ns"], slept * 1e9)

    def test_a_session_that_blocks_an_asio_server_is_found(self):
        if not Build.has_asio:
            self.skipTest("needs libasio-dev")
        for command in ASIO_SERVERS:
            with self.subTest(command=command):
                done = self.record("--", Build.asio_server(*command))
                self.assertEqual(done.status, 0, done.err)
                report = self.report()
                self.expect_blocked_session(report, done.out)
                functions = {f["function"].split("(")[0]: f for f in report["coroutine_functions"]}
                # A read and a write for each message, and the first start of each.
                self.assertEqual(functions["session"]["recorded"]["created"], 10)
                self.assertEqual(functions["client"]["recorded"]["created"], 10)
                self.assertEqual(functions["session"]["recorded"]["destroyed"], 10)

    def test_an_asio_server_that_runs_already(self):
        if not Build.has_asio:
            self.skipTest("needs libasio-dev")
        for command in ASIO_SERVERS:
            with self.subTest(command=command):
                server = self.waiting(Build.asio_server(*command), "wait")
                recorder = self.attached((), server)
                out = self.gone_on(server)
                self.assertEqual(self.finish(recorder).status, 0)
                report = self.report()
                self.expect_blocked_session(report, out)
                functions = {f["function"].split("(")[0]: f["recorded"] for f in report["coroutine_functions"]}
                rows = collections.defaultdict(list)
                for row in report["coroutines"]:
                    rows[row["function"].split("(")[0]].append(row)
                # Fifteen messages are left, with a read and a write each; a client is resumed to write the first.
                for name, resumed in (("session", 300), ("client", 310)):
                    self.assertEqual(functions[name], {"created": 0, "resumed": resumed, "suspended": resumed - 10,
                                                       "finished": 10, "destroyed": 10})
                    self.assertEqual(len(rows[name]), 10)
                    self.assertTrue(all(row["created_ns"] is None and row["finished"] for row in rows[name]))
                os.unlink(self.path("triptych.tpt"))

    def test_what_costs_too_much_is_taken_away(self):
        program = Build.get()
        done = self.record("--coroutine-budget", "0.1", "--", program, "all", "3000")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("the probes of coroutines are gone: they cost ", done.err)
        self.assertIsNotNone(self.report()["coroutines_ended_ns"])
        lost, = [e for e in self.events() if e["kind"] == "coroutine_lost"
                 and e["reason"] == "budget"]
        self.assertEqual(lost["count"], 0)
        text = " ".join(self.triptych("report", "triptych.tpt").out.split())
        self.assertIn("the probes cost more than --coroutine-budget allows", text)

    def test_doctor_says_what_could_be_seen(self):
        program = Build.get()
        answer = json.loads(self.triptych("doctor", "--format", "json", "--", program).out)
        only, = [each for each in answer["coroutines"] if each["way"] == "uprobe:cpp"]
        self.assertEqual((only["file"], only["way"], only["functions"], only["mapped_by_others"]),
                         (program, "uprobe:cpp", 20, False))
        self.assertGreater(only["places"], 2 * 20)
        self.assertEqual((only["places_single_stepped"], only["functions_not_understood"]), (0, 0))
        process, bystander = self.waiting(program, "wait"), self.waiting(program, "wait")
        text = self.triptych("doctor", "-p", str(process.pid)).out
        self.assertIn("other processes have the file mapped", " ".join(text.split()))
        self.gone_on(process)
        self.gone_on(bystander)
        stripped = self.path("stripped")
        subprocess.run(["strip", "-o", stripped, program], check=True)
        text = self.triptych("doctor", "--", stripped).out
        self.assertIn("they cannot be found", " ".join(text.split()))

    def test_what_a_compiler_leaves_out_makes_a_lower_bound(self):
        program = os.path.join(Build.directory, "elided")
        for command in [["g++", "-O2"], *([["clang++", "-O2"], ["clang++", "-O2", "-flto"]]
                                          if "clang++" in COMPILERS else [])]:
            with self.subTest(command=command):
                subprocess.run([*command, "-std=c++20", os.path.join(SOURCES, "elided.cpp"), "-o",
                                program], check=True)
                # Of so short a one clang's code has no cheap place.
                done = self.record("--coroutines", "uprobe:cpp", "--", program, "100")
                self.assertEqual(done.status, 0, done.err)
                made, resumed, _ = map(int, done.out.split())
                report = self.report()
                recorded = next(f["recorded"] for f in report["coroutine_functions"])
                reason, = [p["reason"] for p in report["recording"]["plan"]
                           if p["hook"] == "uprobe_multi/coroutine_cpp"]
                only, = json.loads(self.triptych("doctor", "--format", "json", "--",
                                                 program).out)["coroutines"]
                clang = command[0] == "clang++"
                self.assertEqual(only["counts_are_lower_bounds"], clang)
                self.assertEqual(f"counts of {program} are lower bounds: " in reason, clang)
                if clang:
                    self.assertIn(recorded["created"], range(made // 2, made))
                    self.assertIn(recorded["resumed"], range(made, resumed))
                    text = " ".join(self.triptych("report", "triptych.tpt").out.split())
                    self.assertIn("the counts are lower bounds", text)
                else:
                    self.assertEqual((recorded["created"], recorded["resumed"]), (made, resumed))

    def test_a_stripped_program_is_said_to_be_one(self):
        stripped = self.path("stripped")
        subprocess.run(["strip", "-o", stripped, Build.get()], check=True)
        done = self.record("--", stripped, "all", "1")
        self.assertEqual(done.status, 0, done.err)
        report = self.report()
        self.assertEqual(report["coroutines"], [])
        self.assertIn(f"{stripped} has no symbols: if it has C++20 coroutines, probes cannot find them",
                      [p["reason"] for p in report["recording"]["plan"]])
        text = " ".join(self.triptych("report", "triptych.tpt").out.split())
        self.assertIn("probes cannot find them", text)
        os.unlink(self.path("triptych.tpt"))
        process = self.waiting(stripped, "wait")
        for runtime, what in (("cpp", "C++20 coroutines"), ("tokio", "tasks of tokio")):
            way = ("--coroutines", f"uprobe:{runtime}")
            done = self.record(*way, "--", stripped, "all", "1")
            self.assertEqual(done.status, 0, done.err)
            self.assertIn(f"no {what} in {stripped} yet, or in its libraries (it has no symbols, by which "
                          "they are found): they are waited for", done.err)
            done = self.record(*way, "-p", str(process.pid))
            self.assert_refused(done, 125, f"no {what} in the files of process {process.pid}: {stripped} "
                                "has no symbols, by which they are found",
                                "one that is not stripped has them")
        text = " ".join(self.triptych("doctor", "-p", str(process.pid)).out.split())
        self.assertIn("they cannot be found", text)
        self.gone_on(process)
        # What has none at all is not suspected: /bin/true is stripped, too.
        done = self.record("--", "/bin/true")
        self.assertEqual(done.status, 0, done.err)
        self.assertNotIn("has no symbols", json.dumps(self.report()["recording"]["plan"]))

    def test_silence_is_told(self):
        done = self.record("--", Build.get(), "all", "0")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("no probe of a coroutine was hit", done.err)
        self.assertIsNone(self.report()["totals"]["coroutine_switches"])
        self.assertIn("Not known: no probe was hit.", self.triptych("report", "triptych.tpt").out)

    def test_off_and_others_see_none(self):
        for way in ("off", "recorder"):
            done = self.record("--coroutines", way, "--", Build.get(), "all", "1")
            self.assertEqual(done.status, 0, done.err)
            self.assertEqual([e for e in self.events() if e["kind"].startswith("coroutine")], [])
            silence = "no program that links triptych's recorder was met: of coroutines nothing is known"
            self.assertEqual(silence in done.err, way == "recorder")

    def test_what_cannot_be_had_is_refused(self):
        program = self.path("plain")
        subprocess.run(["gcc", "-x", "c", "-", "-o", program], input="int pause(void); int main() { return pause(); }",
                       text=True, check=True)
        process = subprocess.Popen([program])
        self.addCleanup(process.kill)
        done = self.record("--coroutines", "uprobe:cpp", "-p", str(process.pid))
        self.assert_refused(done, 125, f"no C++20 coroutines in the files of process {process.pid}",
                            "`triptych doctor` with the same -p PID or -- COMMAND says what could "
                            "be seen")
        done = self.record("--coroutines", "uprobe:cpp", "--", "/bin/true")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("no C++20 coroutines in /bin/true yet, or in its libraries (it has no symbols, by "
                      "which they are found): they are waited for in what is mapped later", done.err)
        self.assertIn("no probe of a coroutine was hit", done.err)
        names = "cpp, tokio, boost, ucontext, asyncio, trio, greenlet, or the name of a function as `nm` shows it"
        done = self.record("--coroutines", "uprobe:cobol", "--", "/bin/true")
        self.assert_refused(done, 125, "cobol is no runtime that is known, and no function in /bin/true",
                            "--coroutines uprobe: takes " + names)
        done = self.record("--coroutines", "uprobe:", "--", "/bin/true")
        self.assert_refused(done, 2, "uprobe: is without what is to be probed", "it takes " + names)
        done = self.record("--coroutines", "uprobe:cpp", "-a")
        self.assert_refused(done, 2, "--coroutines uprobe:cpp looks for coroutines in one program, "
                            "not in all", "record that program: -p PID, or -- COMMAND")


def setUpModule():
    unittest.addModuleCleanup(Build.clean)
    Build.make_all()


harness.main()
