# SPDX-License-Identifier: Apache-2.0
"""What a time line for Perfetto shows besides the states of threads, line by line; and what it is to be.

What perfetto_test.py holds against the tables would not miss arrows, counters, coroutines' lanes, CPUs or marks of
losses that are not there. The times are those of the golden traces, since the recording began.
"""
from perfetto_rules import COUNTER, INSTANT, only

ARROWS = {1: "wakeup", 2: "creation", 3: "coroutine"}  # by the upper bits of their number


def owner_of(reader, track):
    """Whose track it is, in words."""
    for thread in track["thread"]:
        return f"thread {only(thread, 'tid')}"
    for process in track["process"]:
        return f"process {only(process, 'pid')}"
    above = "".join(owner_of(reader, reader.tracks[parent]) + ", " for parent in track["parent_uuid"])
    return above + only(track, "name")


def lines_of(reader):
    lines = []
    for flow, ends in reader.flows.items():
        begins = ",".join(str(time) for time, kind in sorted(ends) if kind == "flow_ids")
        last = ",".join(str(time) for time, kind in sorted(ends) if kind == "terminating_flow_ids")
        lines.append(f"arrow, {ARROWS[flow >> 60]}: {begins or 'nowhere'} to {last or 'nowhere'}")
    for time, event in reader.events:
        owner = owner_of(reader, reader.tracks[only(event, "track_uuid")])
        if only(event, "type") == COUNTER:
            lines.append(f"{owner}: {only(event, 'counter_value')} at {time}")
        elif only(event, "type") == INSTANT:
            lines.append(f"{owner}: {only(event, 'name')} at {time}")
    for number, event, begin, end in reader.slices():
        track = reader.tracks[number]
        if not track["thread"]:  # states are held against the tables
            lines.append(f"{owner_of(reader, track)}: {only(event, 'name')} from {begin} to {end}")
    return sorted(lines)


# Read off the traces.
EXPECTED = {
    "clones": """\
CPUs, CPU 0: clones 100 from 0 to 130000
CPUs, CPU 1: clones 101 from 22000 to 41000
CPUs, CPU 1: clones 102 from 52000 to 71000
CPUs, CPU 1: iou-wrk-100 103 from 123000 to 126000
CPUs, CPU 1: iou-wrk-100 103 from 83000 to 95000
arrow, creation: 18000 to 20000
arrow, creation: 39000 to 50000
arrow, creation: nowhere to 80000
arrow, wakeup: 122000 to 122000
arrow, wakeup: 21000 to 21000
arrow, wakeup: 51000 to 51000
arrow, wakeup: 81000 to 81000
process 102, copy-on-write copies: 1 at 60000
process 102, page faults: 1 at 60000
thread 100, creations: clone from 18000 to 24000
thread 100, creations: clone from 39000 to 55000
thread 100, creations: io_worker at 80000
thread 100: wakes clones 101 at 21000
thread 100: wakes clones 102 at 51000
thread 100: wakes iou-wrk-100 103 at 122000
thread 100: wakes iou-wrk-100 103 at 81000
thread 102, page faults: cow_copy from 59100 to 60000
""",
    "coroutines": """\
CPUs, CPU 0: server 100 from 0 to 200000
CPUs, CPU 0: server 100 from 50230000 to 50400000
CPUs, CPU 0: server 100 from 80010000 to 80300000
CPUs, CPU 1: server 101 from 40000 to 60500000
CPUs, CPU 1: server 101 from 60700000 to 72800000
CPUs, CPU 1: server 101 from 80210000 to 80230000
arrow, coroutine: 110000,50310000,50500000 to nowhere
arrow, coroutine: 160000,80020000 to nowhere
arrow, coroutine: 50240000 to nowhere
arrow, creation: 15000 to 20000
arrow, wakeup: 22000 to 22000
arrow, wakeup: 80200000 to 80200000
process 100, coroutines 0: serve(int) from 110000 to 150000
process 100, coroutines 0: serve(int) from 50310000 to 50350000
process 100, coroutines 0: serve(int) from 50500000 to 72700000
process 100, coroutines 1: query from 160000 to 50240000
process 100, coroutines 1: query from 80020000 to 80030000
process 100, coroutines 2: serve(int) from 50240000 to 50300000
thread 100, coroutines: query from 160000 to 50240000
thread 100, coroutines: query from 80020000 to 80030000
thread 100, coroutines: serve(int) from 110000 to 150000
thread 100, coroutines: serve(int) from 50240000 to 50300000
thread 100, coroutines: serve(int) from 50310000 to 50350000
thread 100, creations: thread from 15000 to 24000
thread 100: wakes server 101 at 22000
thread 100: wakes server 101 at 80200000
thread 101, coroutines: serve(int) from 50500000 to 72700000
""",
    "loss": """\
CPUs, CPU 0: lossy 100 from 0 to 80000
CPUs, CPU 0: lossy 100 from 406000 to 455000
CPUs, CPU 1: lossy 101 from 302000 to 405000
CPUs, CPU 1: lossy 101 from 55000 to 100000
CPUs, CPU 1: lost records: lost from 149000 to 181000
arrow, creation: 30000 to 50000
arrow, wakeup: 403000 to 403000
arrow, wakeup: 52000 to 52000
process 101, copy-on-write copies: 1 at 70000
process 101, copy-on-write copies: 2 at 320000
process 101, page faults: 1 at 70000
process 101, page faults: 2 at 320000
thread 100, creations: fork from 30000 to 60000
thread 100: wakes lossy 101 at 52000
thread 101, decided late: blocked: read from 100000 to 149000
thread 101, decided late: lost from 149000 to 302000
thread 101, page faults: cow_copy from 318000 to 320000
thread 101, page faults: cow_copy from 68200 to 70000
thread 101: wakes lossy 100 at 403000
""",
}


def check(reader, case):
    if case not in EXPECTED:
        return
    shown, wanted = lines_of(reader), EXPECTED[case].splitlines()
    missing = [line for line in wanted if line not in shown]
    assert shown == wanted, f"missing: {missing}; not wanted: {[line for line in shown if line not in wanted]}"
