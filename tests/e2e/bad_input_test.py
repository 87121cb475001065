# SPDX-License-Identifier: Apache-2.0
"""Each mistake gets a clear message, a hint and the right status, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import threading

import harness
from harness import OTHER, USER, environment

CHOOSE = "choose another file with -o"
PS = "`ps -e` lists the running processes"


class CommandLine(harness.Test):
    def tearDown(self):
        self.assertEqual(self.names(), [])

    def refused(self, arguments, status, message, hint, **options):
        with self.subTest(arguments=arguments):
            self.assert_refused(self.record(*arguments, **options), status, message, hint)

    def test_what_to_record_is_missing(self):
        hint = "triptych record -- COMMAND, or -p PID, or -a: see triptych record --help"
        self.refused([], 2, "what to record is missing", hint)
        self.refused(["--"], 2, "what to record is missing", hint)
        self.refused(["--", ""], 2, "the name of the command is empty",
                     "triptych record -- COMMAND [ARG...]")

    def test_two_things_to_record(self):
        for arguments in (["-p", "1", "--", "true"], ["-a", "--", "true"], ["-a", "-p", "1"]):
            self.refused(arguments, 2, "COMMAND, -p and -a exclude each other",
                         "record one of them at a time")

    def test_unknown_event(self):
        for events, unknown in (("switch,bogus", "bogus"), ("", "")):
            self.refused(["--events", events, "--", "true"], 2, f"unknown event '{unknown}'",
                         "known events: switch, wakeup, fault, fork, exec, exit")

    def test_impossible_duration(self):
        hint = "--duration takes a number, of seconds where no unit follows: 10, 250ms or 1.5m, up to a year"
        for text in ("0", "-5s", "10x", "s", "1e99", "2000000000m"):
            self.refused([f"--duration={text}", "--", "true"], 2, f"{text} is not a duration", hint)
        self.refused(["--duration", "10 parsecs", "--", "true"], 2,
                     '"10 parsecs" is not a duration', hint)

    def test_impossible_buffer_size(self):
        for text in ("0", "1K", "12q", "65G", "99999999999999999999"):
            self.refused(["--buffer-size", text, "--", "true"], 2, f"{text} is not a buffer size",
                         "--buffer-size takes 64K to 64G, for all CPUs together")

    def test_unknown_option(self):
        self.refused(["--duraton", "1s", "--", "true"], 2, "unknown option --duraton",
                     "did you mean --duration? (triptych record --help)")

    def test_user(self):
        self.refused(["--user", "no-such-user", "--", "true"], 2, "there is no user no-such-user",
                     "`getent passwd` lists the users of this machine")
        self.refused(["--user", "root", "-a"], 2,
                     "--user is for a COMMAND: what runs already has its user", "leave --user out")
        self.refused(["--", "true"], 125, "SUDO_UID is alice, which is not an id",
                     "unset SUDO_UID, or call triptych through sudo",
                     env=environment(SUDO_UID="alice"))

    def test_unknown_hook(self):
        self.refused(["--no-probe", "bogus", "--", "true"], 2, "unknown hook 'bogus'",
                     "`triptych doctor` lists the hooks")

    def test_standard_output(self):
        self.refused(["-o", "-", "--", "true"], 2, "a trace cannot go to standard output",
                     "name a file with -o")

    def test_command_not_found(self):
        self.refused(["--", "no-such-program"], 127,
                     "cannot run no-such-program: No such file or directory",
                     "no directory of PATH has a program of this name")
        self.refused(["--", "./no-such-program"], 127,
                     "cannot run ./no-such-program: No such file or directory",
                     "the file, or the interpreter that its first line names, does not exist")
        self.refused(["--", "no-such-program"], 127,
                     "cannot run no-such-program: No such file or directory",
                     "sudo replaces PATH: give the whole path of the program",
                     env=environment(SUDO_UID=str(USER), SUDO_GID=str(USER)))

    def test_command_not_executable(self):
        hint = "is it a program, and may the user it runs as execute it?"
        self.refused(["--", "/etc/passwd"], 126, "cannot run /etc/passwd: Permission denied", hint)
        self.refused(["--", "/etc"], 126, "cannot run /etc: Permission denied", hint)
        self.refused(["--", "/etc/passwd/x"], 126, "cannot run /etc/passwd/x: Not a directory", "")

    def test_names_are_escaped(self):
        self.refused(["--", "\033[2Jx"], 127,
                     'cannot run \\x1b[2Jx: No such file or directory',
                     "no directory of PATH has a program of this name")

    def test_mark(self):
        result = self.triptych("mark", "a" * 48)
        self.assert_refused(result, 2, f"{'a' * 48} is not a name for a mark",
                            "a name has 1 to 47 bytes")
        result = self.triptych("mark", "a", "--begin", "--end")
        self.assertEqual(result.status, 2)


class NobodyListens(harness.Test):
    def test_errors(self):
        """The status is what remains to be told."""
        for redirection in ("2>&-", "2>/dev/full"):
            for arguments in (["bogus"], ["record"], ["report", "none.tpt"]):
                with self.subTest(redirection=redirection, arguments=arguments):
                    result = self.triptych(
                        *arguments, prefix=["sh", "-c", f'exec "$@" {redirection}', "sh"])
                    self.assertEqual(result.status, 2)

    def test_results(self):
        for redirection in (">&-", ">/dev/full"):
            for arguments in (["report", "--schema"], ["doctor"], ["doctor", "--format", "json"]):
                with self.subTest(redirection=redirection, arguments=arguments):
                    result = self.triptych(
                        *arguments, prefix=["sh", "-c", f'exec "$@" {redirection}', "sh"])
                    self.assertEqual(result.status, 1)
                    self.assertTrue(
                        result.err.startswith("error: cannot write to standard output: "))


class Process(harness.Test):
    def tearDown(self):
        self.assertEqual(self.names(), [])

    def refused(self, process, status, message, hint):
        self.assert_refused(self.record("-p", str(process)), status, message, hint)

    def test_no_process_id(self):
        for text in ("abc", "-1", "0", "1x", "99999999999999999999", "1.5"):
            self.assert_refused(self.record(f"-p{text}"), 2, f"{text} is not a process id", PS)

    def test_does_not_exist(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.refused(ended.pid, 125, f"there is no process {ended.pid}", PS)

    def test_waits_to_be_reaped(self):
        zombie = subprocess.Popen(["true"])
        harness.wait_until(lambda: not harness.alive(zombie.pid))
        self.refused(zombie.pid, 125, f"process {zombie.pid} has already ended",
                     "it is only waiting for its parent to ask for its status")
        zombie.wait()

    def test_kernel_thread(self):
        self.refused(2, 125, "2 is a kernel thread, not a program",
                     "-a --duration 10s records the whole machine, kernel threads included")

    def test_thread(self):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        self.refused(thread.native_id, 125,
                     f"{thread.native_id} is a thread of process {os.getpid()}",
                     f"-p {os.getpid()} records all threads of that process")

    def test_another_pid_namespace(self):
        prefix = ["unshare", "--pid", "--fork", "--mount-proc"]
        self.assert_refused(
            self.record("-p", "1", prefix=prefix), 125,
            "cannot tell which process 1 is outside this pid namespace",
            "run triptych on the host, with the number that the process has there")
        self.assert_refused(
            self.record("-a", "--duration", "1s", prefix=prefix), 125,
            "the whole machine cannot be seen from this pid namespace", "run triptych on the host")


class Rights(harness.Test):
    def test_not_root(self):
        program = self.path("triptych")
        shutil.copy(harness.TRIPTYCH, program)
        os.chmod(program, 0o755)
        done = subprocess.run(
            [program, "record", "-o", "my trace", "--", "sh", "-c", "exit 1"], cwd=self.directory,
            env=environment(), capture_output=True, text=True, check=False,
            user=USER, group=USER, extra_groups=[])
        self.assertEqual(done.stderr,
                         "error: recording needs root: it looks into the kernel\n"
                         f"hint: sudo {program} record -o 'my trace' -- sh -c 'exit 1'\n")
        self.assertEqual(done.returncode, 125)

    def test_kernel_without_btf(self):
        script = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
        result = self.record("--", "true", prefix=["unshare", "-m", "sh", "-c", script, "sh"])
        self.assertEqual(result.status, 125)
        self.assertIn("BTF", result.err)
        self.assertRegex(result.err, r"^error: .*\nhint: .*\n$")
        self.assertEqual(self.names(), [])


class Output(harness.Test):
    def refused(self, output, message, hint=CHOOSE, status=125, **options):
        before = self.names()
        self.assert_refused(self.record("-o", output, "--", "true", **options), status, message,
                            hint)
        self.assertEqual(self.names(), before)

    def test_directory_is_missing(self):
        self.refused("missing/a.tpt",
                     "cannot open the directory missing/: No such file or directory",
                     "create the directory, or choose another file with -o")

    def test_is_no_file_name(self):
        self.refused("x/", "x/ does not name a file", status=2)
        self.refused(".", ". does not name a file", status=2)

    def test_is_not_a_trace(self):
        self.write("notes", "to be kept")
        self.refused("notes", "notes exists and is not a trace: it will not be touched")
        self.assertEqual(self.read("notes"), "to be kept")
        self.refused("/dev/null", "/dev/null exists and is not a trace: it will not be touched")
        os.mkdir(self.path("directory"))
        self.refused("directory", "directory is a directory: it will not be touched")

    def test_belongs_to_another_user(self):
        os.chmod(self.directory, 0o1777)
        os.chown(self.write("a.tpt", "x"), OTHER, OTHER)
        self.refused("a.tpt", "a.tpt belongs to another user (uid 54322): it will not be touched")

    def test_is_a_link(self):
        os.chmod(self.directory, 0o1777)
        os.symlink("/etc/passwd", self.path("a.tpt"))
        os.lchown(self.path("a.tpt"), OTHER, OTHER)
        self.refused("a.tpt", "a.tpt is a symbolic link: it will not be touched")

    def test_lies_behind_a_link_of_somebody_else(self):
        os.chmod(self.directory, 0o1777)
        os.symlink("/etc", self.path("there"))
        os.lchown(self.path("there"), OTHER, OTHER)
        self.refused("there/a.tpt", "a part of there/ is a symbolic link that belongs to another "
                     "user (uid 54322)", "name the directory that it leads to, if that is what you want")

    def test_user_may_not_write_there(self):
        env = environment(SUDO_UID=str(USER), SUDO_GID=str(USER))
        os.mkdir(self.path("roots"), 0o755)
        self.refused("roots/a.tpt", "cannot create roots/a.tpt: Permission denied", env=env)


if __name__ == "__main__":
    harness.main()
