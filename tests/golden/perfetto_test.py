# SPDX-License-Identifier: Apache-2.0
"""The Perfetto export of each golden trace, held to Perfetto's rules (perfetto_rules.py) and to the tables.

    perfetto_test.py TRIPTYCH GOLDEN_DIRECTORY

An arrow has both ends, each thread's states add up to the table export, and its stacks to the profiles. All else that
three of them show is as perfetto_picture.py has it.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import exports
import perfetto_picture
import perfetto_stacks
from perfetto_rules import BEGIN, INSTANT, Reader, only

CREATION = 2  # the upper bits of an arrow's number
STATES = {"running": "running", "runnable": "runnable", "unknown": "unknown", "lost": "unknown"}


def check_flows(reader):
    for flow, ends in reader.flows.items():
        begins = [time for time, kind in ends if kind == "flow_ids"]
        last = [time for time, kind in ends if kind == "terminating_flow_ids"]
        # Who made a task may not be in the trace.
        assert begins or flow >> 60 == CREATION, f"the arrow {flow:#x} comes from nowhere"
        assert len(last) <= 1, f"the arrow {flow:#x} ends twice"
        assert not begins or all(min(begins) <= time for time in last), f"arrow {flow:#x}"


def state_sums(reader):
    """{(tid, state): ns}, of the tracks of threads and of what was decided late of them."""
    sums = collections.Counter()
    for track, event, begin, end in reader.slices():
        about = reader.tracks[track]
        if about["name"] == ["decided late"]:
            about = reader.tracks[only(about, "parent_uuid")]
        if about["thread"]:
            name = only(event, "name")
            state = STATES.get(name, name.partition(":")[0])
            sums[only(only(about, "thread"), "tid"), state] += end - begin
    return sums


def check(program, trace):
    reader = Reader(exports.exported(program, trace, "perfetto"))
    check_flows(reader)
    perfetto_picture.check(reader, os.path.basename(os.path.dirname(trace)))
    wanted = collections.Counter()
    kinds = collections.Counter()
    for line in exports.exported(program, trace, "jsonl").splitlines():
        row = json.loads(line)
        kinds[row["kind"]] += 1
        if row["kind"] in ("running", "runnable", "blocked", "unknown"):
            wanted[row["tid"], row["kind"]] += row["duration_ns"]
    assert state_sums(reader) == wanted, "the states do not add up to the table's"
    with open(trace, encoding="utf-8", errors="replace") as file:
        recorded = re.search(r" (sample|stack_of) ", file.read())
    stacks = perfetto_stacks.check(reader, program, trace) if recorded else ()
    kinds.update("stacks of " + kind for kind, *_ in stacks)
    names = collections.Counter(
        only(reader.tracks[only(event, "track_uuid")], "name")
        for _, event in reader.events
        if only(event, "type") in (BEGIN, INSTANT)
        and reader.tracks[only(event, "track_uuid")]["parent_uuid"])
    assert names["page faults"] == kinds["fault"] and names["creations"] == kinds["creation"]
    assert names["coroutines"] == kinds["coroutine"]
    return kinds


def check_piped(program):
    """What cannot be read twice has no stacks, and says so; all else is there."""
    with open(os.path.join(sys.argv[2], "profile-stacks", "trace.txt"), "rb") as file:
        done = subprocess.run([program, "export", "--format", "perfetto", "-"], stdin=file, capture_output=True,
                              check=True)
    assert b"stacks are left out" in done.stderr, done.stderr
    reader = Reader(done.stdout)
    assert reader.events and not reader.samples and not any(event["stack"] for _, event in reader.events)


def check_stacks_in_any_order(program):
    """A stack is met first in a switch, behind one that is met first in a fault."""
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, "trace.txt")
        with open(os.path.join(sys.argv[2], "profile-stacks", "trace.txt"), encoding="utf-8") as file:
            text = file.read()
        other = "what=switch user=2 kernel=4"
        assert other in text
        text = text.replace(other, "what=switch user=5 kernel=4")
        told = "1000125000 cpu=0 task=0 stack id=5 mm=1 frames=0x401400,0x401010\n"
        place = text.index("1000130000 cpu=1")
        with open(trace, "w", encoding="utf-8") as file:
            file.write(text[:place] + told + text[place:])
        reader = Reader(exports.exported(program, trace, "perfetto"))
        sums = perfetto_stacks.check(reader, program, trace)
    assert ("off-cpu", 100, "fork-cow+0x1010", "fork-cow+0x1400", "blocked: wait4", "do_wait", "schedule") in sums, sums


def check_many_stacks(program):
    """So many that their numbers are told anew."""
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, "trace.txt")
        with open(os.path.join(sys.argv[2], "profile-stacks", "trace.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if " sample " in line)
        with open(trace, "w", encoding="utf-8") as file:
            file.writelines(lines[:place])
            for number in range(10_000, 45_000):
                file.write(f"1000040000 cpu=0 task=0 stack id={number} mm=1 frames={number + 0x400000:#x},0x401010\n")
            for number in range(10_000, 45_000):
                file.write(f"1000040000 cpu=0 task=2 sample period_ns=10000000 user={number} mm=1\n")
            file.writelines(lines[place:])
        reader = Reader(exports.exported(program, trace, "perfetto"))
    assert reader.clears > 1, "nothing was forgotten"
    assert len({sample["stack"][0] for _, sample in reader.samples}) == 35_000 + 2, "a stack is missing"


def check_many_names(program):
    """So many that the numbers are told anew: nobody has to remember all of them."""
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, "trace.txt")
        with open(os.path.join(sys.argv[2], "marks", "trace.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if 'name="check point"' in line)
        names = [f"mark number {number}" for number in range(70_000)]
        with open(trace, "w", encoding="utf-8") as file:
            file.writelines(lines[:place])
            file.writelines(lines[place].replace("check point", name) for name in names)
            file.writelines(lines[place + 1:])
        reader = Reader(exports.exported(program, trace, "perfetto"))
    assert reader.clears > 1, "nothing was forgotten"
    told = {name for _, event in reader.events for name in event["name"]}
    assert told >= set(names), "a mark is missing"


total = exports.main(check)
assert all(total["stacks of " + kind] for kind in ("on-cpu", "off-cpu", "run-queue", "fault", "fork")), total
check_many_names(sys.argv[1])
check_stacks_in_any_order(sys.argv[1])
check_many_stacks(sys.argv[1])
check_piped(sys.argv[1])
