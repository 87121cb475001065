# SPDX-License-Identifier: Apache-2.0
"""Commands that do odd things, running processes, the whole machine, and two recordings at once."""

import os
import re
import signal
import subprocess
import time

import harness
from harness import USER, alive


class Commands(harness.Test):
    def test_descendants_stay_and_run_on(self):
        result = self.record("--", "sh", "-c", "(sleep 0.7; touch later) >/dev/null 2>&1 & exit 6")
        self.assertEqual(result.status, 6)
        self.assertRegex(result.err, "[12] of its descendants still runs?, no longer recorded\n")
        self.assertFalse(os.path.exists(self.path("later")))
        self.assertEqual(self.ending()["reason"], "target ended")
        self.wait_for_file("later")

    def test_of_who_runs_on_nothing_is_known_behind_the_end(self):
        program = ("import os, time\n"
                   "if os.fork() == 0:\n"
                   "    while time.process_time() < 0.3: pass\n"
                   "else:\n"
                   "    time.sleep(0.05)\n")
        self.assertEqual(self.record("--", "/usr/bin/python3", "-c", program).status, 0)
        report = self.report()
        start_ns, end_ns = (report["recording"][key] for key in ("start_ns", "end_ns"))
        self.assertEqual(report["duration_ns"], end_ns - start_ns)
        child, = [task for task in report["tasks"] if task["end_ns"] is None]
        spans = [child[key] for key in ("on_cpu_ns", "runnable_ns", "blocked_ns", "unknown_ns")]
        self.assertEqual(sum(spans), end_ns - child["start_ns"], child)
        self.assertEqual(child["unknown_ns"], 0)

    def test_daemon(self):
        result = self.record("--", "setsid", "--fork", "sh", "-c",
                             "exec >/dev/null 2>&1 </dev/null; sleep 0.7; touch later")
        self.assertEqual(result.status, 0)
        self.wait_for_file("later")

    def test_that_changes_its_user(self):
        program = ("import os, subprocess, sys\n"
                   f"os.setgroups([]); os.setgid({USER}); os.setuid({USER})\n"
                   "subprocess.run(['true'])\n"
                   "sys.exit(8)\n")
        self.assertEqual(self.record("--", "/usr/bin/python3", "-c", program).status, 8)
        execs = [event["comm"] for event in self.dump() if event["kind"] == "task_exec"]
        self.assertEqual(execs, ["python3", "true"])

    def test_that_outlives_the_duration(self):
        result = self.record("--duration", "200ms", "--", "sh", "-c", "sleep 0.6; exit 9")
        self.assertEqual(result.status, 9)
        ending = self.ending()
        self.assertEqual(ending["reason"], "duration")
        self.assertNotIn("task_exit", [event["kind"] for event in self.dump()])

    def test_standard_input_is_the_commands(self):
        done = subprocess.run([harness.TRIPTYCH, "record", "--", "cat"], cwd=self.directory,
                              env=harness.environment(), input="hello", capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "hello"))

    def test_only_some_events(self):
        self.record("--events", "exec", "--", "sh", "-c", "/bin/true; exit 0")
        kinds = {event["kind"] for event in self.dump()}
        self.assertIn("task_exec", kinds)
        self.assertTrue(kinds.isdisjoint({"switch", "wakeup", "fault", "clone_return"}), kinds)

    def test_summary_only(self):
        self.record("--summary-only", "--", "sh", "-c", "/bin/true; exit 0")
        kinds = {event["kind"] for event in self.dump()}
        self.assertIn("task_summary", kinds)
        self.assertTrue(kinds.isdisjoint({"switch", "wakeup", "fault"}), kinds)
        self.assertEqual(self.triptych("report", "triptych.tpt").status, 0)


class Processes(harness.Test):
    def start_target(self, script):
        target = subprocess.Popen(["sh", "-c", script], cwd=self.directory)
        self.addCleanup(target.wait)
        self.addCleanup(target.kill)
        return target

    def test_until_it_ends(self):
        target = self.start_target("while [ ! -e go ]; do sleep 0.02; done; /bin/true; exit 3")
        process = self.start("record", "-p", str(target.pid))
        self.wait_for_file("triptych.tpt")
        time.sleep(0.1)
        self.write("go", "")
        result = self.finish(process)
        self.assertEqual(result.status, 0)
        self.assertEqual(self.ending()["reason"], "target ended")
        self.assertEqual(self.metadata()["target"]["tgid"], target.pid)
        exits = [event for event in self.dump() if event["kind"] == "task_exit"]
        self.assertIn(str(3 << 8), [event.get("exit_code") for event in exits])
        self.assertEqual(target.wait(), 3)

    def test_for_a_while(self):
        target = self.start_target("while :; do sleep 0.02; done")
        result = self.record("-p", str(target.pid), "--duration", "300ms")
        self.assertEqual(result.status, 0)
        self.assertEqual(self.ending()["reason"], "duration")
        duration_ns = self.ending()["end_ns"] - self.metadata()["start_ns"]
        self.assertGreaterEqual(duration_ns, 300e6)
        self.assertTrue(alive(target.pid))

    def test_process_that_ends_as_we_begin(self):
        """Either it is recorded to its end, or the message says that it is gone."""
        for delay in (0, 0.01, 0.02, 0.04, 0.08):
            with self.subTest(delay=delay):
                target = subprocess.Popen(["sleep", str(delay)])
                result = self.record("-p", str(target.pid))
                target.wait()
                self.assertIn(result.status, (0, 125), result.err)
                if result.status == 125:
                    self.assertRegex(result.err, rf"^error: process {target.pid} ")


