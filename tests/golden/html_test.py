# SPDX-License-Identifier: Apache-2.0
"""The page of each golden trace: well-formed, complete in itself, and with the figures of the JSON report.

    html_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import golden_traces
import html_pages

XHTML = "{http://www.w3.org/1999/xhtml}"
MOST_BYTES = 5_000_000
TAGS = set("""a body circle data dd details div dl dt figcaption figure footer g h1 h2 h3 head header
    html li line link main meta nav p path pre rect script section small span style summary svg table
    strong tbody td text th thead title tr ul""".split())
ATTRIBUTES = set("""aria-hidden aria-label charset class colspan content d data-column-ns data-d
    data-duration-ns data-icicle data-name data-s data-scale data-skipped-ns data-source data-top
    data-unit data-units data-v display height href http-equiv id lang name open
    preserveAspectRatio rel role scope tabindex value viewBox width x x1 x2 y y1 y2""".split())
SINGLE = {"meta", "link", "rect", "line", "path", "circle"}


class Balanced(html.parser.HTMLParser):
    """As a browser reads it: what is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.shape = []

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SINGLE, f"<{tag}/> is no end to a browser"
        self.shape.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> ends nothing"


def shape_of(page):
    reader = Balanced()
    reader.feed(page.decode("utf-8"))
    reader.close()
    assert not reader.open, f"not closed: {reader.open}"
    return reader.shape


def check_markup(page):
    """Nothing but what the program writes; nothing that a browser would load."""
    root = xml.etree.ElementTree.fromstring(page)
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids)), "an id stands twice"
    for each in root.iter():
        tag = each.tag.removeprefix(XHTML)
        assert tag in TAGS, f"<{tag}>"
        assert set(each.keys()) <= ATTRIBUTES, f"<{tag}> with {set(each.keys()) - ATTRIBUTES}"
        link = each.get("href")
        if link is not None and link != "data:,":
            assert link[0] == "#" and link[1:] in ids, f"a link to {link}"
        if tag == "style":
            assert "url(" not in each.text and "@import" not in each.text
    return root


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def numbers(elements):
    """The figure in each cell; None where there is none."""
    found = []
    for cell in elements:
        data = cell.find(f"{XHTML}data")
        found.append(None if data is None else int(data.get("value")))
    return found


def fields_of(root, section):
    table = root.find(f".//*[@id='{section}']//{XHTML}table[@class='fields']")
    return {text_of(row[0]): numbers(row[1:2])[0] for row in table.iter(f"{XHTML}tr")}


def check_totals(root, report):
    totals = report["totals"]
    fields = fields_of(root, "totals")
    switches = totals["context_switches"]
    both = None if switches["voluntary"] is None else switches["voluntary"] + switches["involuntary"]
    wanted = {"context switches": both, "wakeups": totals["wakeups"],
              "page faults": totals["page_faults"]["total"], "forks": totals["forks"],
              "vforks": totals["vforks"], "threads": totals["threads_created"],
              "programs started": totals["execs"], "tasks ended": totals["exits"],
              "on CPU": totals["on_cpu_ns"], "runnable": totals["runnable_ns"],
              "blocked": totals["blocked_ns"], "unknown": totals["unknown_ns"]}
    for name, figure in wanted.items():
        assert fields[name] == figure, f"{name}: {fields[name]}, not {figure}"


def check_tasks(root, report):
    for task in report["tasks"]:
        row = root.find(f".//*[@id='task-{task['task']}']/{XHTML}tr")
        wanted = [task["on_cpu_ns"], task["runnable_ns"], task["blocked_ns"], task["unknown_ns"],
                  task["switches"]["voluntary"], task["switches"]["involuntary"],
                  task["migrations"], task["faults"]["total"]]
        assert text_of(row[0]) == str(task["tid"])
        assert numbers(row[2:10]) == wanted, f"task {task['tid']}: {numbers(row[2:10])}, not {wanted}"


