# SPDX-License-Identifier: Apache-2.0
"""A program with threads that is attached to while it runs, or starts while the whole machine is recorded: what is
recorded of each thread is what the kernel counts for it, voluntary and involuntary switches apart."""

import collections
import os
import signal
import subprocess
import time

import harness

THREADS = 6
PAGES = 300
# All on one CPU, so that they preempt each other. Each tells what the kernel counted for it while it worked.
PROGRAM = f"""
import mmap, os, resource, sys, threading, time
os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
def work():
    ready.release()
    go.wait()
    before = resource.getrusage(resource.RUSAGE_THREAD)
    memory = mmap.mmap(-1, {PAGES} * 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for page in range({PAGES}):
        memory[page * 4096] = 1
        if page % 10 == 0: time.sleep(0.0005)
        if page % 30 == 0: sum(range(20000))
    after = resource.getrusage(resource.RUSAGE_THREAD)
    kept.append(memory)
    told.append([threading.get_native_id()] + [getattr(after, name) - getattr(before, name)
                                               for name in ("ru_nvcsw", "ru_nivcsw", "ru_minflt")])
ready, go, told, kept = threading.Semaphore(0), threading.Event(), [], []
threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads: thread.start()
for thread in threads: ready.acquire()
if len(sys.argv) > 1:
    open("ready", "w").close()
    while not os.path.exists("go"): time.sleep(0.01)
go.set()
for thread in threads: thread.join()
for numbers in told: print(*numbers)
"""
Told = collections.namedtuple("Told", "tid voluntary involuntary faults")


class Attached(harness.Test):
    def run_program(self, *arguments):
        program = subprocess.Popen(["/usr/bin/python3", self.write("threads.py", PROGRAM), *arguments],
                                   cwd=self.directory, stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def told_by(self, program):
        out, _ = program.communicate(timeout=harness.PATIENCE)
        self.assertEqual(program.returncode, 0)
        told = [Told(*map(int, line.split())) for line in out.splitlines()]
        self.assertEqual(len(told), THREADS)
        return told

    def assert_exact(self, report, process, told):
        tasks = {task["tid"]: task for task in report["tasks"] if task["tgid"] == process}
        self.assertEqual(len(tasks), THREADS + 1)
        for task in tasks.values():
            audit = task["audit"]
            self.assertEqual((audit["switches"], audit["faults"]), ("equal", "equal"), task)
            self.assertEqual(task["switches"]["voluntary"], audit["kernel_voluntary"])
            self.assertEqual(task["switches"]["involuntary"], audit["kernel_involuntary"])
            self.assertEqual(task["faults"]["total"] + audit["kernel_taken_faults"], audit["kernel_faults"])
            self.assertIsNotNone(task["end_ns"])
        for thread in told:
            task = tasks[thread.tid]
            self.assertEqual(task["faults"]["first_touch"] // PAGES, 1)
            self.assertGreaterEqual(task["faults"]["total"], thread.faults)
            # It waits and ends besides.
            self.assertGreaterEqual(task["switches"]["voluntary"], thread.voluntary)
            self.assertGreaterEqual(task["switches"]["involuntary"], thread.involuntary)
        self.assertGreater(sum(thread.voluntary for thread in told), THREADS * PAGES // 10 - 1)
        self.assertGreater(sum(thread.involuntary for thread in told), 0)
        self.assertEqual(report["audit"]["tasks_differing"], 0, report["audit"])
        self.assertEqual(report["audit"]["context_switches"]["difference"], 0)
        # No counting event can begin for all of its threads at once.
        self.assertIsNone(report["audit"]["page_faults"]["difference"])

    def test_to_a_program_with_threads(self):
        program = self.run_program("wait")
        self.wait_for_file("ready")
        recorder = self.start("record", "-p", str(program.pid))
        self.wait_for_file("triptych.tpt")
        time.sleep(0.3)
        self.write("go", "")
        told = self.told_by(program)
        self.assertEqual(self.finish(recorder).status, 0)
        report = self.report()
        self.assertEqual(report["audit"]["tasks_comparable"], THREADS + 1)
        self.assert_exact(report, program.pid, told)

    def test_that_starts_while_the_machine_is_recorded(self):
        recorder = self.start("record", "-a")
        self.wait_for_file("triptych.tpt")
        time.sleep(0.3)
        program = self.run_program()
        told = self.told_by(program)
        time.sleep(0.05)
        os.kill(recorder.pid, signal.SIGINT)
        result = self.finish(recorder)
        self.assertEqual(result.status, 0, result.err)
        self.assert_exact(self.report(), program.pid, told)


if __name__ == "__main__":
    harness.main()
