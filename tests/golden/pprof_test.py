# SPDX-License-Identifier: Apache-2.0
"""The pprof form of each profile of each golden trace, by profile.proto's field numbers and rules.

    pprof_test.py TRIPTYCH GOLDEN_DIRECTORY

No unknown field, each reference leads somewhere, text 0 is empty, as many values as types, and every path
has in every unit what folded says.
"""
import gzip

import profiles
from protobuf import BYTES, PACKED, TEXT, VARINT, decode

VALUE_TYPE = {1: ("type", VARINT), 2: ("unit", VARINT)}
LABEL = {1: ("key", VARINT), 2: ("str", VARINT), 3: ("num", VARINT)}
SAMPLE = {1: ("location_id", BYTES, PACKED), 2: ("value", BYTES, PACKED), 3: ("label", BYTES, LABEL)}
MAPPING = {1: ("id", VARINT), 5: ("filename", VARINT), 7: ("has_functions", VARINT)}
LINE = {1: ("function_id", VARINT)}
LOCATION = {1: ("id", VARINT), 2: ("mapping_id", VARINT), 4: ("line", BYTES, LINE)}
FUNCTION = {1: ("id", VARINT), 2: ("name", VARINT)}
PROFILE = {1: ("sample_type", BYTES, VALUE_TYPE), 2: ("sample", BYTES, SAMPLE),
           3: ("mapping", BYTES, MAPPING), 4: ("location", BYTES, LOCATION),
           5: ("function", BYTES, FUNCTION), 6: ("string_table", BYTES, TEXT),
           9: ("time_nanos", VARINT), 10: ("duration_nanos", VARINT), 13: ("comment", VARINT),
           14: ("default_sample_type", VARINT)}
TYPES = {"ns": ("time", "nanoseconds"), "count": ("count", "count"), "pages": ("pages", "count"),
         "samples": ("samples", "count")}


def only(message, name):
    assert len(message[name]) == 1, name
    return message[name][0]


def by_id(messages):
    table = {only(message, "id"): message for message in messages}
    assert len(table) == len(messages) and 0 not in table
    return table


class Reader:
    def __init__(self, data):
        self.profile = decode(gzip.decompress(data), PROFILE)
        self.texts = self.profile["string_table"]
        assert self.texts[0] == "" and len(set(self.texts)) == len(self.texts)
        self.functions = by_id(self.profile["function"])
        self.locations = by_id(self.profile["location"])
        self.mappings = by_id(self.profile["mapping"])
        for location in self.locations.values():
            assert only(location, "mapping_id") in self.mappings

    def text(self, message, name):
        return self.texts[only(message, name)]

    def types(self):
        return [(self.text(each, "type"), self.text(each, "unit"))
                for each in self.profile["sample_type"]]

    def frame(self, location_id):
        function = self.functions[only(only(self.locations[location_id], "line"), "function_id")]
        return profiles.as_folded(self.text(function, "name"))

    def paths(self, position):
        """Outermost first; pprof has the innermost first."""
        paths = {}
        for sample in self.profile["sample"]:
            assert len(sample["value"]) == len(self.profile["sample_type"])
            path = tuple(self.frame(each) for each in reversed(sample["location_id"]))
            assert path not in paths
            if sample["value"][position]:
                paths[path] = sample["value"][position]
            self.check_labels(sample["label"], path)
        return paths

    def check_labels(self, labels, path):
        told = {self.text(each, "key"): each for each in labels}
        assert self.text(told["model"], "str") in path
        for key in ("process", "thread", "coroutine"):
            assert key not in told or profiles.as_folded(self.text(told[key], "str")) in path, key
        if "thread_id" in told:
            number = only(told["thread_id"], "num")
            assert profiles.as_folded(self.text(told["thread"], "str")).endswith(f"({number})")


def check(program, trace, kind):
    raw = profiles.exported(program, trace, "pprof", kind)
    if raw is None:
        return 0
    reader = Reader(raw)
    types = reader.types()
    assert sorted(types) == sorted(TYPES[unit] for unit in profiles.units_of(kind))
    assert types[0] == TYPES["count"]
    assert reader.text(reader.profile, "default_sample_type") == TYPES[profiles.units_of(kind)[0]][0]
    total = 0
    for unit in profiles.units_of(kind):
        paths = reader.paths(types.index(TYPES[unit]))
        assert paths == profiles.folded(program, trace, kind, unit), unit
        total += sum(paths.values())
    return total


profiles.main(check)
