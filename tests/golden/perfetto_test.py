# SPDX-License-Identifier: Apache-2.0
"""The Perfetto export of each golden trace, held to Perfetto's rules (perfetto_rules.py) and to the tables.

    perfetto_test.py TRIPTYCH GOLDEN_DIRECTORY

An arrow has both ends, and each thread's states add up to the table export.
"""
import collections
import json
import os
import sys
import tempfile

import exports
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
    for track, name, begin, end in reader.slices():
        about = reader.tracks[track]
        if about["name"] == ["decided late"]:
            about = reader.tracks[only(about, "parent_uuid")]
        if about["thread"]:
            state = STATES.get(name, name.partition(":")[0])
            sums[only(only(about, "thread"), "tid"), state] += end - begin
    return sums


def check(program, trace):
    reader = Reader(exports.exported(program, trace, "perfetto"))
    check_flows(reader)
    wanted = collections.Counter()
    kinds = collections.Counter()
    for line in exports.exported(program, trace, "jsonl").splitlines():
        row = json.loads(line)
        kinds[row["kind"]] += 1
        if row["kind"] in ("running", "runnable", "blocked", "unknown"):
            wanted[row["tid"], row["kind"]] += row["duration_ns"]
    assert state_sums(reader) == wanted, "the states do not add up to the table's"
    names = collections.Counter(
        only(reader.tracks[only(event, "track_uuid")], "name")
        for _, event in reader.events
        if only(event, "type") in (BEGIN, INSTANT)
        and reader.tracks[only(event, "track_uuid")]["parent_uuid"])
    assert names["page faults"] == kinds["fault"] and names["creations"] == kinds["creation"]
    assert names["coroutines"] == kinds["coroutine"]
    return kinds


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


exports.main(check)
check_many_names(sys.argv[1])
