# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and friends: they reach the command, and the file is whole."""

import os
import signal
import subprocess
import time

import harness
from harness import Terminal, alive, wait_until

# Ends with status 7 a little after SIGINT, and says that it got it; touches "ready" first.
POLITE = """
import os, signal, sys, time
def stop(number, frame):
    time.sleep(0.2)
    open("stopped", "a").write("x")
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
open("ready", "w").close()
while True:
    time.sleep(0.1)  # not longer: a signal just before the system call is seen behind it
"""

# Writes down each SIGTERM and SIGINT that it gets; ends with status 7 half a second after the first.
COUNTING = """
import os, signal, sys, time
got = os.open("got", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(number, frame):
    os.write(got, b"%d " % number)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, note)
open("ready", "w").close()
for _ in range(6000):
    time.sleep(0.01)
    if os.fstat(got).st_size:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            time.sleep(0.01)
        sys.exit(7)
"""

# Ignores what it can; writes its process id to "ready".
STUBBORN = "trap '' INT TERM HUP QUIT; echo $$ >ready.new; mv ready.new ready; sleep 60"


# Marks each of its 60 rounds, and writes down when.
ROUNDS = """
import ctypes, time
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
log = open("rounds", "w", buffering=1)
comm = ctypes.create_string_buffer(16)
for number in range(60):
    name = ctypes.create_string_buffer(str(number).encode())
    prctl(16, ctypes.addressof(comm), 0, 0, 0)
    prctl(15, ctypes.addressof(comm), 0x7472697074796368, ctypes.addressof(name), 3)
    log.write(f"{number} {time.monotonic_ns()}\\n")
    time.sleep(0.05)
open("done", "w").close()
"""


