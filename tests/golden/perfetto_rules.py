# SPDX-License-Identifier: Apache-2.0
"""Perfetto's rules, and a reader that holds a trace to them, written from its published schema and documents.

    perfetto_rules.py FILE

Only fields of the schema, each of its type; a sequence begins with its state cleared, and what refers to
interned data says so and was told since; no number of it is 0 or told twice; a stack has frames, each of a
file that is told, and a place in it; a track is described before it is used; slices of a track nest and
end; samples are of a described thread, and their counter grows. (Whether arrows have both ends is the
trace's business.)
"""
import collections
import sys

from protobuf import BYTES, FIXED64, TEXT, VARINT, decode, messages

# {field: (name, wire type, message or TEXT)}: perfetto/protos, as far as it is used.
CLOCK = {1: ("clock_id", VARINT), 2: ("timestamp", VARINT)}
ANNOTATION = {1: ("name_iid", VARINT), 3: ("uint_value", VARINT), 7: ("pointer_value", VARINT),
              17: ("string_value_iid", VARINT)}
EVENT = {4: ("debug_annotations", BYTES, ANNOTATION), 9: ("type", VARINT), 10: ("name_iid", VARINT),
         11: ("track_uuid", VARINT), 30: ("counter_value", VARINT),
         47: ("flow_ids", FIXED64), 48: ("terminating_flow_ids", FIXED64), 56: ("callstack_iid", VARINT)}
PROCESS = {1: ("pid", VARINT), 6: ("process_name", BYTES, TEXT)}
THREAD = {1: ("pid", VARINT), 2: ("tid", VARINT), 5: ("thread_name", BYTES, TEXT)}
DESCRIPTOR = {1: ("uuid", VARINT), 2: ("name", BYTES, TEXT), 3: ("process", BYTES, PROCESS),
              4: ("thread", BYTES, THREAD), 5: ("parent_uuid", VARINT), 8: ("counter", BYTES, {}),
              15: ("sibling_merge_behavior", VARINT)}
SNAPSHOT = {1: ("clocks", BYTES, CLOCK), 2: ("primary_trace_clock", VARINT)}
INTERNED = {1: ("iid", VARINT), 2: ("text", BYTES, TEXT)}
FRAME = {1: ("iid", VARINT), 2: ("function_name_id", VARINT), 3: ("mapping_id", VARINT), 4: ("rel_pc", VARINT),
         7: ("kind", VARINT)}
CALLSTACK = {1: ("iid", VARINT), 2: ("frame_ids", VARINT)}
MAPPING = {1: ("iid", VARINT), 7: ("path_string_ids", VARINT)}
INTERNED_DATA = {2: ("event_names", BYTES, INTERNED), 3: ("debug_annotation_names", BYTES, INTERNED),
                 5: ("function_names", BYTES, INTERNED), 6: ("frames", BYTES, FRAME),
                 7: ("callstacks", BYTES, CALLSTACK), 17: ("mapping_paths", BYTES, INTERNED),
                 19: ("mappings", BYTES, MAPPING),
                 29: ("debug_annotation_string_values", BYTES, INTERNED)}
SAMPLE = {1: ("cpu", VARINT), 2: ("pid", VARINT), 3: ("tid", VARINT), 4: ("callstack_iid", VARINT),
          5: ("cpu_mode", VARINT), 6: ("timebase_count", VARINT)}
TIMEBASE = {1: ("period", VARINT), 4: ("counter", VARINT), 10: ("name", BYTES, TEXT)}
DEFAULTS = {12: ("perf_sample_defaults", BYTES, {1: ("timebase", BYTES, TIMEBASE)})}
PACKET = {6: ("clock_snapshot", BYTES, SNAPSHOT), 8: ("timestamp", VARINT),
          10: ("trusted_packet_sequence_id", VARINT), 11: ("track_event", BYTES, EVENT),
          12: ("interned_data", BYTES, INTERNED_DATA), 13: ("sequence_flags", VARINT),
          59: ("trace_packet_defaults", BYTES, DEFAULTS), 60: ("track_descriptor", BYTES, DESCRIPTOR),
          66: ("perf_sample", BYTES, SAMPLE)}

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
CLEARED, NEEDED = 1, 2  # sequence_flags


def only(message, name):
    assert len(message[name]) == 1, f"{name} is there {len(message[name])} times"
    return message[name][0]


