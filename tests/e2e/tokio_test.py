# SPDX-License-Identifier: Apache-2.0
"""Tasks of tokio in programs that know nothing of triptych: every poll and each end exactly, against what the
program counted itself, in debug and in release; who blocked a worker; and the program lives, whatever it does."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import harness
from survival import Survival

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "tokio_tasks.rs")
REGISTRY = "/usr/share/cargo/registry"  # Debian's
PROFILES = ("dev", "release")
KINDS = ("created", "resumed", "finished", "destroyed")

MANIFEST = f"""
[package]
name = "tokio_tasks"
version = "0.1.0"
edition = "2021"
[dependencies]
tokio = {{ version = "1", features = ["rt-multi-thread", "time", "sync"] }}
[[bin]]
name = "tokio_tasks"
path = "{SOURCE}"
"""
CONFIG = f"""
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "{REGISTRY}"
"""


def said(text):
    """{function: (created, resumed, finished, destroyed)}, of all processes that printed some."""
    counts = {}
    for line in text.splitlines():
        name, *numbers = line.split(" ")
        if len(numbers) == 4:
            old = counts.get(name, (0,) * 4)
            counts[name] = tuple(a + int(b) for a, b in zip(old, numbers))
    return counts


class Program:
    """Built once, offline, in a directory that lasts as long as the tests."""

    directory = None

    @classmethod
    def get(cls, profile, flags=None):
        """`flags` are rustc's."""
        if cls.directory is None:
            cls.directory = tempfile.mkdtemp(prefix="triptych-tokio-")
            os.chmod(cls.directory, 0o755)
            os.mkdir(os.path.join(cls.directory, ".cargo"))
            for name, text in (("Cargo.toml", MANIFEST), (".cargo/config.toml", CONFIG)):
                with open(os.path.join(cls.directory, name), "w", encoding="utf-8") as file:
                    file.write(text)
        folder = "debug" if profile == "dev" else profile
        target = os.path.join(cls.directory, "target-with-flags" if flags else "target")
        program = os.path.join(target, folder, "tokio_tasks")
        if not os.path.exists(program):
            subprocess.run(["cargo", "build", "--quiet", "--offline", "--profile", profile,
                            "--target-dir", target], cwd=cls.directory, check=True,
                           env=dict(os.environ, RUSTFLAGS=flags) if flags else None)
        return program

    @classmethod
    def clean(cls):
        if cls.directory is not None:
            shutil.rmtree(cls.directory, ignore_errors=True)


