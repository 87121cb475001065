#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the two JSON reports of forker.c that guest.sh wrote: exact, and the same by either rung."""
import json
import sys

CHILDREN = 20
PARENT_PAGES = 32
CHILD_PAGES = 100
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


def main():
    reports = read_reports(sys.argv[1])
    if len(reports) != 2:
        sys.exit(f"expected two reports, found {len(reports)}")
    best, base = reports
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
        counts = [sum(report["totals"]["page_faults"][key] for key in keys) for report in reports]
        expect(counts[0] == counts[1],
               f"{' + '.join(keys)}: {counts[0]} with fentry, {counts[1]} without")
    print("\n".join(failures) or f"{CHILDREN} forks, exact by either rung")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
