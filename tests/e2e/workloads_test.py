# SPDX-License-Identifier: Apache-2.0
"""The built-in workloads as programs: what they print, refuse and leave behind, and what a recording of
them shows."""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import harness
import in_turns

# Of each scenario: operations, and how many coroutine switches they are, less the control run's.
COROUTINE_SWITCHES = {
    "switch": (2000, 4000),
    "create": (500, 500),
    "cow": (5, 10),
    "ipc": (1000, 1999),  # the last answer finds nobody who waits for the next question
    "lock": (1000, 1000),
    "cpu": (3, 3 * 2 * 16),
    "io": (2, 2 * 200),
}

MODELS = {
    "create": {"process": ["fork", "vfork", "posix_spawn"], "thread": ["default", "small-stack"],
               "coroutine": ["stackless", "stackful", "ucontext"]},
    "switch": {"process": ["fork"], "thread": ["default"],
               "coroutine": ["stackless", "stackful", "ucontext"]},
    "cow": {"process": ["fork"], "thread": ["default"], "coroutine": ["stackless", "stackful"]},
    "cpu": {"process": ["fork"], "thread": ["default"], "coroutine": ["stackless", "stackful"]},
}
FORK_LOOP = os.environ.get("TRIPTYCH_FORK_LOOP", "")
PAGE = 4096
COPYING_KINDS = ("cow_copy", "private_file_copy")


# In the environment of what a test starts, and of everything that comes of it.
STAMP = f"TRIPTYCH_E2E_STAMP={os.getpid()}-{time.monotonic_ns()}"


def stamped():
    """The living processes that come from these tests."""
    found = set()
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{int(entry)}/environ", "rb") as file:
                if STAMP.encode() in file.read().split(b"\0") and harness.alive(int(entry)):
                    found.add(int(entry))
    return found


def shared_names():
    """Of what outlives a process: shared memory, POSIX queues and System V objects."""
    names = set(os.listdir("/dev/shm"))
    with contextlib.suppress(FileNotFoundError):
        names |= set(os.listdir("/dev/mqueue"))
    for kind in ("msg", "sem", "shm"):
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as file:
            names |= {f"{kind} {line.split()[1]}" for line in file.readlines()[1:]}
    return names


class Workloads(harness.Test):
    def run_json(self, *arguments):
        result = self.triptych("run", *arguments, "--format", "json")
        self.assertEqual((result.status, result.err), (0, ""), result.err)
        return json.loads(result.out)

    def metrics(self, run):
        return {metric["name"]: metric["value"] for metric in run["metrics"]}

    def record_run(self, *arguments):
        """The run's own JSON, and the report of the part between its marks."""
        result = self.record("-o", "x.tpt", "--", harness.TRIPTYCH, "run", *arguments, "--control",
                             "--format", "json")
        self.assertEqual(result.status, 0, result.err)
        return (json.loads(result.out),
                self.report("x.tpt", "--from-mark", "begin", "--to-mark", "end"),
                self.report("x.tpt", "--from-mark", "control-begin", "--to-mark", "control-end"))


class List(Workloads):
    def test_names_all(self):
        result = self.triptych("list")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertEqual(re.findall(r"^\w+$", result.out, re.MULTILINE),
                         ["create", "switch", "cow", "idle", "cpu", "io", "ipc", "lock"])
        for models in MODELS.values():
            for model, variants in models.items():
                for variant in variants:
                    self.assertRegex(result.out, rf"(?m)^  {model} +{variant} ")

    def test_one(self):
        result = self.triptych("list", "create")
        self.assertEqual(re.findall(r"^\w+$", result.out, re.MULTILINE), ["create"])
        self.assertIn("--set resident=0   (0…1G)", result.out)

    def test_none(self):
        self.assert_refused(self.triptych("list", "crate"), 2, "there is no scenario crate",
                            "triptych list")


