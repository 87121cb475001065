# SPDX-License-Identifier: Apache-2.0
"""The Perfetto export of each golden trace, read by a decoder of its own and held to Perfetto's rules.

    perfetto_test.py TRIPTYCH GOLDEN_DIRECTORY

Only fields of the published schema, each of its type; a track is described before it is used; slices
of a track nest and end; an arrow has both ends; and each thread's states add up to the table export.
"""
import collections
import json

import exports
from protobuf import BYTES, FIXED64, TEXT, VARINT, decode

# {field: (name, wire type, message or TEXT)}: perfetto/protos, as far as it is used.
CLOCK = {1: ("clock_id", VARINT), 2: ("timestamp", VARINT)}
ANNOTATION = {3: ("uint_value", VARINT), 6: ("string_value", BYTES, TEXT),
              7: ("pointer_value", VARINT), 10: ("name", BYTES, TEXT)}
EVENT = {4: ("debug_annotations", BYTES, ANNOTATION), 9: ("type", VARINT),
         11: ("track_uuid", VARINT), 23: ("name", BYTES, TEXT), 30: ("counter_value", VARINT),
         47: ("flow_ids", FIXED64), 48: ("terminating_flow_ids", FIXED64)}
PROCESS = {1: ("pid", VARINT), 6: ("process_name", BYTES, TEXT)}
THREAD = {1: ("pid", VARINT), 2: ("tid", VARINT), 5: ("thread_name", BYTES, TEXT)}
DESCRIPTOR = {1: ("uuid", VARINT), 2: ("name", BYTES, TEXT), 3: ("process", BYTES, PROCESS),
              4: ("thread", BYTES, THREAD), 5: ("parent_uuid", VARINT), 8: ("counter", BYTES, {}),
              15: ("sibling_merge_behavior", VARINT)}
SNAPSHOT = {1: ("clocks", BYTES, CLOCK), 2: ("primary_trace_clock", VARINT)}
PACKET = {6: ("clock_snapshot", BYTES, SNAPSHOT), 8: ("timestamp", VARINT),
          10: ("trusted_packet_sequence_id", VARINT), 11: ("track_event", BYTES, EVENT),
          13: ("sequence_flags", VARINT), 60: ("track_descriptor", BYTES, DESCRIPTOR)}
TRACE = {1: ("packet", BYTES, PACKET)}

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
CREATION = 2  # the upper bits of an arrow's number
STATES = {"running": "running", "runnable": "runnable", "unknown": "unknown", "lost": "unknown"}


def only(message, name):
    assert len(message[name]) == 1, f"{name} is there {len(message[name])} times"
    return message[name][0]


class Reader:
    """Checks packet by packet; slices() when all have been read."""

    def __init__(self, data):
        self.tracks, self.events = {}, []
        self.flows = collections.defaultdict(list)
        packets = decode(data, TRACE)["packet"]
        assert packets[0]["clock_snapshot"] and only(packets[0], "sequence_flags") == 1
        for packet in packets:
            assert only(packet, "trusted_packet_sequence_id") == 1
            for descriptor in packet["track_descriptor"]:
                self.describe(descriptor)
            for event in packet["track_event"]:
                self.event(only(packet, "timestamp"), event)

    def describe(self, descriptor):
        for parent in descriptor["parent_uuid"]:
            assert parent in self.tracks, "the parent of a track is not described"
        self.tracks.setdefault(only(descriptor, "uuid"), descriptor)

    def event(self, time, event):
        track = self.tracks[only(event, "track_uuid")]
        assert bool(track["counter"]) == (only(event, "type") == COUNTER)
        self.events.append((time, event))
        for kind in ("flow_ids", "terminating_flow_ids"):
            for flow in event[kind]:
                self.flows[flow].append((time, kind))

    def slices(self):
        """[(track, name, begin, end)]; as trace_processor does, by time, then in order of the file."""
        result, opened = [], collections.defaultdict(list)
        for time, event in sorted(self.events, key=lambda each: each[0]):
            track = only(event, "track_uuid")
            if only(event, "type") == BEGIN:
                assert not opened[track], f"{only(event, 'name')} overlaps {opened[track]}"
                opened[track].append((only(event, "name"), time))
            elif only(event, "type") == END:
                name, begin = opened[track].pop()  # IndexError: nothing is open
                result.append((track, name, begin, time))
        assert not any(opened.values()), "a slice does not end"
        return result


def check_flows(reader):
    for flow, ends in reader.flows.items():
        begins = [time for time, kind in ends if kind == "flow_ids"]
        last = [time for time, kind in ends if kind == "terminating_flow_ids"]
        # Who made a task may not be in the trace.
        assert begins or flow >> 60 == CREATION, f"the arrow {flow:#x} comes from nowhere"
        assert len(last) <= 1, f"the arrow {flow:#x} ends twice"
        assert not begins or all(min(begins) <= time for time in last), f"arrow {flow:#x}"


def state_sums(reader):
    """{(serial of the task, state): ns}, of the tracks of threads and of what was decided late of them."""
    sums = collections.Counter()
    for track, name, begin, end in reader.slices():
        about = reader.tracks[track]
        if about["name"] == ["decided late"]:
            about = reader.tracks[only(about, "parent_uuid")]
        if about["thread"]:
            state = STATES.get(name, name.partition(":")[0])
            sums[only(about, "uuid") & 0xffffffff, state] += end - begin
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
            wanted[row["task"], row["kind"]] += row["duration_ns"]
    assert state_sums(reader) == wanted, "the states do not add up to the table's"
    names = collections.Counter(
        only(reader.tracks[only(event, "track_uuid")], "name")
        for _, event in reader.events
        if only(event, "type") in (BEGIN, INSTANT)
        and reader.tracks[only(event, "track_uuid")]["parent_uuid"])
    assert names["page faults"] == kinds["fault"] and names["creations"] == kinds["creation"]
    assert names["coroutines"] == kinds["coroutine"]
    return kinds


exports.main(check)
