# SPDX-License-Identifier: Apache-2.0
"""Probes in programs as kernels before 6.6 have them, each by an event of its own: as exact as together, no more
than can be taken away again in due time, and what that takes is said."""

import collections
import json
import os
import re
import subprocess

import harness
from python_tasks import PYTHON, said
from survival import Survival, probed_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
TASKS = os.path.join(HERE, "programs", "tasks.py")
MOST_UNASKED = 16
COROUTINES, SUSPENSIONS = 10, 100  # of tests/kernels/coroutines.cpp
# As many functions as one likes, with three places each.
MANY = """
#include <coroutine>
#include <cstdlib>
struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};
template <int N> Task work(int rounds) { while (rounds-- > 0) co_await std::suspend_always(); }
template <int N> void run(int rounds) {
  Task task = work<N>(rounds);
  while (!task.handle.done()) task.handle.resume();
  task.handle.destroy();
  if constexpr (N > 1) run<N - 1>(rounds);
}
int main(int, char** words) { run<FUNCTIONS>(std::atoi(words[1])); }
"""


def without(*targets):
    """Options: as if the kernel had no uprobe_multi."""
    return [word for each in targets for word in ("--no-probe", f"uprobe_multi/{each}")]


CPP = without("coroutine_cpp")


class OneByOneTest(Survival):
    def compile(self, source, *options):
        program = self.path("program")
        subprocess.run(["g++", "-std=c++20", "-O1", *options, "-x", "c++", source, "-o", program],
                       check=True)
        return program

    def kernel_coroutines(self):
        return self.compile(os.path.join(SOURCE, "tests/kernels/coroutines.cpp"), "-I",
                            os.path.join(SOURCE, "userspace/coroutine/recorder/include"))

    def many(self, functions):
        return self.compile(self.write("many.cpp", MANY), f"-DFUNCTIONS={functions}")

    def places(self, program, way="uprobe:cpp"):
        answer = json.loads(self.triptych("doctor", *CPP, "--format", "json", "--", program).out)
        only, = [each for each in answer["coroutines"] if each["way"] == way]
        return only

    def recorded(self, *arguments):
        done = self.record(*arguments)
        self.assertEqual(done.status, 0, done.err)
        return self.report(), done

    def expect_one_by_one(self, report, done, hook, places):
        plan, = [p for p in report["recording"]["plan"] if p["hook"] == hook]
        self.assertEqual(plan["event"], "coroutine")
        self.assertIn("uprobe_multi", plan["reason"])
        self.assertRegex(plan["reason"], rf"; {places} probes placed one by one in [0-9.]+ [mu]?s; "
                                         "taking them away takes about ")
        self.assertIn(f"triptych: {places} probes placed one by one in ", done.err)
        took = re.search(r"taking them away took ([0-9.]+) (m?s)\n", done.err)
        seconds = float(took[1]) / (1000 if took[2] == "ms" else 1)
        self.assertLess(seconds, 0.5 * places + 1)

    def expect_counts(self, report, more_resumptions):
        function, = [f for f in report["coroutine_functions"] if "work" in f["function"]]
        resumed = COROUTINES * (SUSPENSIONS + 1) + more_resumptions
        self.assertEqual(function["recorded"], {
            "created": COROUTINES, "resumed": resumed, "suspended": resumed - COROUTINES,
            "finished": COROUTINES, "destroyed": COROUTINES})
        self.assertEqual(report["data_quality"]["lost_coroutine_events"], 0)

    def test_markers(self):
        report, done = self.recorded("--coroutines", "usdt", *without("coroutine"), "--",
                                     self.kernel_coroutines())
        self.expect_one_by_one(report, done, "uprobe/coroutine", 5)
        self.expect_counts(report, 0)

    def test_few_places_are_probed_by_themselves(self):
        program = self.kernel_coroutines()
        places = self.places(program)["places"]
        self.assertLessEqual(places, MOST_UNASKED)
        report, done = self.recorded(*CPP, "--", program)
        self.expect_one_by_one(report, done, "uprobe/coroutine_cpp", places)
        # At -O1 the function that makes a coroutine calls the one that resumes it.
        self.expect_counts(report, COROUTINES)

    def test_what_a_script_starts_is_probed_while_it_runs(self):
        program = self.kernel_coroutines()
        places = self.places(program)["places"]
        report, done = self.recorded(*CPP, "--", "sh", "-c", f"{program} 1; true")
        self.assertIn(f"triptych: {places} probes placed one by one in ", done.err)
        self.assertIn("triptych: the probes in programs are gone; taking them away took ", done.err)
        self.expect_counts(report, COROUTINES)

    def test_more_places_only_when_asked_for(self):
        program = self.many(7)
        found = self.places(program)
        self.assertGreater(found["places"], MOST_UNASKED)
        self.assertFalse(found["refused_by_kernel"])
        self.assertEqual(found["detaching_takes_ns"], found["places"] * 100_000_000)
        report, done = self.recorded(*CPP, "--", program, "3")
        self.assertEqual(report["coroutines"], [])
        self.assertNotIn("one by one", done.err)
        reasons = [p["reason"] for p in report["recording"]["plan"]]
        self.assertIn(f"{found['places']} places to probe, and this kernel takes probes away one by one, "
                      f"in 0.1 s each: more than {MOST_UNASKED} are not probed by themselves; "
                      "--coroutines uprobe:cpp probes up to 256", reasons)
        os.unlink(self.path("triptych.tpt"))
        report, done = self.recorded(*CPP, "--coroutines", "uprobe:cpp", "--", program, "3")
        self.expect_one_by_one(report, done, "uprobe/coroutine_cpp", found["places"])
        counts = [tuple(f["recorded"].values()) for f in report["coroutine_functions"]]
        self.assertEqual(counts, [(1, 5, 4, 1, 1)] * 7)

    def test_too_many_places_are_refused(self):
        program = self.many(90)
        found = self.places(program)
        self.assertGreater(found["places"], 256)
        self.assertTrue(found["refused_by_kernel"])
        text = " ".join(self.triptych("doctor", *CPP, "--", program).out.split())
        self.assertIn("away: more than 256 are refused", text)
        done = self.record("--coroutines", "uprobe:cpp", *CPP, "--", program, "3")
        self.assert_refused(done, 125, f"{found['places']} places to probe, and this kernel takes probes "
                            "away one by one, in 0.1 s each: more than 256 are not probed",
                            "Linux 6.6 and newer take them away all at once")
        self.assertEqual(self.names(), ["many.cpp", "program"])

    def test_a_kernel_without_either_says_so(self):
        program = self.kernel_coroutines()
        neither = [*CPP, "--no-probe", "uprobe/coroutine_cpp"]
        refusal = ("this kernel cannot record coroutine: uprobe_multi/coroutine_cpp: left out by "
                   "--no-probe; uprobe/coroutine_cpp: left out by --no-probe")
        done = self.record("--coroutines", "uprobe:cpp", *neither, "--", program)
        self.assert_refused(done, 125, refusal,
                            "`triptych doctor` tells for each kind of event what is missing")
        # Not asked for by name, the rest is recorded.
        report, _ = self.recorded(*neither, "--", program)
        self.assertIn(f"not by probes in the program: {refusal}",
                      [p["reason"] for p in report["recording"]["plan"]])
        text = " ".join(self.triptych("doctor", *neither, "--", program).out.split())
        self.assertIn("this kernel takes no probes in programs", text)

    def test_too_dear_ones_are_taken_away_while_it_records_on(self):
        report, done = self.recorded("--coroutine-budget", "0.1", *CPP, "--coroutines", "uprobe:cpp",
                                     "--", self.many(1), "3000000")
        self.assertIn("the probes of coroutines are gone: they cost ", done.err)
        self.assertIsNotNone(report["coroutines_ended_ns"])
        events = [json.loads(line) for line in
                  self.triptych("dump", "--format", "json", "triptych.tpt").out.splitlines()
                  if line.startswith('{"ts_ns"')]
        over, = [e["ts_ns"] for e in events
                 if e["kind"] == "coroutine_lost" and e["reason"] == "budget"]
        # Those that were on their way already.
        late = [e for e in events if e["kind"] == "coroutine" and e["ts_ns"] > over + 10_000_000]
        self.assertEqual(late, [])
        self.assertEqual(report["data_quality"]["lost"], 0)

    def test_tasks_of_asyncio_in_a_forking_program(self):
        report, done = self.recorded("--coroutines", "uprobe:asyncio", *without("python"), "--", PYTHON,
                                     TASKS, "fork")
        self.expect_one_by_one(report, done, "uprobe/python", 4)
        functions = collections.defaultdict(lambda: (0, 0, 0))
        for each in report["coroutine_functions"]:
            counts = tuple(each["recorded"][kind] for kind in ("created", "resumed", "finished"))
            functions[each["function"]] = tuple(map(sum, zip(functions[each["function"]], counts)))
        for name, counts in said(done.out).items():
            self.assertEqual(functions[name], counts, name)

    def test_they_go_with_a_recorder_that_is_killed(self):
        markers = os.environ["TRIPTYCH_MARKERS"]
        program = self.waiting(markers, "wait", 20_000)
        recorder = self.attached(("--coroutines", "usdt", *without("coroutine")), program)
        # Of each nop that is probed, its only byte.
        places = self.places(markers, "usdt")["places"]
        self.assertEqual(len(probed_bytes(program.pid, markers)), places)
        recorder.kill()
        recorder.wait()
        harness.wait_until(lambda: not probed_bytes(program.pid, markers), "the end of the probes")
        self.assertTrue(self.gone_on(program))


harness.main()
