# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: running the built triptych and reading what it made.

A test file is a unittest module that ends in `harness.main()`. Recording needs root; without it the
file is skipped as a whole (status 77), as it is when each of its tests was. With TRIPTYCH_REQUIRE set, any
skip is a failure, but for a measurement that the machine was too busy for: see Test.undecided.
"""

import collections
import concurrent.futures
import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TRIPTYCH = os.environ.get("TRIPTYCH", "")
USER = 54321  # in no user database
OTHER = 54322
MOST_SLEEP_ERROR_NS = 1_000_000
PATIENCE = 30  # seconds, before a hanging test is given up
UNDECIDED = "undecided: "

Result = collections.namedtuple("Result", "status out err")


def status_of(wait_status):
    """As subprocess tells it: negative for a signal."""
    return os.waitstatus_to_exitcode(wait_status)


def environment(**changes):
    """Ours, without traces of a sudo that the tests themselves run under; None removes."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("SUDO_")}
    result["LC_ALL"] = "C"
    result.pop("TERM", None)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def wait_until(condition, what="a condition", patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(0.01)


def at_once(calls):
    """Calls (function, argument…), as many as there are CPUs: for programs that the tests want compiled."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for called in [pool.submit(*call) for call in calls]:
            called.result()


def alive(process):
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # the latter ends between open and read
        return False


class Test(unittest.TestCase):
    """A test with an empty directory of its own, which is also the working directory."""

    maxDiff = None

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="triptych-e2e-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)

    def undecided(self, reason):
        """Ends a test of a quantity that was measured, and too unsteadily to tell: nothing is missing on the
        machine, so that this skip alone is no failure where nothing may be skipped."""
        self.skipTest(UNDECIDED + reason)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def read_bytes(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def names(self):
        return sorted(os.listdir(self.directory))

    def wait_for_file(self, name):
        wait_until(lambda: os.path.exists(self.path(name)), f"the file {name}")

    def triptych(self, *arguments, prefix=(), env=None, patience=PATIENCE, **options):
        """Runs triptych to its end."""
        done = subprocess.run(
            [*prefix, TRIPTYCH, *arguments], cwd=self.directory, env=env or environment(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
            timeout=patience, check=False, **options)
        return Result(done.returncode, done.stdout, done.stderr)

    def record(self, *arguments, **options):
        return self.triptych("record", *arguments, **options)

    def start(self, *arguments, stderr=subprocess.PIPE, prefix=(), env=None, **options):
        """Starts triptych in a session of its own; see finish."""
        process = subprocess.Popen(
            [*prefix, TRIPTYCH, *arguments], cwd=self.directory, env=env or environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
            start_new_session=True, **options)
        self.addCleanup(self._give_up, process)
        return process

    @staticmethod
    def _give_up(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return Result(process.returncode, out, err)

    def kill_later(self, process):
        """A target that outlives its recorder on purpose must not outlive the test."""
        def end():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.addCleanup(end)

    def assert_slept(self, duration_ns, measured_ns):
        """200 ms, within one: not less than was asked for, and not more than the program measured, which has in it
        how long the machine left it without a CPU before and after, however busy that was."""
        self.assertGreater(duration_ns, 200_000_000 - MOST_SLEEP_ERROR_NS)
        self.assertLess(duration_ns, measured_ns + MOST_SLEEP_ERROR_NS)

    def assert_refused(self, result, status, message, hint, first_lines=""):
        """Nothing on standard output, exactly this on standard error, nothing left behind."""
        expected = f"{first_lines}error: {message}\n" + (f"hint: {hint}\n" if hint else "")
        self.assertEqual(result, Result(status, "", expected))

    def report(self, name="triptych.tpt", *arguments, **options):
        result = self.triptych("report", "--format", "json", *arguments, name, **options)
        self.assertEqual(result.status, 0, result.err)
        return json.loads(result.out)

    def dump(self, name="triptych.tpt"):
        """The events as dictionaries: ts, cpu, task, kind, and each field as text."""
        result = self.triptych("dump", name)
        self.assertEqual(result.status, 0, result.err)
        return [parse_event(line) for line in result.out.splitlines()
                if line and not line.startswith("#")]

    def ending(self, name="triptych.tpt"):
        """The trace's own account of how the recording ended; None when it was cut."""
        for line in self.triptych("dump", name).out.splitlines():
            if line.startswith("# ending "):
                return json.loads(line[len("# ending "):])
        return None

    def metadata(self, name="triptych.tpt"):
        for line in self.triptych("dump", name).out.splitlines():
            if line.startswith("# metadata "):
                return json.loads(line[len("# metadata "):])
        raise AssertionError("the trace has no metadata")


FIELD = re.compile(r'(\w+)(?:=("(?:[^"\\]|\\.)*"|\S*))?')


def parse_event(line):
    """docs/text-trace.md, as far as tests need it: flags are True, strings lose their quotes."""
    ts, rest = line.split(" ", 1)
    event = {"ts": int(ts)}
    for word in FIELD.finditer(rest):
        name, value = word.group(1), word.group(2)
        if value is None and "kind" not in event:
            event["kind"] = name
        elif value is None:
            event[name] = True
        else:
            event[name] = value[1:-1] if value.startswith('"') else value
    return event


class Terminal:
    """A terminal in which triptych runs in the foreground; keys() types."""

    def __init__(self, test, *arguments):
        self.process, self.master = os.forkpty()
        if self.process == 0:
            os.chdir(test.directory)
            os.execve(TRIPTYCH, [TRIPTYCH, *arguments], environment(TERM="xterm"))
        self.output = ""
        test.addCleanup(self._end)

    def _end(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.master)

    def keys(self, text):
        os.write(self.master, text.encode())

    def read_until(self, text):
        """Reads what appears on the terminal until `text` has appeared."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            self._read(deadline, f"{text!r}")

    def wait(self):
        """The exit status, once it has ended; a command left running may still hold the terminal."""
        deadline = time.monotonic() + PATIENCE
        ended, wait_status = 0, 0
        while ended == 0:
            ended, wait_status = os.waitpid(self.process, os.WNOHANG)
            self._read(deadline, "its end")
        return status_of(wait_status)

    def _read(self, deadline, what):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}; there was {self.output!r}")
        with contextlib.suppress(OSError):  # nobody has the terminal open any more
            while select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536).decode(errors="replace")


def skip(reason):
    """Ends a test file that cannot run here: a failure, where nothing may be skipped."""
    print(f"skipped: {reason}")
    sys.exit(1 if "TRIPTYCH_REQUIRE" in os.environ else 77)


def main():
    if os.geteuid() != 0:
        skip("recording needs root")
    if not os.access(TRIPTYCH, os.X_OK):
        sys.exit("TRIPTYCH must name the built program")
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    sys.exit(status_of_tests(result, "TRIPTYCH_REQUIRE" in os.environ))


def status_of_tests(result, nothing_may_be_skipped):
    """As ctest understands it: a run of which nothing is left but skips is a skip."""
    if not result.wasSuccessful():
        return 1
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    missing = [test for test, reason in result.skipped if not reason.startswith(UNDECIDED)]
    if missing and nothing_may_be_skipped:
        print(f"{len(missing)} tests were skipped, and TRIPTYCH_REQUIRE is set", file=sys.stderr)
        return 1
    tests = {getattr(test, "test_case", test).id() for test, reason in result.skipped}
    return 77 if tests and result.testsRun <= len(tests) else 0
