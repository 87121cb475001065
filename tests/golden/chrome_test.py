# SPDX-License-Identifier: Apache-2.0
"""The Chrome export of each golden trace: JSON, by the rules of trace events, and what the table says.

    chrome_test.py TRIPTYCH GOLDEN_DIRECTORY

States of a thread do not overlap and add up to the table's; what begins apart also ends, and not
before; an arrow has both ends; whoever does something has a name.
"""
import collections
import decimal
import json

import exports

STATES = ("running", "runnable", "blocked", "unknown")


def ns(event, field):
    return int(event[field] * 1000)


def check_pairs(events, first, last):
    """What has a beginning and an end apart has both, by category and number, in this order."""
    opened = collections.Counter()
    for event in events:
        if event["ph"] not in (first, last):
            continue
        key = event["cat"], event["id"], event["name"]
        if event["ph"] == first:
            opened[key] = ns(event, "ts")
        else:
            assert ns(event, "ts") >= opened.pop(key), f"{key} ends before it begins"
    assert not opened, f"without an end: {opened}"


def check_states(events):
    """{(task, state): ns}, the beginning before the recording included."""
    sums, ends = collections.Counter(), {}
    for event in sorted((e for e in events if e["ph"] == "X"), key=lambda e: e["ts"]):
        task = event["args"]["task"]
        assert ns(event, "ts") >= ends.get(task, 0), f"{event} overlaps"
        ends[task] = ns(event, "ts") + ns(event, "dur")
        sums[task, event["cat"]] += event["args"].get("duration", ns(event, "dur"))
    return sums


def check(program, trace):
    text = exports.exported(program, trace, "chrome").decode("utf-8")
    events = json.loads(text, parse_float=decimal.Decimal)["traceEvents"]
    named = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    for event in events:
        assert event["pid"] == 0 or (event["pid"], event["tid"]) in named, f"{event} is nobody's"
    check_pairs(events, "b", "e")
    check_pairs(events, "s", "f")
    wanted, kinds = collections.Counter(), collections.Counter()
    for line in exports.exported(program, trace, "jsonl").splitlines():
        row = json.loads(line)
        if row["kind"] == "coroutine" and "task" not in row:
            continue
        kinds[row["kind"]] += 1
        if row["kind"] in STATES:
            wanted[row["task"], row["kind"]] += row["duration_ns"]
    assert check_states(events) == wanted, "the states do not add up to the table's"
    shown = collections.Counter(e["cat"] for e in events if e["ph"] in "Xb" and e["cat"] != "lost")
    assert shown == kinds, f"{shown} instead of {kinds}"
    return kinds


exports.main(check)
