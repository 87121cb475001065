# SPDX-License-Identifier: Apache-2.0
"""The flame graph of each profile of each golden trace: well-formed, of one piece, and what folded says.

    flame_graph_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import json
import re
import xml.etree.ElementTree

import profiles

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {"svg", "title", "style", "rect", "line", "g", "text", "script"}


def check_safe(text, root):
    """Nothing from elsewhere, and of what a trace says nothing but text."""
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in KNOWN, element.tag
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on") and "href" not in name, name
            assert "url(" not in value, value
    assert len(root.findall(f".//{SVG}script")) == 1 and len(root.findall(f".//{SVG}style")) == 1
    addresses = set(re.findall(r"https?://[^\s\"'<>]*", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}, addresses
    assert "@import" not in text and "url(" not in text
    for control in re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
        raise AssertionError(f"control character {control!r}")


class Frame:
    def __init__(self, element, units):
        self.name = element.find(f"{SVG}title").text.split("\n")[0]
        self.depth = int(element.get("data-d"))
        self.total = [int(value) for value in element.get("data-v").split()]
        told = element.get("data-s")
        self.itself = [int(value) for value in told.split()] if told else self.total
        self.shown = element.get("display") != "none"
        self.rect = element.find(f"{SVG}rect")
        self.before = [int(value) for value in element.get("data-b", "").split()]
        self.colour = element.get("class").split()[1]
        assert len(self.total) == len(self.itself) == units


def frames_of(root, units):
    group = next(each for each in root.iter(f"{SVG}g") if each.get("class") == "frames")
    return [Frame(element, units) for element in group]


def check_places(frames):
    """A frame stands on the one that called it, beside its siblings."""
    rests = []
    for frame in frames:
        del rests[frame.depth:]
        if not frame.shown:
            assert float(frame.rect.get("width")) <= 0.3, frame.name
            rests.append((float(frame.rect.get("x")),) * 2)
            continue
        x, width = float(frame.rect.get("x")), float(frame.rect.get("width"))
        if frame.depth:
            left, right = rests[-1]
            assert left - 0.02 <= x and x + width <= right + 0.62, frame.name
            rests[-1] = (x + width, right)
        rests.append((x, x + width))


def check_base(program, trace, kind):
    """Beside itself nothing has changed, and thread ids, which no other recording has, are left out."""
    root = xml.etree.ElementTree.fromstring(
        profiles.exported(program, trace, "svg", kind, "--base", trace))
    for frame in frames_of(root, len(profiles.units_of(kind))):
        assert frame.before == frame.total and frame.colour == "m0", frame.name
        assert frame.depth != 3 or not re.search(r" \([0-9]+\)$", frame.name), frame.name


def check(program, trace, kind):
    raw = profiles.exported(program, trace, "svg", kind)
    if raw is None:
        return 0
    text = raw.decode("utf-8")
    root = xml.etree.ElementTree.fromstring(text)
    check_safe(text, root)
    units = [unit["name"] for unit in json.loads(root.get("data-units"))]
    assert tuple(units) == profiles.units_of(kind), units
    frames = frames_of(root, len(units))
    check_places(frames)
    for position, unit in enumerate(units):
        paths, path = {}, []
        for frame in frames:
            path[max(frame.depth - 1, 0):] = [profiles.as_folded(frame.name.replace("\\xef\\xbf\\xbf", "\uffff"))]
            if frame.itself[position] and frame.depth:
                paths[tuple(path)] = frame.itself[position]
        assert paths == profiles.folded(program, trace, kind, unit), unit
        assert frames[0].total[position] == sum(paths.values())
    if kind in ("off-cpu", "fault"):
        check_base(program, trace, kind)
    return frames[0].total[0]


profiles.main(check)