def check_histograms(root, report):
    figures = root.findall(f".//*[@id='waiting']//{XHTML}figure")
    kinds = [report["totals"]["run_queue_latency"], report["totals"]["slice_length"]]
    if not figures:
        return 0
    for figure, kind in zip(figures, kinds, strict=True):
        cells = figure.findall(f".//{XHTML}td[@class='number']")
        bars = [count for count in numbers(cells) if count]
        assert bars == [octave["count"] for octave in kind["octaves"]], f"bars of {bars}"
    return len(figures)


def check_forks(root, report):
    rows = root.findall(f".//*[@id='forks']//{XHTML}tbody")
    assert len(rows) == len(report["forks"])
    for kind in ("parent", "child"):
        column = 8 if kind == "parent" else 9
        shown = sorted(numbers([row[0][column] for row in rows]), key=str)
        assert shown == sorted((fork["cow"] and fork["cow"][kind]["copies"]
                                for fork in report["forks"]), key=str)


def check_profile_totals(report):
    """Of the chosen tasks alone, where the report is narrowed."""
    totals = report["totals"]
    wanted = {"on-cpu": ("ns", totals["on_cpu_ns"]), "off-cpu": ("ns", totals["blocked_ns"]),
              "wakeup": ("ns", totals["blocked_ns"]), "run-queue": ("ns", totals["runnable_ns"]),
              "fault": ("count", totals["page_faults"]["total"]),
              "cow": ("count", totals["cow"] and totals["cow"]["copies"])}
    for profile in report["profiles"]:
        unit, figure = wanted.get(profile["profile"], (None, None))
        if unit is not None:
            assert profile["total"][unit] == figure, (profile["profile"], figure)


def check_flame_graphs(root, report):
    """Those in which something was counted; frames have what the JSON report says of their paths."""
    figures = [each for each in root.iter(f"{XHTML}figure") if each.get("class") == "flame"]
    wanted = [each for each in report["profiles"] if each["paths"]]
    assert [each.get("data-name") for each in figures] == [each["profile"] for each in wanted]
    for figure, profile in zip(figures, wanted):
        total = figure.find(f".//{XHTML}g[@data-d='0']").get("data-v")
        assert total == " ".join(map(str, profile["total"].values())), profile["profile"]
        spent, path = {}, []
        for frame in figure.find(f".//{XHTML}g[@class='frames']"):
            path[int(frame.get("data-d")):] = [frame[0].text.split("\n")[0]]
            spent[tuple(path[1:])] = frame.get("data-s") or frame.get("data-v")
        for each in profile["paths"]:
            names = tuple(frame["name"] for frame in each["frames"])
            values = " ".join(map(str, each["self"].values()))
            if "".join(names).isascii() and "".join(names).isprintable():
                assert spent[names] == values, names
            else:  # it has escapes in it
                assert values in spent.values(), names
    return len(figures)


def check(program, directory, case):
    trace = os.path.join(directory, case, "trace.txt")
    options = html_pages.options_of(directory, case)
    page = html_pages.page(program, trace, *options)
    assert len(page) < MOST_BYTES, f"{len(page)} bytes"
    shape_of(page)
    root = check_markup(page)
    report = json.loads(subprocess.run([program, "report", "--format", "json", *options, trace],
                                       stdout=subprocess.PIPE, check=True).stdout)
    check_totals(root, report)
    check_tasks(root, report)
    check_forks(root, report)
    check_profile_totals(report)
    graphs = check_flame_graphs(root, report)
    assert graphs or not report["tasks"] or report["recording"]["mode"] == "summary", "no flame graph"
    return check_histograms(root, report)


def check_attack(program, directory):
    """A page has the same elements and attributes whatever the names are."""
    plain = {old: "plain" for old in html_pages.ATTACKS}
    shapes = []
    with tempfile.TemporaryDirectory() as temporary:
        for attacks in (html_pages.ATTACKS, plain):
            trace = os.path.join(temporary, "trace.txt")
            html_pages.write_attack(directory, trace, attacks)
            page = html_pages.page(program, trace)
            check_markup(page)
            shapes.append(shape_of(page))
            attacked = attacks is html_pages.ATTACKS
            assert (b"&lt;script&gt;document.title=1&lt;/script&gt;" in page) == attacked
    assert shapes[0] == shapes[1], "a name has become markup"