class Run(Workloads):
    def test_every_cell(self):
        small = {"cow": ["--set", "resident=1M"], "cpu": ["--set", "work=10000"]}
        for scenario, models in MODELS.items():
            for model, variants in models.items():
                for variant in variants:
                    run = self.run_json(scenario, "--model", model, "--variant", variant,
                                        "--iterations", "3", "--warm-up", "1",
                                        *small.get(scenario, []))
                    self.assertEqual(run["schema"], "triptych.run/1")
                    self.assertEqual((run["scenario"], run["model"], run["variant"]),
                                     (scenario, model, variant))
                    self.assertEqual(run["operations"], 3)
                    self.assertGreater(run["elapsed_ns"], 0)

    def test_settings_come_back(self):
        run = self.run_json("create", "--model", "thread", "--set", "resident=1536K", "--set",
                            "descriptors=7", "--iterations", "1")
        self.assertEqual(run["parameters"],
                         {"resident": "1536K", "pages": "small", "descriptors": "7"})

    def test_seconds(self):
        run = self.run_json("switch", "--model", "coroutine", "--seconds", "0.1", "--pin", "0")
        self.assertGreaterEqual(run["elapsed_ns"], 100_000_000)
        self.assertGreater(run["operations"], 1000)

    def test_text(self):
        result = self.triptych("run", "create", "--model", "process", "--iterations", "10")
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertRegex(result.out, r"\Acreate process fork\n")
        self.assertRegex(result.out, r"(?m)^  operations +10$")
        self.assertRegex(result.out, r"(?m)^  time per operation +\S+ ns$")

    def test_one_cpu_says_what_it_cannot_show(self):
        run = self.run_json("cpu", "--model", "thread", "--pin", "0", "--iterations", "1", "--set",
                            "work=10000")
        self.assertIn("cannot be tested", run["notes"][0])
        self.assertNotIn("overlap", self.metrics(run))


