# SPDX-License-Identifier: Apache-2.0
"""Exports of real recordings: their sums are the report's, and the file is whole or not there."""

import collections
import csv
import json
import os
import shlex
import subprocess
import sys

import harness
from harness import OTHER, TRIPTYCH, USER, environment

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden"))
import perfetto_rules  # noqa: E402
import perfetto_stacks  # noqa: E402

SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(USER), "SUDO_USER": "somebody"}
TIMES = {"running": "on_cpu_ns", "runnable": "runnable_ns", "blocked": "blocked_ns",
         "unknown": "unknown_ns"}
WORK = ("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.01 & done; wait; "
        "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; ls / | cat >/dev/null")


class Intervals(harness.Test):
    def rows(self, *arguments):
        result = self.triptych("export", "--format", "jsonl", *arguments)
        self.assertEqual(result.status, 0, result.err)
        return [json.loads(line) for line in result.out.splitlines()]

    def assert_sums(self, report, rows):
        sums = collections.Counter()
        faults, spans = collections.Counter(), collections.defaultdict(list)
        for row in rows:
            if row["kind"] in TIMES:
                sums[row["task"], row["kind"]] += row["duration_ns"]
                spans[row["task"]].append((row["begin_ns"], row["begin_ns"] + row["duration_ns"]))
            elif row["kind"] == "fault":
                faults[row["task"]] += 1
        for task in report["tasks"]:
            serial = task["task"]
            self.assertEqual({kind: sums[serial, kind] for kind in TIMES},
                             {kind: task[name] for kind, name in TIMES.items()}, task["comm"])
            self.assertEqual(faults[serial], task["faults"]["total"], task["comm"])
            ordered = sorted(spans[serial])
            for before, after in zip(ordered, ordered[1:]):
                self.assertEqual(before[1], after[0], task["comm"])
            if ordered:  # otherwise it was met once, and the sums are all zero
                self.assertEqual(ordered[0][0], task["start_ns"] - report["begin_ns"])
        self.assertLessEqual(set(spans), {task["task"] for task in report["tasks"]})

    def test_sums_are_the_reports(self):
        self.assertEqual(self.record("--", "sh", "-c", WORK).status, 0)
        report, rows = self.report(), self.rows()
        self.assertGreater(len(report["tasks"]), 10)
        self.assert_sums(report, rows)
        created = [row for row in rows if row["kind"] == "creation"]
        totals = report["totals"]
        self.assertEqual(len(created), totals["forks"] + totals["vforks"] + totals["other_clones"] +
                         totals["threads_created"])
        # A sleeping shell waits in a system call, and somebody wakes it.
        details = {row.get("detail") for row in rows if row["kind"] == "blocked"}
        self.assertTrue(details & {"wait4", "rt_sigsuspend"}, details)  # as it comes to it
        woken = [row for row in rows if row.get("detail") == "woken"]
        self.assertTrue(any("other_tid" in row for row in woken))

    def test_sums_of_the_whole_machine(self):
        self.assertEqual(self.record("-a", "--duration", "300ms").status, 0)
        self.assert_sums(self.report(), self.rows())

    def test_sums_with_losses(self):
        """A recorder that stands still for a while loses what its target does then."""
        # On a quiet machine nothing but its own sleeps makes it switch.
        busy = "import time; [(bytearray(1 << 20), i % 20 or time.sleep(0.001)) for i in range(3000)]"
        work = f"kill -STOP $PPID; python3 -c '{busy}' & sleep 1; kill -CONT $PPID; wait"
        result = self.record("--buffer-size", "64K", "--", "sh", "-c", work)
        self.assertEqual(result.status, 0, result.err)
        report, rows = self.report(), self.rows()
        self.assertGreater(report["data_quality"]["lost"], 0)
        self.assertGreater(report["data_quality"]["unknown_by_cause_ns"]["loss"], 0)
        self.assert_sums(report, rows)
        said = self.triptych("export", "--format", "csv", "-o", "out.csv")
        self.assertEqual(said.status, 0)
        self.assertIn("triptych: the export is not complete: lost_", said.err)

    def test_tables_say_the_same(self):
        self.record("--", "sh", "-c", WORK)
        result = self.triptych("export", "--format", "csv", "-o", "out.csv")
        self.assertEqual((result.status, result.out, result.err), (0, "", ""))
        with open(self.path("out.csv"), encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        rows = self.rows()
        self.assertEqual(len(table), len(rows))
        for line, row in zip(table, rows):
            text = {name: str(value).lower() if isinstance(value, bool) else str(value)
                    for name, value in row.items()}
            self.assertEqual({name: value for name, value in line.items() if value}, text)

    def test_what_was_not_asked_for_is_not_missing(self):
        """The kernel counts switches that nobody asked to record."""
        result = self.record("--events", "fork,exec,exit", "--", "sh", "-c", "for i in 1 2 3 4 5; do sleep 0.01; done")
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(self.report()["data_quality"]["switches_missed"], 0)
        self.assertEqual(self.triptych("export", "--format", "csv").err, "")
        refused = self.triptych("export", "--format", "folded")
        self.assert_refused(refused, 2, "this trace does not have switches between tasks, which the profile on-cpu is "
                            "made of", "record with switch in --events")

    def test_coroutines(self):
        program = [os.environ["TRIPTYCH_COROUTINES"], "switch", "2000"]
        self.assertEqual(self.record("--", *program).status, 0)
        mounted = collections.Counter()
        for row in self.rows():
            if row["kind"] == "coroutine":
                mounted[row["coroutine"]] += row["duration_ns"]
        coroutines = self.report()["coroutines"]
        self.assertTrue(coroutines)
        for each in coroutines:
            self.assertEqual(mounted[each["id"]], each["mounted_ns"], each)


class Stacks(harness.Test):
    """In a time line as in the profiles: of each thread, so much in these functions."""

    def check(self, *options):
        stacks = "--stacks=on-cpu,off-cpu,wakeup,fault,fork"
        result = self.record(stacks, "--frequency", "997", *options, "--", "sh", "-c", WORK)
        self.assertEqual(result.status, 0, result.err)
        result = self.triptych("export", "--format", "perfetto", "-o", "stacks.pftrace")
        self.assertEqual((result.status, result.err), (0, ""))
        reader = perfetto_rules.Reader(self.read_bytes("stacks.pftrace"))
        sums = perfetto_stacks.check(reader, TRIPTYCH, self.path("triptych.tpt"))
        # Who exits has no memory of its own any more from which a stack could be copied.
        kinds = {kind for kind, *_ in sums} | {"run-queue"}
        self.assertEqual(kinds, {"on-cpu", "off-cpu", "run-queue", "fault", "fork"})
        return sums

    def test_by_the_frame_pointer(self):
        sums = self.check("--kernel-stacks")
        self.assertIn("run-queue", {kind for kind, *_ in sums})

    def test_unwound(self):
        self.check("--unwind", "dwarf")


class Files(harness.Test):
    def test_belongs_to_who_called_sudo(self):
        self.record("--", "true")
        for command in (["export", "--format", "csv"], ["report"]):
            result = self.triptych(*command, "-o", "out", env=environment(**SUDO))
            self.assertEqual(result.status, 0, result.err)
            status = os.stat(self.path("out"))
            self.assertEqual((status.st_uid, status.st_gid), (USER, USER))
            os.unlink(self.path("out"))

    def test_no_link_of_another_user_is_followed(self):
        self.record("--", "true")
        os.chmod(self.directory, 0o1777)
        os.mkfifo(self.path("pipe"))
        os.mkdir(self.path("theirs"))
        for name, leads_to in (("link", "pipe"), ("device", "/dev/null"), ("file", "new.csv"), ("there", "theirs")):
            os.symlink(leads_to, self.path(name))
            os.lchown(self.path(name), OTHER, OTHER)
        for output in ("link", "device", "file", "there/out.csv"):
            for command in (["export", "--format", "csv"], ["report"]):
                result = self.triptych(*command, "-o", output)
                self.assert_refused(result, 2, f"{output} is, or leads by, a symbolic link that belongs to another user "
                                    f"(uid {OTHER})", "name the file that it leads to, if that is what you want")
        self.assertEqual(os.listdir(self.path("theirs")), [])
        self.assertFalse(os.path.exists(self.path("new.csv")))

    def test_own_links_pipes_and_descriptors_are_written_to(self):
        self.record("--", "true")
        table = self.triptych("export", "--format", "csv").out
        export = f"{shlex.quote(harness.TRIPTYCH)} export --format csv -o"
        for script in (f"mkfifo pipe; {export} pipe & cat pipe",
                       f"ln -s pipe link; {export} link & cat pipe",
                       f"{export} /dev/stdout | cat", f"{export} /dev/fd/3 3>&1 | cat", f"{export} /dev/null",
                       f"{export} >(cat)", f"{export} /proc/self/fd/1 | cat"):
            done = subprocess.run(["bash", "-c", script + "; wait"], cwd=self.directory, capture_output=True, text=True,
                                  timeout=harness.PATIENCE, check=False)
            self.assertEqual(done.stdout, "" if "/dev/null" in script else table, script + done.stderr)

    def test_full_disk_leaves_nothing(self):
        self.record("--", "sh", "-c", WORK)
        os.mkdir(self.path("disk"))
        script = ('mount -t tmpfs -o size=64k none disk && "$@"; status=$?; ls disk; exit $status')
        result = self.triptych("export", "--format", "csv", "-o", "disk/out.csv",
                               prefix=["unshare", "-m", "sh", "-c", script, "sh"])
        self.assertEqual(result.status, 1)
        self.assertEqual(result.err,
                         "error: cannot write disk/out.csv: No space left on device\n")
        self.assertEqual(result.out, "")


if __name__ == "__main__":
    harness.main()
