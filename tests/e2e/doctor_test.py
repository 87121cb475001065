# SPDX-License-Identifier: Apache-2.0
"""What this kernel can record, for people and for programs."""

import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import time

import harness

WIDTH = 100
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
PERF_EVENT_OPEN = 298
BREAKPOINT = 0xcc


class Attribute(ctypes.Structure):
    """struct perf_event_attr, its first version."""

    _fields_ = [("type", ctypes.c_uint32), ("size", ctypes.c_uint32), ("config", ctypes.c_uint64),
                ("unused", ctypes.c_uint64 * 5), ("path", ctypes.c_char_p), ("offset", ctypes.c_uint64)]


def probe(path, offset, process):
    """A counting event on this place of the file, when this process comes by."""
    kind = int(read_text("/sys/bus/event_source/devices/uprobe/type"))
    attribute = Attribute(type=kind, size=ctypes.sizeof(Attribute), path=path.encode(), offset=offset)
    libc = ctypes.CDLL(None, use_errno=True)
    event = libc.syscall(PERF_EVENT_OPEN, ctypes.byref(attribute), process, -1, -1, 0)
    if event < 0:
        raise OSError(ctypes.get_errno(), "perf_event_open")
    return event


def read_text(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def session_of(process):
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return None


def executable_bytes(process, path):
    """What a process has in its memory for the code of this file."""
    found = b""
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{process}/mem", "rb") as memory:
        for line in maps:
            words = line.split(maxsplit=5)
            if len(words) == 6 and "x" in words[1] and words[5].strip() == path:
                begin, end = (int(each, 16) for each in words[0].split("-"))
                memory.seek(begin)
                found += memory.read(end - begin)
    return found


class Doctor(harness.Test):
    def test_of_a_python_program_it_says_what_fits_the_width_and_nothing_of_compiled_coroutines(self):
        text = self.triptych("doctor", "--", "/usr/bin/python3").out
        for line in text.splitlines():
            self.assertLessEqual(len(line), WIDTH, line)
        words = " ".join(text.split())
        self.assertIn("tasks of Python's asyncio", words)
        self.assertNotIn("C++20", words)

    def test_the_text_fits_the_width_and_says_all_that_the_json_says(self):
        result = self.triptych("doctor", "--format", "json")
        self.assertEqual(result.status, 0, result.err)
        found = json.loads(result.out)
        self.assertEqual(found["schema"], "triptych.doctor/1")
        self.assertTrue(found["can_record"])

        text = self.triptych("doctor").out
        for line in text.splitlines():
            self.assertLessEqual(len(line), WIDTH, line)
        words = " ".join(text.split())
        self.assertIn(f"Linux {found['kernel']}: can record; tier: {found['tier']} ", words)
        for event in found["events"]:
            answer = "yes" if event["recordable"] else "no"
            said = event["hook"] if event["recordable"] else event["reason"]
            # What stands in parentheses is said once.
            self.assertIn(f" {answer} {event['event']} {said.split(' (')[0]}", words)
            self.assertIn(event["reason"].split(" (")[0], words)
            for aside in re.findall(r" (\([^)]*\))", event["reason"]):
                self.assertEqual(words.count(aside), 1, aside)
        self.assertTrue(found["five_byte_nop"]["tried"], found["five_byte_nop"])
        for hook in found["hooks"]:
            answer = "ok" if hook["available"] else "--"
            self.assertIn(f" {answer} {hook['name']} {hook['reason'].split(' (')[0]}".rstrip(), words)

    def test_without_a_hook_that_is_needed_it_says_so(self):
        result = self.triptych("doctor", "--no-probe", "tp_btf/sched_process_exit")
        self.assertEqual(result.status, 3)
        self.assertIn(": cannot record\n\n  ", result.out)
        self.assertIn("What to do: needed: ", result.out)

    def test_what_a_probe_on_a_nop_of_five_bytes_does_is_what_it_does_to_others(self):
        program = self.path("five_byte_nop")
        subprocess.run(["gcc", "-O1", os.path.join(SOURCES, "five_byte_nop.c"), "-o", program], check=True)
        with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            event = probe(program, int(process.stdout.readline()), process.pid)
            self.addCleanup(os.close, event)
            out, _ = process.communicate("go\n", timeout=harness.PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(struct.unpack("Q", os.read(event, 8)), (5000,))
        first_byte, changed, killed_by = map(int, out.split())

        found = json.loads(self.triptych("doctor", "--format", "json").out)["five_byte_nop"]
        self.assertEqual(found, {
            "tried": True, "reason": "", "hits": 1000, "rewritten": first_byte != BREAKPOINT,
            "forked_child_killed_by": killed_by, "kept_below_stack_pointer": changed == 0})

        words = " ".join(self.triptych("doctor").out.split())
        if killed_by:
            self.assertEqual(killed_by, signal.SIGSEGV)
            self.assertIn("kills forked children of a probed program (tried: signal 11)", words)
        else:
            self.assertIn("survived (tried)", words)
        self.assertIn("triptych never probes one, whatever this says.", words)

    def test_what_cannot_be_tried_is_said_not_to_have_been(self):
        kind = "/sys/bus/event_source/devices/uprobe/type"
        result = self.triptych("doctor", "--format", "json", prefix=(
            "unshare", "--mount", "sh", "-c", f"mount --bind /dev/null {kind} && exec \"$@\"", "sh"))
        self.assertEqual(json.loads(result.out)["five_byte_nop"], {
            "tried": False, "reason": f"{kind}: not a number", "hits": None, "rewritten": None,
            "forked_child_killed_by": None, "kept_below_stack_pointer": None})

    def test_the_trial_leaves_nothing_behind_and_nobody_else_changed(self):
        bystander = self.start("record", "-o", "bystander.tpt", "--", "sleep", "100")
        children = f"/proc/{bystander.pid}/task/{bystander.pid}/children"
        harness.wait_until(lambda: read_text(children), "the command")
        path = os.path.realpath(harness.TRIPTYCH)
        before = executable_bytes(bystander.pid, path)
        self.assertTrue(before)
        started = time.monotonic()
        doctor = self.start("doctor", "--format", "json")
        result = self.finish(doctor)
        self.assertLess(time.monotonic() - started, harness.PATIENCE / 2)
        self.assertTrue(json.loads(result.out)["five_byte_nop"]["tried"])

        def left():
            everyone = [int(each) for each in os.listdir("/proc") if each.isdigit()]
            return [each for each in everyone if session_of(each) == doctor.pid]

        # What takes the kernel long to take away goes in a process of its own, which ends with that.
        harness.wait_until(lambda: not left(), "the end of all that it started")
        self.assertEqual(executable_bytes(bystander.pid, path), before)
        bystander.send_signal(signal.SIGINT)
        self.finish(bystander)


if __name__ == "__main__":
    harness.main()