class FromTheTerminal(harness.Test):
    def terminal(self, *command):
        terminal = Terminal(self, "record", "--", *command)
        self.wait_for_file("ready")
        return terminal

    def test_ctrl_c_reaches_the_command_once(self):
        terminal = self.terminal("/usr/bin/python3", "-c", POLITE)
        terminal.keys("\x03")
        self.assertEqual(terminal.wait(), 7)
        self.assertEqual(self.read("stopped"), "x")
        self.assertEqual(self.ending()["reason"], "target ended")
        self.assertEqual(self.ending()["wait_status"], 7 << 8)
        self.assertIn("next: triptych report triptych.tpt", terminal.output)

    def test_ctrl_c_reaches_the_command_no_second_time(self):
        terminal = self.terminal("/usr/bin/python3", "-c", COUNTING)
        terminal.keys("\x03")
        self.assertEqual(terminal.wait(), 7)
        self.assertEqual(self.read("got"), f"{int(signal.SIGINT)} ")

    def test_ctrl_c_that_kills(self):
        terminal = self.terminal("sh", "-c", "touch ready; exec sleep 60")
        terminal.keys("\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertEqual(self.ending()["reason"], "target ended")

    def test_second_ctrl_c_ends_the_recording_of_a_stubborn_command(self):
        terminal = self.terminal("sh", "-c", STUBBORN)
        process = int(self.read("ready"))
        self.kill_later(process)
        terminal.keys("\x03")
        time.sleep(0.3)
        self.assertTrue(alive(terminal.process))
        terminal.keys("\x03")
        terminal.read_until("the recording is finished")
        self.assertEqual(self.ending()["reason"], "interrupted")
        terminal.keys("\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertIn("the command still runs", terminal.output)
        self.assertTrue(alive(process))

    def test_the_recording_of_a_stubborn_command_ends_after_a_while(self):
        terminal = self.terminal("sh", "-c", STUBBORN)
        process = int(self.read("ready"))
        self.kill_later(process)
        terminal.keys("\x03")
        terminal.read_until("the recording is finished")
        self.assertEqual(self.ending()["reason"], "interrupted")
        os.kill(process, signal.SIGKILL)
        self.assertEqual(terminal.wait(), 137)  # it had been waited for

    def test_progress(self):
        terminal = Terminal(self, "record", "--", "sleep", "2.5")
        self.assertEqual(terminal.wait(), 0)
        self.assertRegex(terminal.output,
                         r"\r\x1b\[K\[triptych [12] s  \d+ events  0\.0 MB  0 lost\]\r")
        self.assertRegex(terminal.output, r"\r\x1b\[Ktriptych: recorded ")

    def test_no_progress_over_a_full_screen_program(self):
        terminal = Terminal(self, "record", "--", "sh", "-c", "stty raw; sleep 1.5; stty -raw")
        self.assertEqual(terminal.wait(), 0)
        self.assertNotIn("[triptych", terminal.output)


class FromElsewhere(harness.Test):
    def start_polite(self):
        process = self.start("record", "--", "/usr/bin/python3", "-c", POLITE)
        self.wait_for_file("ready")
        return process

    def test_sigterm_is_passed_on(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                process = self.start_polite()
                process.send_signal(number)
                self.assertEqual(self.finish(process).status, 7)
                self.assertEqual(self.read("stopped"), "x")
                self.assertEqual(self.ending()["wait_status"], 7 << 8)
                os.unlink(self.path("stopped"))
                os.unlink(self.path("ready"))

    def test_the_command_gets_each_signal_once(self):
        """Sent to the recorder alone it is passed on; the group's members have it already."""
        for send in (os.kill, os.killpg):
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(send=send.__name__, signal=number):
                    process = self.start("record", "--", "/usr/bin/python3", "-c", COUNTING)
                    self.wait_for_file("ready")
                    send(process.pid, number)
                    self.assertEqual(self.finish(process).status, 7)
                    self.assertEqual(self.read("got"), f"{int(number)} ")
                    self.assertEqual(self.ending()["reason"], "target ended")
                    os.unlink(self.path("got"))
                    os.unlink(self.path("ready"))

    def test_sighup_is_passed_on(self):
        process = self.start("record", "--", "sh", "-c", "touch ready; exec sleep 60")
        self.wait_for_file("ready")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.finish(process).status, 129)
        self.assertEqual(self.ending()["wait_status"], signal.SIGHUP)

    def test_command_that_kills_its_group(self):
        result = self.finish(self.start("record", "--", "sh", "-c", "kill -TERM 0; sleep 60"))
        self.assertEqual(result.status, 143)
        self.assertEqual(self.ending()["wait_status"], signal.SIGTERM)

    def test_command_that_is_killed(self):
        process = self.start("record", "--", "sh", "-c", "echo $$ >new; mv new ready; exec sleep 60")
        self.wait_for_file("ready")
        os.kill(int(self.read("ready")), signal.SIGKILL)
        self.assertEqual(self.finish(process).status, 137)
        self.assertEqual(self.ending()["reason"], "target ended")

    def test_process_is_left_alone(self):
        target = subprocess.Popen(["sleep", "60"])
        self.addCleanup(target.wait)
        self.addCleanup(target.kill)
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process = self.start("record", "-p", str(target.pid))
                self.wait_for_file("triptych.tpt")
                process.send_signal(number)
                self.assertEqual(self.finish(process).status, 0)
                self.assertEqual(self.ending()["reason"], "interrupted")
                self.assertIsNone(target.poll())
                os.unlink(self.path("triptych.tpt"))

    def test_machine_until_interrupted(self):
        process = self.start("record", "-a")
        self.wait_for_file("triptych.tpt")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 0)
        self.assertEqual(self.ending()["reason"], "interrupted")


class RecorderKilled(harness.Test):
    def test_command_goes_on_and_the_file_is_readable(self):
        process = self.start("record", "--", "/usr/bin/python3", "-c", ROUNDS,
                             stderr=subprocess.DEVNULL)
        self.wait_for_file("rounds")
        time.sleep(2.2)
        killed_ns = time.monotonic_ns()
        process.kill()
        process.wait()
        self.wait_for_file("done")

        rounds = [line.split() for line in self.read("rounds").splitlines()]
        self.assertEqual(len(rounds), 60)
        due = {name for name, when_ns in rounds if int(when_ns) < killed_ns - 1_000_000_000}
        self.assertTrue(due)
        found = {event["name"] for event in self.dump() if event["kind"] == "mark"}
        self.assertEqual(due - found, set())
        self.assertIsNone(self.ending())
        result = self.triptych("report", "triptych.tpt")
        self.assertEqual(result.status, 0, result.err)
        self.assertTrue("The recording was CUT" in result.out)
        self.assertEqual(self.report()["data_quality"]["recording_cut"], 1)

    def test_before_the_command_began(self):
        """Whoever kills us at any moment leaves no command that waits for ever, and no half file."""
        for delay in (0.003, 0.01, 0.02, 0.03, 0.045, 0.06, 0.1):
            with self.subTest(delay=delay):
                process = self.start("record", "--", "sh", "-c", "exec sleep 0.987654")
                time.sleep(delay)
                process.kill()
                process.wait()
                wait_until(lambda: not waiting_children(process.pid), "the child's end")
                self.assertLessEqual(set(self.names()), {"triptych.tpt", "triptych.tpt.old"})


def waiting_children(group):
    """Processes of the session that `group` led."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and alive(name):
            try:
                if os.getsid(int(name)) == group:
                    found.append(int(name))
            except ProcessLookupError:
                pass
    return found


if __name__ == "__main__":
    harness.main()
