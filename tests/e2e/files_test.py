# SPDX-License-Identifier: Apache-2.0
"""Where the recording goes, whose it is, and what happens when the disk is full."""

import os
import re
import stat

import harness
from harness import OTHER, USER, environment

SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(USER), "SUDO_USER": "somebody"}


class Ownership(harness.Test):
    def setUp(self):
        super().setUp()
        os.chown(self.directory, USER, USER)

    def assert_owned(self, name, owner):
        status = os.stat(self.path(name))
        self.assertEqual((status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)),
                         (owner, owner, 0o600))

    def test_is_of_who_called_sudo(self):
        result = self.record("--", "sh", "-c", "id -u; id -G; echo $USER $HOME ${SUDO_UID-unset}",
                             env=environment(**SUDO))
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(result.out, f"{USER}\n{USER}\n{USER} / unset\n")
        self.assertEqual(result.err.splitlines()[0], f"triptych: sh runs as {USER}")
        self.assert_owned("triptych.tpt", USER)
        self.assertEqual(self.metadata()["target"]["user"], str(USER))

    def test_command_can_run_as_somebody_else(self):
        result = self.record("--user", "nobody", "--", "id", "-un", env=environment(**SUDO))
        self.assertEqual(result.out, "nobody\n")
        self.assertEqual(result.err.splitlines()[0], "triptych: id runs as nobody")
        self.assert_owned("triptych.tpt", USER)

    def test_is_roots_without_sudo(self):
        self.record("-o", "a.tpt", "--", "true")
        self.assert_owned("a.tpt", 0)

    def test_umask_does_not_matter(self):
        for umask in (0o000, 0o777):
            self.record("--", "true", env=environment(**SUDO), umask=umask)
            self.assert_owned("triptych.tpt", USER)
            os.unlink(self.path("triptych.tpt"))

    def test_directory_of_the_user_that_root_may_not_enter_by_rights(self):
        """The user's rights count, not root's: a directory of mode 0700 of somebody else refuses."""
        os.mkdir(self.path("private"), 0o700)
        os.chown(self.path("private"), OTHER, OTHER)
        result = self.record("-o", "private/a.tpt", "--", "true", env=environment(**SUDO))
        self.assert_refused(result, 125, "cannot create private/a.tpt: Permission denied",
                            "choose another file with -o")


class Earlier(harness.Test):
    def command(self, name="triptych.tpt"):
        return self.metadata(name)["target"]["command"]

    def test_trace_is_kept_as_old_and_only_one(self):
        for number in ("1", "2", "3"):
            self.assertEqual(self.record("--", "true", number).status, 0)
        self.assertEqual(self.names(), ["triptych.tpt", "triptych.tpt.old"])
        self.assertEqual(self.command(), ["true", "3"])
        self.assertEqual(self.command("triptych.tpt.old"), ["true", "2"])

    def test_trace_is_untouched_when_the_recording_does_not_begin(self):
        self.record("--", "true", "1")
        before = self.read_bytes("triptych.tpt")
        self.assertEqual(self.record("-p", "2").status, 125)
        self.assertEqual(self.record("--", "no-such-program").status, 127)
        self.assertEqual(self.names(), ["triptych.tpt"])
        self.assertEqual(self.read_bytes("triptych.tpt"), before)


class Streams(harness.Test):
    def test_closed_standard_streams(self):
        """Our files must not take the numbers of streams that the command writes to."""
        script = 'exec <&- >&- 2>&-; exec "$@"'
        done = self.record("--", "sh", "-c", "echo into-the-trace; echo here-too >&2; exit 4",
                           prefix=["sh", "-c", script, "sh"])
        self.assertEqual(done.status, 4)
        self.assertNotIn(b"into-the-trace\n", self.read_bytes("triptych.tpt"))
        self.assertEqual(self.ending()["wait_status"], 4 << 8)
        self.assertEqual(self.triptych("report", "triptych.tpt").status, 0)

    def test_nobody_reads_what_we_say(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = self.start("record", "--", "sh", "-c", "exit 5", stderr=write_end)
        os.close(write_end)
        self.assertEqual(self.finish(process).status, 5)
        self.assertEqual(self.ending()["reason"], "target ended")


class FullDisk(harness.Test):
    # Enough events to fill the disk, whatever they compress to; then it says that it got to the end.
    COMMAND = ("i=0; while [ $i -lt 1500 ]; do i=$((i + 1)); /bin/true; done; touch ../done; exit 3")

    def test_ends_the_recording_and_not_the_command(self):
        os.mkdir(self.path("disk"))
        script = ('mount -t tmpfs -o size=256k none disk && cd disk && "$@"; status=$?; '
                  "cp triptych.tpt ..; exit $status")
        result = self.record("--", "sh", "-c", self.COMMAND,
                             prefix=["unshare", "-m", "sh", "-c", script, "sh"])
        self.assertEqual(result.status, 125)
        self.assertIn("error: ", result.err)
        self.assertIn("No space left on device", result.err)
        self.assertNotIn("there is no recording", result.err)
        self.assertTrue(os.path.exists(self.path("done")))

        said = re.search(r"recorded ([\d,]+) events .* ([\d,]+) lost", result.err)
        self.assertEqual(int(said.group(1).replace(",", "")), len(self.dump()))
        ending = self.ending()
        self.assertEqual(int(said.group(2).replace(",", "")), ending["counters"]["disk_lost"])
        self.assertEqual(ending["reason"], "cannot write the trace file: No space left on device")
        self.assertGreater(ending["counters"]["disk_lost"], 0)
        report = self.report()
        self.assertGreater(report["totals"]["forks"] + report["totals"]["vforks"], 0)
        self.assertGreater(report["data_quality"]["lost"], 0)
        self.assertIsNone(report["audit"]["page_faults"]["difference"])
        text = self.triptych("report", "triptych.tpt")
        self.assertEqual(text.status, 0, text.err)
        self.assertRegex(text.out, r"No\s+space\s+left\s+on\s+device")

    def test_file_size_limit(self):
        result = self.record("--", "sh", "-c", self.COMMAND.replace("../done", "done"),
                             prefix=["sh", "-c", 'ulimit -f 64; exec "$@"', "sh"])
        self.assertEqual(result.status, 125)
        self.assertIn("File too large", result.err)
        self.assertTrue(os.path.exists(self.path("done")))
        self.assertEqual(self.triptych("report", "triptych.tpt").status, 0)


if __name__ == "__main__":
    harness.main()