class TokioTest(Survival):
    def counts(self, report):
        """By the name of the async fn; a task's type may be written out around it."""
        counts = {}
        for function in report["coroutine_functions"]:
            name = re.search(r"(\w+)::\{(?:\{closure\}|closure#0)\}",
                             function["function"]).group(1)
            self.assertNotIn(name, counts)
            counts[name] = tuple(function["recorded"][kind] for kind in KINDS)
        return counts

    def recorded(self, program, *words, status=0, **changes):
        done = self.record("--", program, *map(str, words),
                           env=harness.environment(RUST_BACKTRACE="0", **changes))
        self.assertEqual(done.status, status, done.err)
        return done

    def expect_exact(self, out):
        report = self.report()
        expected = said(out)
        self.assertTrue(expected)
        self.assertEqual(self.counts(report), expected)
        for row in report["coroutines"]:
            self.assertEqual((row["runtime"], row["source"]), ("tokio", "uprobe"))
        for function in report["coroutine_functions"]:
            recorded = function["recorded"]
            self.assertEqual(recorded["suspended"], recorded["resumed"] - recorded["finished"])
        text = self.triptych("dump", "--format", "json", "triptych.tpt").out
        self.assertFalse('"end_unseen":true' in text)
        return report

    def test_exact_in_debug_and_release(self):
        for profile in PROFILES:
            for words in (("all", 50), ("current", 20), ("local", 20)):
                with self.subTest(profile=profile, words=words):
                    self.expect_exact(self.recorded(Program.get(profile), *words).out)

    def test_exact_with_names_in_the_newer_way(self):
        for profile in PROFILES:
            with self.subTest(profile=profile):
                program = Program.get(profile, "-C symbol-mangling-version=v0")
                report = self.expect_exact(self.recorded(program, "all", 20).out)
                self.assertIn("tokio_tasks::Counted<tokio_tasks::worker::{closure#0}>",
                              {each["function"] for each in report["coroutine_functions"]})

    def test_on_two_workers(self):
        self.expect_exact(self.recorded(Program.get("release"), "all", 500).out)
        threads = {thread["task"] for row in self.report()["coroutines"]
                   for thread in row["threads"]}
        self.assertGreaterEqual(len(threads), 2)

    def test_a_task_that_sleeps_on_its_thread_is_found(self):
        for profile in PROFILES:
            with self.subTest(profile=profile):
                out = self.recorded(Program.get(profile), "block").out
                slept, = [int(line.split()[1]) for line in out.splitlines()
                          if line.startswith("slept ")]
                only, = [each for each in self.report()["blocked_loops"]
                         if each["how"] == "blocked"]
                self.assertIn("blocker::{{closure}}", only["function"])
                self.assertEqual(only["syscall"], "clock_nanosleep")
                self.assert_slept(only["duration_ns"], slept)

    def test_the_backtrace_of_a_panic_is_whole(self):
        program = Program.get("dev")
        environment = harness.environment(RUST_BACKTRACE="1")
        bare = subprocess.run([program, "all", "5"], env=environment, capture_output=True, text=True,
                              check=True).stderr
        probed = self.record("--", program, "all", "5", env=environment)
        self.assertEqual(probed.status, 0, probed.err)
        frames = r"^ +\d+: .*$"
        self.assertGreater(len(re.findall(frames, bare, re.M)), 20)
        self.assertEqual(re.findall(frames, probed.err, re.M), re.findall(frames, bare, re.M))

    def test_programs_that_it_runs_and_becomes(self):
        for profile, how in zip(PROFILES, ("spawn", "exec")):
            with self.subTest(profile=profile, how=how):
                out = self.recorded(Program.get(profile), how, 20).out
                self.assertEqual(said(out)["receiver"][0], 2)
                self.expect_exact(out)
                tgids = {row["tgid"] for row in self.report()["coroutines"]}
                self.assertEqual(len(tgids), {"spawn": 2, "exec": 1}[how])

    def test_what_a_crash_leaves(self):
        for profile in PROFILES:
            with self.subTest(profile=profile):
                done = self.recorded(Program.get(profile), "crash", 50, status=128 + signal.SIGABRT)
                self.assertEqual(said(done.out), {"falling": (1, 51, 0, 0)})
                self.assertEqual(self.counts(self.report()), said(done.out))

    def test_a_program_that_runs_already(self):
        program = Program.get("release")
        out, *_ = self.recorded_among_others(("--coroutines", "uprobe:tokio"), (program, "wait", 50), [program],
                                             lambda out: said(out)["worker"])
        expected, counts = said(out), self.counts(self.report())
        # It was polled once before.
        self.assertEqual(expected["kept"], (1, 2, 1, 0))
        self.assertEqual(counts["kept"][1:], (1, 1, 0))
        for name in ("worker", "middle", "failing", "aborted"):
            self.assertEqual(counts[name][1:], tuple(each // 2 for each in expected[name])[1:], name)

    def test_what_could_be_seen(self):
        for profile in PROFILES:
            answer = json.loads(self.triptych("doctor", "--format", "json", "--",
                                              Program.get(profile)).out)
            only, = answer["coroutines"]
            self.assertEqual(only["way"], "uprobe:tokio")
            self.assertGreaterEqual(only["functions"], 11)
            self.assertGreaterEqual(only["places"], 2 * only["functions"])
            self.assertEqual((only["places_single_stepped"], only["functions_not_understood"]),
                             (0, 0))
        stripped = self.path("stripped")
        subprocess.run(["strip", "-o", stripped, Program.get("release")], check=True)
        self.recorded(stripped, "all", 1)
        self.assertEqual(self.report()["coroutine_functions"], [])
        done = self.record("--coroutines", "uprobe:tokio", "--", "/bin/true")
        self.assertIn("no tasks of tokio in /bin/true yet", done.err)


def tearDownModule():
    Program.clean()


if shutil.which("cargo") is None or not glob.glob(REGISTRY + "/tokio-1.*"):
    harness.skip("cargo and librust-tokio-dev are not installed")
harness.main()
