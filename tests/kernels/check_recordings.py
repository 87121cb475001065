#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the JSON reports that guest.sh wrote: two of forker.c, exact, and the same by either rung; three of
coroutines.cpp, exact by its markers and by probes in its code, from the start and placed while it runs."""
import json
import sys

CHILDREN = 20
PARENT_PAGES = 32
CHILD_PAGES = 100
COROUTINES = 10
SUSPENSIONS = 100
# Pages of stack, libc data and thread-local storage that a process writes after a fork besides.
BESIDES = 16

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def read_reports(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    decoder = json.JSONDecoder()
    reports = []
    at = 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        report, at = decoder.raw_decode(text, at)
        reports.append(report)
    return reports


def check_counts(name, report):
    totals = report["totals"]
    expect(totals["forks"] == CHILDREN, f"{name}: {totals['forks']} forks")
    expect(totals["exits"] == CHILDREN + 1, f"{name}: {totals['exits']} exits")
    expect(totals["execs"] == 1, f"{name}: {totals['execs']} execs")
    expect(len(report["forks"]) == CHILDREN, f"{name}: {len(report['forks'])} entries in forks")
    for fork in report["forks"]:
        child, parent = fork["cow"]["child"]["copies"], fork["cow"]["parent"]["copies"]
        where = f"{name}: fork of {fork['child_tid']}"
        expect(CHILD_PAGES <= child <= CHILD_PAGES + BESIDES, f"{where}: child copied {child}")
        expect(PARENT_PAGES <= parent <= PARENT_PAGES + BESIDES, f"{where}: parent copied {parent}")
        expect(fork["duration_ns"] > 0, f"{where}: no duration")
        expect(fork["page_table_pages"] > 0, f"{where}: no page-table pages")


def check_audit(name, report):
    audit = report["audit"]
    expect(audit["context_switches"]["difference"] == 0, f"{name}: {audit['context_switches']}")
    expect(audit["page_faults"]["difference"] == 0, f"{name}: {audit['page_faults']}")
    expect(audit["tasks_differing"] == 0, f"{name}: {audit['tasks_differing']} tasks differ")
    expect(report["data_quality"]["lost"] == 0, f"{name}: {report['data_quality']}")


def copies_of(report):
    # Of a page that both write (the stack's), the first copies: who that is, is a race; the sum is not.
    return [f["cow"]["parent"]["copies"] + f["cow"]["child"]["copies"] for f in report["forks"]]


def check_coroutines(name, report):
    # Since 6.6 all probes of a file come in one link; before, one by one, which costs time to take away.
    major, minor = map(int, report["host"]["kernel"].split(".")[:2])
    way = "uprobe_multi/" if (major, minor) >= (6, 6) else "uprobe/"
    hooks = [(p["hook"], p["reason"]) for p in report["recording"]["plan"]
             if p["event"] == "coroutine" and "uprobe" in p["hook"]]
    if name == "late":
        expect(not hooks, f"{name}: {hooks}")
    else:
        expect(len(hooks) == 1 and hooks[0][0].startswith(way), f"{name}: {hooks}")
        if way == "uprobe/":
            expect(all("placed one by one" in reason for _, reason in hooks), f"{name}: {hooks}")
    functions = [f for f in report["coroutine_functions"] if "work" in (f["function"] or "")]
    expect(len(functions) == 1, f"{name}: {len(functions)} functions")
    recorded = functions[0]["recorded"] if functions else {}
    ends = {kind: recorded.get(kind) for kind in ("created", "finished", "destroyed")}
    expect(set(ends.values()) == {COROUTINES}, f"{name}: {ends}")
    # Probes see that a coroutine is first run as far as to be suspended at its beginning, where the
    # compiler makes a call of that.
    starts = (0,) if name == "markers" else (0, COROUTINES)
    resumed = [COROUTINES * (SUSPENSIONS + 1) + more for more in starts]
    expect(recorded.get("resumed") in resumed, f"{name}: {recorded.get('resumed')} resumptions")
    expect(recorded.get("suspended") == recorded.get("resumed", 0) - COROUTINES,
           f"{name}: {recorded.get('suspended')} suspensions")
    expect(report["data_quality"]["lost_coroutine_events"] == 0, f"{name}: {report['data_quality']}")


def main():
    reports = read_reports(sys.argv[1])
    if len(reports) != 5:
        sys.exit(f"expected five reports, found {len(reports)}")
    best, base, *of_coroutines = reports
    for name, report in zip(("markers", "probes", "late"), of_coroutines):
        check_coroutines(name, report)
    for name, report in (("best", best), ("base", base)):
        check_counts(name, report)
        check_audit(name, report)
    expect(best["host"]["tier"] == "full", f"the best tier was {best['host']['tier']}")
    expect(base["host"]["tier"] == "base", f"without fentry the tier was {base['host']['tier']}")
    # Two runs of one program. Whether a write to a protected page copies it or takes it over hangs on
    # whether the other process still holds it: a race for a page or two, but each is one or the other.
    expect(all(abs(a - b) <= 2 for a, b in zip(copies_of(best), copies_of(base))),
           f"the rungs differ: {copies_of(best)} and {copies_of(base)}")
    for keys in (("first_touch",), ("cow_copy", "wp_reuse")):
        counts = [sum(report["totals"]["page_faults"][key] for key in keys) for report in (best, base)]
        expect(counts[0] == counts[1],
               f"{' + '.join(keys)}: {counts[0]} with fentry, {counts[1]} without")
    print("\n".join(failures) or f"{CHILDREN} forks and {COROUTINES} coroutines, exact in each way")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
