# SPDX-License-Identifier: Apache-2.0
"""Each profile of each golden trace as Chrome's trace events: nested slices, and what folded says.

    chrome_profile_test.py TRIPTYCH GOLDEN_DIRECTORY

A process for each unit, in it a thread for all together and one for each thread that was recorded. Siblings lie next
to each other, the largest first, from the beginning of what they are in; integers stand beside the times.
"""
import decimal
import json

import profiles


def values(event, scale):
    """Where it begins and how long it is, in the unit."""
    begin, length = event["ts"] * scale, event["dur"] * scale
    assert begin == int(begin) and length == int(length) > 0, event
    return int(begin), int(length)


def paths_of(slices, scale):
    """{(frame, ...): what it has for itself}, and the sum."""
    paths, total = {}, 0
    open_slices = []  # (path, end, where the next one within begins, length of the last one, what they leave)

    def close():
        path, end, at, _, own = open_slices.pop()
        assert end - at == own, f"{path} has {end - at} for itself, and says {own}"
        if own:
            assert path not in paths, path
            paths[path] = own

    for event in slices:
        begin, length = values(event, scale)
        assert event["args"]["total"] == length, event
        while open_slices and open_slices[-1][1] <= begin:
            close()
        if open_slices:
            path, end, at, last, own = open_slices.pop()
            assert begin == at and begin + length <= end and (last is None or length <= last), event
            open_slices.append((path, end, begin + length, length, own))
        else:
            path = ()
            assert begin == total, f"{event} does not follow"
            total += length
        open_slices.append((path + (profiles.as_folded(event["name"]),), begin + length, begin, None,
                            event["args"]["self"]))
    while open_slices:
        close()
    return paths, total


def check(program, trace, kind):
    raw = profiles.exported(program, trace, "chrome", kind)
    if raw is None:
        return 0
    file = json.loads(raw.decode("utf-8"), parse_float=decimal.Decimal)
    folded = profiles.exported(program, trace, "folded", kind).decode("utf-8").splitlines()
    assert file["otherData"]["profile"] == kind
    assert [f"# note: ({note})" for note in file["otherData"]["notes"]] == [
        line for line in folded if line.startswith("# note: (")], file["otherData"]
    names, slices = {}, {}
    for event in file["traceEvents"]:
        if event["ph"] == "M":
            if event["name"].endswith("_name"):
                names[event["name"], event["pid"], event["tid"]] = event["args"]["name"]
        else:
            assert event["ph"] == "X", event
            slices.setdefault((event["pid"], event["tid"]), []).append(event)
    whole = 0
    for number, unit in enumerate(profiles.units_of(kind), 1):
        assert names["process_name", number, 1].endswith(f" ({unit})"), names
        scale = 1000 if unit == "ns" else 1
        wanted = profiles.folded(program, trace, kind, unit)
        assert names["thread_name", number, 1] == "all together"
        together, total = paths_of(slices.pop((number, 1), []), scale)
        assert together == wanted and total == sum(wanted.values()), f"{unit}: {together} instead of {wanted}"
        apart, sizes = {}, []
        for thread in sorted(tid for pid, tid in slices if pid == number):
            own, size = paths_of(slices.pop((number, thread)), scale)
            owner = profiles.as_folded(names["thread_name", number, thread])
            assert all(owner in path for path in own) and not apart.keys() & own.keys()
            apart |= own
            sizes.append(size)
        assert apart == wanted, f"{unit}: {apart} instead of {wanted}"
        assert sizes == sorted(sizes, reverse=True)
        whole += total
    assert not slices, "slices of nobody"
    return whole


profiles.main(check)
