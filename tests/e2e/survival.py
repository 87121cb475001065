# SPDX-License-Identifier: Apache-2.0
"""What the tests of all ways to see coroutines share: programs that wait until they may go on, what is probed in
them, and that each of them lives, whoever is recorded and however the recorder ends."""

import collections
import os
import signal
import subprocess

import harness

# How a program falls, and by which signal it ends then.
FALLS = {"segv": signal.SIGSEGV, "abort": signal.SIGABRT, "throw": signal.SIGABRT}

Among = collections.namedtuple("Among", "out done others")


def probed_bytes(process, file):
    """Of the code that the process has mapped of a file (any that has this in its path) where it is not as in
    the file."""
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps:
        lines = [line.split(maxsplit=5) for line in maps if file in line]
    different = []
    for addresses, access, offset, _, _, path in lines:
        if "x" not in access:
            continue
        begin, end = (int(address, 16) for address in addresses.split("-"))
        with open(path.rstrip("\n"), "rb") as there, open(f"/proc/{process}/mem", "rb") as memory:
            there.seek(int(offset, 16))
            memory.seek(begin)
            now, wanted = memory.read(end - begin), there.read(end - begin)
        if now != wanted:
            different += [int(offset, 16) + i for i, (a, b) in enumerate(zip(now, wanted)) if a != b]
    return different


class Survival(harness.Test):
    def waiting(self, *command, **changes):
        """A program that has said "ready", and goes on when it is given a line; `changes` are of its environment."""
        program = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, env=harness.environment(**changes))
        self.addCleanup(self._give_up, program)
        self.assertEqual(program.stdout.readline(), "ready\n")
        return program

    def gone_on(self, program):
        """What a waiting program says at its end, which is a good one."""
        out, _ = program.communicate("\n", timeout=harness.PATIENCE)
        self.assertEqual(program.returncode, 0)
        return out

    def attached(self, way, program, name="triptych.tpt"):
        recorder = self.start("record", "-o", name, *way, "-p", str(program.pid))
        self.wait_for_file(name)
        return recorder

    def expect_probed(self, program, files, probed):
        for file in files:
            harness.wait_until(lambda file=file: bool(probed_bytes(program.pid, file)) == probed,
                               f"{'' if probed else 'no '}probes in {file}")

    def recorded_among_others(self, way, command, files, said=str, look=lambda witness: None):
        """Of processes that all run one command: what the one put out that was recorded, how its recorder ended,
        and who the others were that lived as well. They have all `said` the same: a bystander that ran with the
        probes in it, one whose recorder was killed meanwhile, and one in which nothing has stayed of either, at
        which the test may `look` while the probes are there. There is a file of each recording, and no other."""
        before = self.names()
        target, *others = (self.waiting(*command) for _ in range(4))
        bystander, orphan, witness = others
        recorder = self.attached(way, target)
        self.expect_probed(witness, files, True)
        look(witness)
        outs = [self.gone_on(bystander), self.gone_on(target)]
        done = self.finish(recorder)
        self.assertEqual(done.status, 0, done.err)
        for file in files:
            self.assertEqual(probed_bytes(witness.pid, file), [], file)

        recorder = self.attached(way, orphan, "killed.tpt")
        self.expect_probed(witness, files, True)
        orphan.stdin.write("\n")
        orphan.stdin.flush()
        recorder.kill()
        recorder.wait()
        self.expect_probed(witness, files, False)
        outs += [self.gone_on(orphan), self.gone_on(witness)]
        self.assertEqual([said(out) for out in outs], [said(outs[0])] * 4)
        self.assertEqual(set(self.names()) - set(before), {"triptych.tpt", "killed.tpt"})
        os.unlink(self.path("killed.tpt"))
        return Among(outs[1], done, [each.pid for each in others])