class Sequence:
    """What has been told since its state was cleared last."""

    def __init__(self):
        self.told = self.timebase = None

    def packet(self, packet):
        flags = sum(packet["sequence_flags"])
        if flags & CLEARED:
            self.told, self.timebase = collections.defaultdict(dict), None
        assert self.told is not None, "the sequence does not begin with its state cleared"
        self.needed = bool(flags & NEEDED)
        for data in packet["interned_data"]:
            for kind, entries in data.items():
                for entry in entries:
                    self.tell(kind, only(entry, "iid"), only(entry, "text") if "text" in entry else entry)
            self.check_stacks(data)
        for defaults in packet["trace_packet_defaults"]:
            self.timebase = only(only(defaults, "perf_sample_defaults"), "timebase")

    def tell(self, kind, number, text):
        assert number != 0 and number not in self.told[kind], f"{kind} {number} is told twice, or is 0"
        self.told[kind][number] = text

    def check_stacks(self, data):
        """What belongs to a stack is told no later than in the same packet."""
        for mapping in data["mappings"]:
            self.told["mapping_paths"][only(mapping, "path_string_ids")]
        for frame in data["frames"]:
            self.told["function_names"][only(frame, "function_name_id")]
            self.told["mappings"][only(frame, "mapping_id")]
            only(frame, "rel_pc")
        for stack in data["callstacks"]:
            assert stack["frame_ids"], "a stack without frames"
            for frame in stack["frame_ids"]:
                self.told["frames"][frame]

    def stack(self, number):
        """Its frames, outermost first: (function, path, kind)."""
        frames = [self.told["frames"][each] for each in self.text("callstacks", number)["frame_ids"]]
        paths = [self.told["mappings"][only(each, "mapping_id")] for each in frames]
        return tuple((self.told["function_names"][only(each, "function_name_id")],
                      self.told["mapping_paths"][only(path, "path_string_ids")], only(each, "kind"))
                     for each, path in zip(frames, paths))

    def text(self, kind, number):
        assert self.needed, f"{kind} {number} is meant, and the packet does not say that it needs it"
        return self.told[kind][number]  # KeyError: it was not told


class Reader:
    """Checks packet by packet; slices() when all have been read. Names are in their places then."""

    def __init__(self, data):
        self.tracks, self.events, self.samples = {}, [], []
        self.counts, self.threads = collections.Counter(), set()
        self.flows = collections.defaultdict(list)
        self.sequences = collections.defaultdict(Sequence)
        self.names = self.clears = 0
        for number, packet in enumerate(messages(data, 1, PACKET)):
            assert packet["clock_snapshot"] or number != 0, "times are told before their clock is"
            sequence = self.sequences[only(packet, "trusted_packet_sequence_id")]
            sequence.packet(packet)
            self.clears += sum(packet["sequence_flags"]) & CLEARED
            for descriptor in packet["track_descriptor"]:
                self.describe(descriptor)
            for event in packet["track_event"]:
                self.event(sequence, only(packet, "timestamp"), event)
            for sample in packet["perf_sample"]:
                self.sample(sequence, only(packet, "timestamp"), sample)

    def sample(self, sequence, time, sample):
        assert sequence.timebase is not None, "a sample of nobody knows what"
        assert only(sample, "cpu_mode") in (1, 2)
        cpu, count = only(sample, "cpu"), only(sample, "timebase_count")
        assert count == self.counts[cpu] + only(sequence.timebase, "period"), "a sample stands for something else"
        self.counts[cpu] = count
        assert (only(sample, "pid"), only(sample, "tid")) in self.threads, "a sample of a thread that is not described"
        sample["stack"] = [sequence.stack(each) for each in sample["callstack_iid"]]
        self.samples.append((time, sample))

    def describe(self, descriptor):
        for parent in descriptor["parent_uuid"]:
            assert parent in self.tracks, "the parent of a track is not described"
        assert only(descriptor, "uuid") != 0
        self.tracks.setdefault(only(descriptor, "uuid"), descriptor)
        self.threads.update((only(each, "pid"), only(each, "tid")) for each in descriptor["thread"])

    def event(self, sequence, time, event):
        track = self.tracks[only(event, "track_uuid")]
        kind = only(event, "type")
        assert bool(track["counter"]) == (kind == COUNTER)
        assert bool(event["name_iid"]) == (kind in (BEGIN, INSTANT))
        event["name"] = [sequence.text("event_names", each) for each in event["name_iid"]]
        event["stack"] = [sequence.stack(each) for each in event["callstack_iid"]]
        assert not event["stack"] or kind in (BEGIN, INSTANT), "a stack of what ends"
        for annotation in event["debug_annotations"]:
            sequence.text("debug_annotation_names", only(annotation, "name_iid"))
            for value in annotation["string_value_iid"]:
                sequence.text("debug_annotation_string_values", value)
            assert sum(map(len, annotation.values())) == 2, "an annotation has one name and one value"
        self.events.append((time, event))
        for flow_kind in ("flow_ids", "terminating_flow_ids"):
            for flow in event[flow_kind]:
                self.flows[flow].append((time, flow_kind))

    def slices(self):
        """[(track, event, begin, end)]; as trace_processor does, by time, then in order of the file."""
        result, opened = [], collections.defaultdict(list)
        for time, event in sorted(self.events, key=lambda each: each[0]):
            track = only(event, "track_uuid")
            if only(event, "type") == BEGIN:
                assert not opened[track], f"{only(event, 'name')} overlaps {opened[track]}"
                opened[track].append((event, time))
            elif only(event, "type") == END:
                begun, begin = opened[track].pop()  # IndexError: nothing is open
                result.append((track, begun, begin, time))
        assert not any(opened.values()), "a slice does not end"
        return result


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        reader = Reader(file.read())
    stacks = sum(bool(event["stack"]) for _, event in reader.events)
    print(f"{len(reader.tracks)} tracks, {len(reader.events)} events, {len(reader.slices())} slices, "
          f"{len(reader.flows)} arrows, {stacks} stacks of events, {len(reader.samples)} samples")