class Refusals(Workloads):
    def refuse(self, arguments, status, message, hint, **options):
        self.assert_refused(self.triptych("run", *arguments, **options), status, message, hint)

    def test_words(self):
        self.refuse(["crate", "--model", "thread"], 2, "there is no scenario crate", "triptych list")
        self.refuse(["create", "--model", "thread", "--variant", "fork"], 2,
                    "create has no variant fork for thread", "there is default, small-stack")
        self.refuse(["create", "--model", "thread", "--set", "resident=2G"], 2,
                    "resident=2G is not possible", "resident is from 0 to 1G")
        self.refuse(["create", "--model", "thread", "--set", "size=2G"], 2,
                    "there is no parameter size", "there is resident, pages, descriptors")
        self.refuse(["switch", "--model", "thread", "--set", "units=1025"], 2,
                    "units=1025 is not possible", "units is from 2 to 1024")

    def test_a_cpu_that_is_not_there(self):
        result = self.triptych("run", "create", "--model", "thread", "--pin", "999")
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertTrue(result.err.startswith("error: cannot run on CPU 999 alone: "), result.err)

    def test_descriptors(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
        result = self.triptych("run", "create", "--model", "thread", "--set", "descriptors=1000",
                               preexec_fn=limit)
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertRegex(result.err, r"\Aerror: RLIMIT_NOFILE \(ulimit -Hn\) allows 19\d more "
                                     r"descriptors, and this needs 1,000\nhint: nothing was started")

    def test_processes(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (50, 50))
            os.setgroups([])
            os.setgid(harness.USER)
            os.setuid(harness.USER)
        os.chmod(self.directory, 0o777)
        try:
            result = self.triptych("run", "switch", "--model", "process", "--set", "units=100",
                                   preexec_fn=limit)
        except PermissionError:
            self.skipTest("another user may not run the build")
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertRegex(result.err, r"\Aerror: RLIMIT_NPROC \(ulimit -u\) allows \d+ more tasks, "
                                     r"and this needs 99\nhint: nothing was started: ask for less, "
                                     r"or raise the limit: ulimit -u NUMBER")


class NothingIsLeft(Workloads):
    """Whatever ends a run, soon nothing of it is left."""

    TARGETS = [
        ["create", "--model", "process", "--set", "resident=8M"],
        ["switch", "--model", "process", "--set", "units=8"],
        ["switch", "--model", "process", "--set", "units=8", "--set", "through=pipe"],
        ["switch", "--model", "thread", "--set", "units=8"],
        ["cow", "--model", "process"],
        ["cow", "--model", "process", "--set", "memory=file"],
        ["cpu", "--model", "process"],
    ]

    def setUp(self):
        super().setUp()
        self.names_before = shared_names()
        name, value = STAMP.split("=")
        self.environment = harness.environment(**{name: value})

    def assert_nothing_left(self, what):
        harness.wait_until(lambda: not stamped(), f"the end of {what}")
        harness.wait_until(lambda: shared_names() <= self.names_before, f"the clearing of {what}")

    def start_run(self, target):
        process = self.start("run", *target, "--seconds", "60", env=self.environment)
        harness.wait_until(stamped, "the cell")
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        return process

    def test_after_the_end(self):
        for target in self.TARGETS:
            result = self.triptych("run", *target, "--iterations", "2", env=self.environment)
            self.assertEqual(result.status, 0, result.err)
            self.assertEqual(stamped(), set())
            self.assert_nothing_left(target)

    def test_after_ctrl_c(self):
        for target in self.TARGETS:
            process = self.start_run(target)
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(self.finish(process).status, -signal.SIGINT, target)
            self.assert_nothing_left(target)

    def test_after_the_parent_was_killed(self):
        for target in self.TARGETS:
            process = self.start_run(target)
            process.kill()
            self.assertEqual(self.finish(process).status, -signal.SIGKILL, target)
            self.assert_nothing_left(target)

    def test_after_a_crash(self):
        for target in self.TARGETS:
            process = self.start_run(target)
            process.send_signal(signal.SIGSEGV)
            self.assertEqual(self.finish(process).status, -signal.SIGSEGV, target)
            self.assert_nothing_left(target)

    def test_after_a_unit_was_killed(self):
        for target in self.TARGETS[1:3] + self.TARGETS[6:]:
            process = self.start_run(target)
            units = sorted(stamped() - {process.pid})
            self.assertTrue(units)
            os.kill(units[0], signal.SIGKILL)
            result = self.finish(process)
            self.assertEqual((result.status, result.out), (1, ""), target)
            self.assertRegex(result.err, r"\Aerror: .*ended before its")
            self.assert_nothing_left(target)


class Recorded(Workloads):
    def copies(self, report):
        faults = report["totals"]["page_faults"]
        return sum(faults[kind] for kind in COPYING_KINDS)

    def marks(self):
        return {event["name"]: event["ts"] for event in self.dump("x.tpt")
                if event["kind"] == "mark"}

    def faults_within(self, run):
        """By the trace's addresses: the faults in the memory of cow, between its marks."""
        metrics = self.metrics(run)
        begin = int(metrics["memory_address"])
        end = begin + int(metrics["pages"]) * PAGE
        events = self.dump("x.tpt")
        marks = self.marks()
        return sum(1 for event in events if event["kind"] == "fault"
                   and marks["begin"] < event["ts"] < marks["end"]
                   and begin <= int(event["address"], 16) < end)

    def test_cow_copies_exactly_the_share(self):
        for settings, written in (([], 512), (["memory=file"], 512), (["child=100%"], 1024),
                                  (["child=25%", "during=50%"], 768), (["child=0%"], 0),
                                  (["pages=huge"], 512)):
            options = [word for setting in settings for word in ("--set", setting)]
            run, report, control = self.record_run(
                "cow", "--model", "process", "--set", "resident=4M", "--iterations", "5",
                "--warm-up", "1", *options)
            self.assertEqual(self.metrics(run)["copies_expected"], written, settings)
            self.assertEqual(self.faults_within(run), 5 * written, settings)
            # Beside them parent and child copy what a program touches of its own after a fork.
            own = self.copies(report) - 5 * written
            self.assertGreaterEqual(own, 5, settings)
            self.assertLessEqual(own, 5 * 20, settings)
            self.assertEqual(self.copies(control), 0, settings)

    def test_one_memory_has_nothing_to_copy(self):
        for model in ("thread", "coroutine"):
            _, report, _ = self.record_run("cow", "--model", model, "--set", "resident=4M",
                                           "--iterations", "5", "--warm-up", "1")
            self.assertEqual(self.copies(report), 0, model)

    def test_the_kernel_sees_no_coroutine(self):
        for variant in ("stackless", "stackful", "ucontext"):
            run, report, control = self.record_run(
                "switch", "--model", "coroutine", "--variant", variant, "--iterations", "2000")
            self.assertGreaterEqual(run["coroutine_switches"], 4000)
            for part in (report, control):
                self.assertEqual(part["totals"]["context_switches"]["voluntary"], 0, variant)

    def test_a_recording_shows_every_coroutine_switch(self):
        """By the recorder, between the marks: as the program counts itself, and as is known."""
        for scenario, (operations, expected) in COROUTINE_SWITCHES.items():
            settings = {"cpu": ["--set", "units=2"], "cow": ["--set", "resident=1M"]}
            for variant in MODELS.get(scenario, MODELS["cow"])["coroutine"]:
                run, report, control = self.record_run(
                    scenario, "--model", "coroutine", "--variant", variant, "--warm-up", "1",
                    "--iterations", str(operations), *settings.get(scenario, []))
                title = (scenario, variant)
                recorded = report["totals"]["coroutine_switches"]
                self.assertEqual(recorded, run["coroutine_switches"], title)
                self.assertEqual(recorded - (control["totals"]["coroutine_switches"] or 0),
                                 expected, title)
                for each in self.report("x.tpt")["coroutine_functions"]:
                    self.assertEqual(each["recorded"], each["counted"], title)
                    counts = each["recorded"]
                    self.assertEqual(counts["created"], counts["destroyed"], title)
                    self.assertEqual(counts["resumed"], counts["suspended"] + counts["finished"],
                                     title)

    def test_only_a_recorded_run_makes_its_coroutines_visible(self):
        words = ("run", "switch", "--model", "coroutine", "--iterations", "10")
        for options, seen in (((), 1), (("--coroutines", "off"), 0)):
            result = self.record(*options, "--", harness.TRIPTYCH, *words)
            self.assertEqual(result.status, 0, result.err)
            report = self.report()
            self.assertEqual(len(report["coroutine_functions"]), seen, options)
            self.assertEqual(report["totals"]["coroutine_switches"], 22 if seen else None)

    def test_counts_per_operation(self):
        """They are the same whatever the number of operations: to the last unit created."""
        for model, variant, kind in (("process", "fork", "forks"), ("process", "vfork", "vforks"),
                                     ("thread", "default", "threads_created")):
            for operations in (10, 100):
                _, report, control = self.record_run("create", "--model", model, "--variant",
                                                     variant, "--iterations", str(operations))
                self.assertEqual(report["totals"][kind], operations)
                self.assertEqual(report["totals"]["exits"], operations)
                self.assertEqual(control["totals"][kind], 0)

    def test_switches_and_copies_per_operation(self):
        """Each part less its control run: what scheduling adds by chance is a hundredth."""
        def switches(part):
            counted = part["totals"]["context_switches"]
            return counted["voluntary"] + counted["involuntary"]
        for model in ("process", "thread"):
            for operations in (1000, 8000):
                _, report, control = self.record_run("switch", "--model", model, "--pin", "0",
                                                     "--iterations", str(operations))
                rate = (switches(report) - switches(control)) / operations
                self.assertAlmostEqual(rate, 2, delta=0.02, msg=(model, operations))
        for operations in (1, 7):
            run, _, _ = self.record_run("cow", "--model", "process", "--set", "resident=1M",
                                        "--iterations", str(operations), "--warm-up", "1")
            self.assertEqual(self.faults_within(run), 128 * operations)

    def test_a_vfork_copies_no_page(self):
        _, report, _ = self.record_run("create", "--model", "process", "--variant", "vfork", "--set",
                                       "resident=16M", "--iterations", "20", "--warm-up", "1")
        self.assertEqual(self.copies(report), 0)
        pages = [fork["page_table_pages"] for fork in report["forks"]]
        self.assertEqual(pages, [0] * 20)

    def test_on_cpu_time_fits_the_cpus(self):
        cpus = len(os.sched_getaffinity(0))
        for scenario in ("cpu", "lock"):
            _, report, _ = self.record_run(scenario, "--model", "thread", "--set",
                                           f"units={2 * cpus}", "--iterations", "20")
            on_cpu = sum(task["on_cpu_ns"] for task in report["tasks"])
            marks = self.marks()
            wall = marks["end"] - marks["begin"]
            self.assertGreater(on_cpu, 0, scenario)
            self.assertLessEqual(on_cpu, wall * cpus, scenario)


class BySomebodyElse(Workloads):
    """Side by side with other programs that do the same: their medians over rounds in which they take turns."""

    ROUNDS = 25
    CPU = str(min(os.sched_getaffinity(0)))

    def assert_alike(self, ours, theirs):
        ratio = in_turns.Ratio(*in_turns.measure(self.ROUNDS, ours, theirs))
        print(f"{self.id()}: {ratio}", file=sys.stderr)
        if not ratio.within(0.1) and ratio.could_be_within(0.1):
            self.undecided(f"this machine is too unsteady to tell: {ratio}")
        self.assertTrue(ratio.within(0.1), str(ratio))

    def ours(self, *arguments):
        run = self.run_json(*arguments, "--pin", self.CPU)
        return run["elapsed_ns"] / run["operations"]

    def pinned(self, *command):
        return subprocess.run(["taskset", "-c", self.CPU, *command], capture_output=True, text=True,
                              env=harness.environment(), check=True).stdout

    def perf(self, *options):
        text = self.pinned("perf", "bench", "sched", "pipe", "-l", "10000", *options)
        return float(re.search(r"([\d.]+) usecs/op", text).group(1)) * 1000

    def test_a_plain_loop(self):
        self.assert_alike(lambda: self.ours("create", "--model", "process", "--warm-up", "30",
                                            "--iterations", "30"),
                          lambda: float(self.pinned(FORK_LOOP)))

    def test_processes_and_perf_bench(self):
        self.assert_alike(lambda: self.ours("switch", "--model", "process", "--set", "through=pipe",
                                            "--iterations", "10000"),
                          self.perf)

    def test_threads_and_perf_bench(self):
        self.assert_alike(lambda: self.ours("switch", "--model", "thread", "--set", "through=pipe",
                                            "--iterations", "10000"),
                          lambda: self.perf("-T"))


if __name__ == "__main__":
    harness.main()