class TheEnd(harness.Test):
    """A recording ends when it ends, whatever the target goes on doing."""
    STORM = "for i in 1 2 3 4 5 6; do (while [ -e go ]; do /bin/true; done) & done; wait"

    def setUp(self):
        super().setUp()
        self.write("go", "")  # as long as it is there, and its directory

    def stop(self):
        os.unlink(self.path("go"))

    def test_in_time_in_a_storm_of_forks(self):
        process = self.start("record", "--duration", "500ms", "--buffer-size", "256K", "--",
                             "sh", "-c", self.STORM)
        self.wait_for_file("triptych.tpt")
        harness.wait_until(self.ending, "the recording's end")
        self.stop()
        self.assertEqual(self.finish(process).status, 0)
        start_ns, end_ns = self.metadata()["start_ns"], self.ending()["end_ns"]
        self.assertGreaterEqual(end_ns - start_ns, 500e6)
        self.assertLess(end_ns - start_ns, 800e6)
        events = self.dump()
        # What ends is followed to its last switch; nothing else is.
        kinds = {event["kind"] for event in events if int(event["ts"]) > end_ns + 10e6}
        self.assertLessEqual(kinds, {"switch", "wakeup", "task_end", "task_free", "arrival"})
        late = [event for event in events
                if event["kind"] == "lost" and int(event["first_ns"]) > end_ns]
        self.assertEqual(late, [])

    def test_who_still_runs_is_counted(self):
        result = self.record("--", "sh", "-c",
                             "(while [ -e go ]; do /bin/true; done) >/dev/null 2>&1 & "
                             "sleep 0.3; exit 0")
        self.stop()
        self.assertEqual(result.status, 0)
        found = re.search(r"(\d+) of its descendants still runs?, no longer recorded", result.err)
        self.assertIsNotNone(found, result.err)
        self.assertIn(int(found.group(1)), (1, 2))

    def test_nothing_stays_attached_while_the_command_runs_on(self):
        process = self.start("record", "--duration", "200ms", "--", "sh", "-c",
                             "while [ -e go ]; do sleep 0.05; done")

        def programs():
            found = subprocess.run(["ls", "-l", f"/proc/{process.pid}/fd"], capture_output=True,
                                   text=True, check=False)
            return "bpf-prog" in found.stdout

        harness.wait_until(programs, "the programs to be loaded")
        harness.wait_until(lambda: not programs(), "the programs to be gone")
        self.assertIsNone(process.poll())
        self.stop()
        self.assertEqual(self.finish(process).status, 0)


class Machine(harness.Test):
    def test_everybody_but_the_recorder(self):
        process = self.start("record", "-a")
        self.wait_for_file("triptych.tpt")
        subprocess.run(["/bin/sleep", "0.05"], check=False)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual(result.status, 0, result.err)
        events = self.dump()
        self.assertIn("sleep", [event["comm"] for event in events if event["kind"] == "task_exec"])
        own = {event["task"] for event in events
               if event["kind"] == "task_seen" and event["tgid"] == str(process.pid)}
        recorded = {event["task"] for event in events
                    if event["kind"] == "switch" and "prev_target" in event}
        self.assertTrue(recorded)
        self.assertEqual(own & recorded, set())


    def test_for_a_while(self):
        self.assertEqual(self.record("-a", "--duration", "200ms").status, 0)
        self.assertEqual(self.ending()["reason"], "duration")


class TwoAtOnce(harness.Test):
    def test_do_not_see_each_others_targets(self):
        command = "read line <$0; i=0; while [ $i -lt 40 ]; do i=$((i + 1)); /bin/true; done"
        for name in ("1", "2"):
            os.mkfifo(self.path(name))
        recordings = [self.start("record", "-o", f"{name}.tpt", "--", "sh", "-c", command, name)
                      for name in ("1", "2")]
        for name in ("1", "2"):
            self.wait_for_file(f"{name}.tpt")
        for name in ("1", "2"):
            self.write(name, "go\n")
        for recording in recordings:
            self.assertEqual(self.finish(recording).status, 0)
        seen = []
        for name in ("1.tpt", "2.tpt"):
            events = self.dump(name)
            born = [event["tid"] for event in events if event["kind"] == "task_new"]
            self.assertEqual(len(born), 40)
            ended = [event for event in events if event["kind"] == "task_end"]
            self.assertEqual(len(ended), 41)
            audit = self.report(name)["audit"]
            self.assertEqual(audit["tasks_differing"], 0)
            seen.append(set(born))
        self.assertEqual(seen[0] & seen[1], set())


if __name__ == "__main__":
    harness.main()
