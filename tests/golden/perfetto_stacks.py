# SPDX-License-Identifier: Apache-2.0
"""The stacks of a time line for Perfetto against the profiles: the same sums by thread and functions."""
import collections
import re

import profiles
from perfetto_rules import only

KERNEL = 2  # the kind of a frame


def names_in(stack):
    """Of a stack, outermost first: (the program's functions, the kernel's), as the folded form writes them."""
    parts = ([], [])
    for function, _, kind in stack:
        parts[kind == KERNEL].append(profiles.as_folded(function))
    return parts


def thread_of(reader, track):
    about = reader.tracks[track]
    return about if about["thread"] else reader.tracks[only(about, "parent_uuid")]


def stack_sums(reader):
    """{(profile, tid, frame, ...): its sum}, of all that has a stack."""
    sums = collections.Counter()
    for _, sample in reader.samples:
        user, kernel = names_in(sample["stack"][0] if sample["stack"] else ())
        sums["on-cpu", only(sample, "tid"), *user, *kernel] += 1
    for track, event, begin, end in reader.slices():
        name = only(event, "name")
        if event["stack"] and name.startswith("blocked: "):
            user, kernel = names_in(only(event, "stack"))
            tid = only(only(thread_of(reader, track), "thread"), "tid")
            sums["off-cpu", tid, *user, profiles.as_folded(name), *kernel] += end - begin
    for _, event in reader.events:
        if not event["stack"] or only(event, "name").startswith("blocked: "):
            continue
        user, kernel = names_in(only(event, "stack"))
        track = only(event, "track_uuid")
        tid = only(only(thread_of(reader, track), "thread"), "tid")
        kind = {"page faults": "fault", "creations": "fork"}.get("".join(reader.tracks[track]["name"]), "run-queue")
        last = () if kind == "run-queue" else (only(event, "name"),)
        sums[kind, tid, *user, *kernel, *last] += 1
    return sums


def profile_sums(program, trace):
    """The same, by the profiles; those without functions are left out."""
    sums = collections.Counter()
    for kind, unit in (("on-cpu", "samples"), ("off-cpu", "ns"), ("run-queue", "count"), ("fault", "count"),
                       ("fork", "count")):
        if profiles.exported(program, trace, "folded", kind) is None:
            continue
        for path, value in profiles.folded(program, trace, kind, unit).items():
            own, frames = path[2], path[4 if path[0] == "coroutine" else 3:]
            if kind == "run-queue":  # woken;by waker (1);functions
                if len(frames) < 3 or frames[0] != "woken":
                    continue
                own, frames = frames[1], frames[2:]
            elif len(frames) < 2 and kind != "on-cpu":
                continue
            sums[kind, int(re.search(r"\(([0-9]+)\)$", own).group(1)), *frames] += value
    return sums


def check(reader, program, trace):
    sums, by_profiles = stack_sums(reader), profile_sums(program, trace)
    assert sums == by_profiles, f"stacks: {sums - by_profiles} too much, {by_profiles - sums} too little"
    return sums
