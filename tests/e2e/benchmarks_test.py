# SPDX-License-Identifier: Apache-2.0
"""triptych-bench: the workloads in the hands of Google Benchmark, with its flags."""

import json
import os
import subprocess

import harness

BENCH = os.path.join(os.path.dirname(harness.TRIPTYCH), "triptych-bench")


class Benchmarks(harness.Test):
    def bench(self, *arguments):
        done = subprocess.run([BENCH, *arguments], capture_output=True, text=True,
                              env=harness.environment(), cwd=self.directory, timeout=60,
                              check=False)
        return harness.Result(done.returncode, done.stdout, done.stderr)

    def measured(self, *arguments):
        result = self.bench("--benchmark_format=json", "--benchmark_min_time=0.01", *arguments)
        self.assertEqual(result.status, 0, result.err)
        return json.loads(result.out)["benchmarks"]

    def test_every_cell_is_a_benchmark(self):
        listed = self.bench("--benchmark_list_tests").out.split()
        cells = []
        for line in self.triptych("list").out.splitlines():
            words = line.split()
            if line and not line.startswith(" "):
                scenario = line
            elif words and words[0] in ("process", "thread", "coroutine") and len(words) > 2:
                cells.append(f"{scenario}/{words[0]}/{words[1]}")
        self.assertGreater(len(cells), 40)
        self.assertEqual([name.removesuffix("/real_time").removesuffix("/iterations:1")
                          for name in listed], cells)

    def test_repetitions_in_random_order(self):
        runs = self.measured("--benchmark_filter=^switch/coroutine/", "--benchmark_repetitions=3",
                             "--benchmark_enable_random_interleaving=true",
                             "--set", "switch.working-set=4K")
        single = [run for run in runs if run["run_type"] == "iteration"]
        self.assertEqual(len(single), 9)
        self.assertEqual({run["name"] for run in single},
                         {f"switch/coroutine/{variant}/real_time"
                          for variant in ("stackless", "stackful", "ucontext")})
        medians = [run for run in runs if run.get("aggregate_name") == "median"]
        self.assertEqual(len(medians), 3)
        for run in medians:  # to change 64 cache lines takes some time
            self.assertGreater(run["real_time"], 30)
            self.assertEqual(run["time_unit"], "ns")

    def test_agrees_with_run(self):
        """An iteration is an operation, so one tells the other's time; best of several each."""
        bench = min(run["real_time"] for run in self.measured(
            "--benchmark_filter=^switch/coroutine/stackful", "--benchmark_repetitions=10")
            if run["run_type"] == "iteration")
        runs = [json.loads(self.triptych("run", "switch", "--model", "coroutine", "--variant",
                                         "stackful", "--iterations", "1000000", "--format",
                                         "json").out) for _ in range(10)]
        best = min(run["elapsed_ns"] / run["operations"] for run in runs)
        self.assertLess(abs(bench / best - 1), 0.25, (bench, best))

    def test_what_is_refused_leaves_the_others(self):
        runs = self.measured("--benchmark_filter=^create/(thread/default|coroutine/stackless)",
                             "--set", "create.descriptors=100000", "--benchmark_repetitions=1")
        by_name = {run["name"]: run for run in runs}
        with open("/proc/sys/fs/nr_open", encoding="ascii") as file:
            if int(file.read()) > 100000 and not any("error_message" in run for run in runs):
                self.skipTest("this machine allows 100,000 descriptors")
        self.assertTrue(by_name["create/thread/default/real_time"]["error_occurred"])
        self.assertIn("RLIMIT_NOFILE",
                      by_name["create/thread/default/real_time"]["error_message"])

    def test_bad_input(self):
        self.assert_refused(self.bench("--set", "switch"), 2, "switch is no setting",
                            "a setting is SCENARIO.KEY=VALUE; see: triptych list")
        self.assert_refused(self.bench("--set", "switch.units=1"), 2, "units=1 is not possible",
                            "units is from 2 to 1024")
        self.assertEqual(self.bench("--nonsense").status, 2)


if __name__ == "__main__":
    harness.main()
