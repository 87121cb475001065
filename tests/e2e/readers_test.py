# SPDX-License-Identifier: Apache-2.0
"""Who reads the files of programs while a recording runs: children of the recorder that may do nothing."""

import os
import signal
import subprocess

import harness
from harness import USER, alive, environment, wait_until

NOBODY = 65534
NAME = "triptych-reader"


def status_of(process):
    with open(f"/proc/{process}/status", encoding="utf-8") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status)


def readers_of(recorder):
    """Those that have given up their rights by now: the name comes first."""
    with open(f"/proc/{recorder}/task/{recorder}/children", encoding="utf-8") as children:
        every = [int(child) for child in children.read().split()]
    found = []
    for child in every:
        try:
            status = status_of(child)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if status["Name"] == NAME and status["NoNewPrivs"].strip() == "1":
            found.append(child)
    return found


class ReadersTest(harness.Test):
    def recording(self, *options, env=None, command=("sleep", "60")):
        recorder = self.start("record", "-o", "trace", *options, "--", *command, env=env)
        wait_until(lambda: os.path.exists(self.path("trace")), "the recording")
        return recorder

    def readers(self, recorder, count=2):
        wait_until(lambda: len(readers_of(recorder.pid)) == count, f"{count} readers")
        return readers_of(recorder.pid)

    def expect_confined(self, readers, uid, groups):
        for reader in readers:
            status = status_of(reader)
            self.assertEqual(status["Uid"].split(), [str(uid)] * 4)
            self.assertEqual(status["Gid"].split(), [str(uid)] * 4)
            self.assertEqual(status["Groups"].split(), groups)
            for rights in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[rights], 16), 0, rights)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self.assertTrue(int(status["SigBlk"], 16) >> (number - 1) & 1)
            open_there = [os.readlink(f"/proc/{reader}/fd/{fd}") for fd in os.listdir(f"/proc/{reader}/fd")]
            self.assertEqual([each.partition(":")[0] for each in open_there], ["socket"], open_there)

    def end(self, recorder, readers):
        os.kill(recorder.pid, signal.SIGTERM)
        _, err = recorder.communicate(timeout=harness.PATIENCE)
        for reader in readers:
            self.assertFalse(alive(reader))
        return err

    def test_of_root_they_are_nobody_and_end_with_the_recording(self):
        recorder = self.recording()
        readers = self.readers(recorder)
        self.expect_confined(readers, NOBODY, [])
        self.assertNotIn("known", self.end(recorder, readers))

    def test_of_who_called_sudo_they_have_his_rights(self):
        os.chmod(self.directory, 0o777)
        recorder = self.recording(env=environment(SUDO_UID=str(USER), SUDO_GID=str(USER)))
        readers = self.readers(recorder)
        self.expect_confined(readers, USER, [str(USER)])
        self.end(recorder, readers)

    def test_who_needs_none_has_none(self):
        for way, count in (("off", 0), ("recorder", 0), ("uprobe:tokio", 2), ("usdt", 1)):
            recorder = self.recording("--coroutines", way)
            self.end(recorder, self.readers(recorder, count))
            os.unlink(self.path("trace"))

    def test_the_whole_machine_has_none_in_it(self):
        recorder = self.start("record", "-o", "trace", "-a")
        wait_until(lambda: os.path.exists(self.path("trace")), "the recording")
        self.end(recorder, self.readers(recorder, 0))

    def test_a_recording_survives_them(self):
        recorder = self.recording(command=("sh", "-c", "while [ ! -e go ]; do sleep 0.05; done; exit 7"))
        for reader in self.readers(recorder):
            os.kill(reader, signal.SIGKILL)
        self.write("go", "")
        _, err = recorder.communicate(timeout=harness.PATIENCE)
        self.assertEqual(recorder.returncode, 7, err)
        # It may just have been asked.
        self.assertRegex(err, "which coroutines (can be probed in what is mapped from now on is not known: the reader of "
                              "programs ended|of .* can be probed is not known, nor of what would come after it: its "
                              "reader ended)\n")
        self.assertIn("until when coroutines run that return to where none was seen to return yet is not known: "
                      "the reader of their programs ended", err)
        self.assertEqual(self.ending("trace")["reason"], "target ended")

    def test_they_end_with_a_recorder_that_is_killed(self):
        recorder = self.recording(command=("sleep", "2"))  # which outlives it
        readers = self.readers(recorder)
        recorder.kill()
        recorder.wait(harness.PATIENCE)
        wait_until(lambda: not any(map(alive, readers)), "the readers to end")

    def test_the_keys_of_the_terminal_do_not_end_them(self):
        recorder = self.recording(command=("sh", "-c", "trap '' INT; sleep 1"))
        readers = self.readers(recorder)
        for reader in readers:
            os.kill(reader, signal.SIGINT)
            os.kill(reader, signal.SIGHUP)
            os.kill(reader, signal.SIGTERM)
        self.assertTrue(all(map(alive, readers)))
        _, err = recorder.communicate(timeout=harness.PATIENCE)
        self.assertEqual(recorder.returncode, 0, err)
        self.assertNotIn("reader", err)

    def test_a_program_that_only_root_may_read_is_looked_into(self):
        source, program = self.write("program.cpp", "int main() { return *new int(0); }\n"), self.path("program")
        subprocess.run(["g++", "-s", source, "-o", program], check=True)
        os.chmod(program, 0o711)
        os.chmod(self.directory, 0o777)
        done = self.record("-o", "trace", "--", program, env=environment(SUDO_UID=str(USER), SUDO_GID=str(USER)))
        self.assertEqual(done.status, 0, done.err)
        text = " ".join(self.triptych("report", "trace").out.split())
        self.assertIn(f"{program} has no symbols", text)


harness.main()