def write_large(path, names):
    """Threads of one process, each with functions, waits, wakeups and faults of its own."""
    thread = """{at}0 cpu=0 task={task} task_seen how=launched tid={tid} tgid=1000 ns_tid={tid} parent_tid=99 mm=1 comm="{name}" start_boottime_ns=900000000
{at}1 cpu=0 task=0 switch next={task} next_seq=0 next_target
{at}2 cpu=0 task=0 stack id={task} mm=1 frames={frames}
{at}2 cpu=0 task={task} sample period_ns=10000000 user={task} mm=1
{at}3 cpu=0 task={task} stack_of what=fault user={task}
{at}3 cpu=0 task={task} fault address=0x7f0000001000 ip=0x401000 duration_ns=850 vm_flags=0x100073 mm=1 pages=1 error_code=6 mapping=anon zeroed
{at}4 cpu=0 task={task} fault address=0x7f0000001000 ip=0x401000 duration_ns=850 vm_flags=0x100073 mm=1 pages=1 error_code=7 mapping=anon not_zeroed
{at}5 cpu=0 task={task} stack_of what=switch user={task}
{at}5 cpu=0 task={task} switch next=0 state=1 syscall={call} prev_seq=1 voluntary prev_target
"""
    wakeup = "{at}6 cpu=0 task={task} wakeup waker={waker} target_cpu=0\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write("# triptych text trace 1\n")
        mapped = f'1000000010 cpu=0 task=0 map tgid=1000 start=0x400000 end=0x80000000 inode=7 there path="/{names * 190}"\n'
        for i in range(3000):
            frames = ",".join(hex(0x400000 + 0x100 * (10 * i + depth)) for depth in range(5))
            about = {"task": i + 2, "tid": 1000 + i, "name": names * 15, "frames": frames,
                     "call": i % 300, "waker": i + 1, "at": 100000001 + i}
            file.write(thread.format(**about).replace("\n", "\n" + mapped if i == 0 else "\n", 1))
            if i:
                about["task"], about["waker"] = i + 1, i + 2
                file.write(wakeup.format(**about))


def check_size(program):
    """However much was recorded and whatever it is called."""
    with tempfile.TemporaryDirectory() as temporary:
        trace = os.path.join(temporary, "trace.txt")
        for name in ("<", "x"):
            write_large(trace, name)
            page = html_pages.page(program, trace)
            root = check_markup(page)
            graphs = [each for each in root.iter(f"{XHTML}figure") if each.get("class") == "flame"]
            assert len(graphs) >= 6, len(graphs)
            for graph in graphs:
                frames = graph.find(f".//{XHTML}g[@class='frames']")
                assert len(frames) <= 1000
                assert "narrowest frames are left out" in text_of(graph), graph.get("id")
            assert len(page) < MOST_BYTES, f"{len(page)} bytes"
            print(f"{len(page)} bytes")


def check_refusals(program, directory):
    schema = subprocess.run([program, "report", "--format", "htm",
                             os.path.join(directory, "threads", "trace.txt")],
                            capture_output=True, text=True, check=False)
    assert schema.returncode == 2 and re.search("html", schema.stderr), schema.stderr


def main():
    program, directory = sys.argv[1:]
    histograms = 0
    for case in golden_traces.cases(directory):
        try:
            histograms += check(program, directory, case)
        except (AssertionError, LookupError, ValueError, SyntaxError) as problem:
            sys.exit(f"{case}: {type(problem).__name__}: {problem}")
    assert histograms > (10 if os.environ.get("TRIPTYCH_SANITIZED") else 20), histograms
    check_attack(program, directory)
    check_size(program)
    check_refusals(program, directory)


main()
