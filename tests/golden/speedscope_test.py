# SPDX-License-Identifier: Apache-2.0
"""The speedscope form of each profile of each golden trace: its format's rules, and what folded says.

    speedscope_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import json

import profiles

# What the published schema of the file has, and which of it must be there.
FILE = ({"$schema", "shared", "profiles"}, {"name", "activeProfileIndex", "exporter"})
FRAME = ({"name"}, {"file", "line", "col"})
PROFILE = ({"type", "name", "unit", "startValue", "endValue", "samples", "weights"}, set())
KNOWN_UNITS = {"none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"}
UNITS = {"ns": "nanoseconds", "count": "none", "pages": "none", "samples": "none"}


def check_members(value, members):
    required, optional = members
    assert required <= set(value) <= required | optional, set(value)


def check_schema(file):
    check_members(file, FILE)
    check_members(file["shared"], ({"frames"}, set()))
    for frame in file["shared"]["frames"]:
        check_members(frame, FRAME)
        assert isinstance(frame["name"], str)
    for profile in file["profiles"]:
        check_members(profile, PROFILE)
        assert profile["unit"] in KNOWN_UNITS and isinstance(profile["name"], str)
        for frame in (each for stack in profile["samples"] for each in stack):
            assert isinstance(frame, int) and 0 <= frame < len(file["shared"]["frames"])
        assert all(isinstance(weight, int) and weight > 0 for weight in profile["weights"])


def paths_of(profile, frames):
    assert profile["type"] == "sampled" and profile["startValue"] == 0
    assert len(profile["samples"]) == len(profile["weights"])
    assert profile["endValue"] == sum(profile["weights"])
    paths = {}
    for stack, weight in zip(profile["samples"], profile["weights"]):
        path = tuple(frames[each] for each in stack)
        assert path not in paths
        paths[path] = weight
    return paths


def check(program, trace, kind):
    raw = profiles.exported(program, trace, "speedscope", kind)
    if raw is None:
        return 0
    file = json.loads(raw.decode("utf-8"))
    check_schema(file)
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = [profiles.as_folded(frame["name"]) for frame in file["shared"]["frames"]]
    assert file["activeProfileIndex"] == 0
    rest, total = list(file["profiles"]), 0
    # The notes that folded has as comments.
    text = profiles.exported(program, trace, "folded", kind).decode("utf-8")
    notes = "".join(f" [{line[len('# note: ('):-1]}]" for line in text.splitlines() if line.startswith("# note: ("))
    assert file["name"].endswith(notes), file["name"]
    for unit in profiles.units_of(kind):
        wanted = profiles.folded(program, trace, kind, unit)
        assert rest[0]["name"].startswith("all: ") and rest[0]["unit"] == UNITS[unit]
        assert rest[0]["name"].endswith(notes), rest[0]["name"]
        assert paths_of(rest.pop(0), frames) == wanted, unit
        parts = {}
        while rest and not rest[0]["name"].startswith("all: "):
            assert rest[0]["unit"] == UNITS[unit]
            part = paths_of(rest.pop(0), frames)
            assert part and not parts.keys() & part.keys()
            parts |= part
        assert parts == wanted, unit
        total += sum(wanted.values())
    assert not rest
    return total


profiles.main(check)
