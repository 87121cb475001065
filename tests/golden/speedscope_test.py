# SPDX-License-Identifier: Apache-2.0
"""The speedscope form of each profile of each golden trace: its format's rules, and what folded says.

    speedscope_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import json

import profiles

UNITS = {"ns": "nanoseconds", "count": "none", "pages": "none", "samples": "none"}


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
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = [profiles.as_folded(frame["name"]) for frame in file["shared"]["frames"]]
    assert file["activeProfileIndex"] == 0
    rest, total = list(file["profiles"]), 0
    for unit in profiles.units_of(kind):
        wanted = profiles.folded(program, trace, kind, unit)
        assert rest[0]["name"].startswith("all: ") and rest[0]["unit"] == UNITS[unit]
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
