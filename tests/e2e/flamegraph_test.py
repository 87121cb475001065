# SPDX-License-Identifier: Apache-2.0
"""Flame graphs of a program that spends known shares in known functions."""
import os
import re
import xml.etree.ElementTree

import harness
from harness import USER, environment

SHARES = os.environ["TRIPTYCH_SHARES"]
SLEEP = [SHARES, "0"]
BURN = [SHARES, "4000000"]
PAGES = 600
WITHIN = 2.0  # points of a hundred
SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(USER), "SUDO_USER": "somebody"}


class KnownShares(harness.Test):
    def profile(self, kind, *options):
        result = self.triptych("export", "--format", "folded", "--profile", kind, *options)
        self.assertEqual(result.status, 0, result.err)
        paths = []
        for line in result.out.splitlines():
            if not line.startswith("# "):
                path, _, value = line.rpartition(" ")
                paths.append((path.split(";"), int(value)))
        return paths

    def assert_shares(self, paths, verb):
        """Of what was spent in these functions; each of them stands on main."""
        spent = {f"{verb}_{name}": 0 for name in ("one", "two", "three")}
        for path, value in paths:
            for function in spent:
                if function in path:
                    self.assertEqual(path[path.index(function) - 1], "main", path)
                    spent[function] += value
        whole = sum(spent.values())
        self.assertGreater(whole, 0, paths)
        shares = [100 * value / whole for value in spent.values()]
        for share, expected in zip(shares, (100 / 6, 100 / 3, 100 / 2)):
            self.assertAlmostEqual(share, expected, delta=WITHIN, msg=str(shares))
        return whole

    def total_copies(self):
        return self.report()["totals"]["cow"]["copies"]

    def total(self, figure):
        return sum(task[figure] for task in self.report()["tasks"])

    def test_on_cpu(self):
        self.assertEqual(self.record("--stacks=on-cpu", "--frequency", "1997", "--", *BURN).status, 0)
        paths = self.profile("on-cpu")
        burnt = self.assert_shares(paths, "burn")
        total = sum(value for _, value in paths)
        self.assertEqual(total, self.total("on_cpu_ns"))
        self.assertGreater(burnt / total, 0.9)

    def test_cow(self):
        self.assertEqual(self.record("--stacks=cow", "--", *SLEEP).status, 0)
        paths = self.profile("cow")
        copied = self.assert_shares([path for path in paths if path[0][1] == "child's copies"], "write")
        self.assertEqual(copied, PAGES)
        copies = sum(value for _, value in self.profile("cow", "--unit", "count"))
        self.assertEqual(copies, self.total_copies())
        for path, _ in paths:
            if "write_two" in path:
                self.assertRegex(path[0], r"^fork of e2e_shares \(\d+\) by e2e_shares \(\d+\)$")

    def test_what_is_counted_is_said_alike(self):
        said = self.record("--stacks", "--", *SLEEP).err
        events, of_stacks = re.search(r"recorded ([\d,]+) events and ([\d,]+) records of stacks in ",
                                      said).groups()
        self.assertIn(f"  recorded  {events} events and {of_stacks} records of stacks, none lost, ",
                      self.triptych("report").out)
        quality = self.report()["data_quality"]
        self.assertEqual(f"{quality['events']:,}", events)
        self.assertEqual(f"{quality['stack_records']:,}", of_stacks)
        self.assertEqual(quality["events"] + quality["stack_records"], len(self.dump()))

    def test_off_cpu(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--", *SLEEP).status, 0)
        paths = self.profile("off-cpu")
        self.assert_shares(paths, "nap")
        self.assertEqual(sum(value for _, value in paths), self.total("blocked_ns"))
        for path, _ in paths:
            if "nap_two" in path:
                self.assertEqual(path[path.index("nap_two") + 1], "blocked: clock_nanosleep")
        # The report says the same: in JSON the longest first, and on its page.
        profile = next(each for each in self.report()["profiles"] if each["profile"] == "off-cpu")
        longest = [[frame["name"] for frame in path["frames"]] for path in profile["paths"][:3]]
        ended = [path[:-1] for path in longest if path[-1] == "blocked: clock_nanosleep"]
        self.assertIn("nap_three", [path[-1] for path in ended])
        self.assertEqual(profile["total"]["ns"], sum(value for _, value in paths))
        page = self.triptych("report", "--format", "html").out
        self.assertRegex(page, r"<title>nap_three\n[\d.]+ ms \(")


class ShortWay(harness.Test):
    def test_records_and_draws(self):
        result = self.triptych("flamegraph", "--profile", "off-cpu", "--buffer-size", "4M", "--", *SLEEP)
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("triptych: the flame graph is in flamegraph.svg\n", result.err)
        with open(self.path("flamegraph.svg"), encoding="utf-8") as file:
            text = file.read()
        xml.etree.ElementTree.fromstring(text)
        self.assertTrue(re.search(r"<title>nap_three\n", text))
        self.assertEqual(self.triptych("report", "flamegraph.tpt").status, 0)

    def test_says_what_there_was_nothing_of(self):
        result = self.triptych("flamegraph", "--profile", "suspended", "--coroutines", "recorder", "--", *SLEEP)
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("triptych: no coroutine was seen; others need --coroutines uprobe:RUNTIME", result.err)
        self.assertIn("--coroutines=recorder", self.report("flamegraph.tpt")["recording"]["command"])
        refused = self.triptych("flamegraph", "--coroutines", "nosuch", "--", "true")
        self.assertEqual(refused.status, 2)
        self.assertIn("nosuch is no way to see coroutines", refused.err)

    def test_knows_what_was_recorded(self):
        # It ends before the first sample.
        self.assertEqual(self.record("--stacks", "--frequency", "1", "--", "true").status, 0)
        result = self.triptych("export", "--format", "folded")
        self.assertEqual(result.err, "triptych: no functions: no sample fell on these threads\n")
        self.assertIn("# note: (no functions: no sample fell on these threads)\n", result.out)

    def test_ends_as_the_command(self):
        result = self.triptych("flamegraph", "-o", "seven.svg", "--", "sh", "-c", "exit 7")
        self.assertEqual(result.status, 7, result.err)
        self.assertTrue(os.path.exists(self.path("seven.svg")))
        self.assertEqual(self.triptych("flamegraph", "--", "/no/such").status, 127)
        self.assertEqual(self.triptych("flamegraph").status, 2)

    def test_belongs_to_who_called_sudo(self):
        os.chown(self.directory, USER, USER)
        result = self.triptych("flamegraph", "--", "true", env=environment(**SUDO))
        self.assertEqual(result.status, 0, result.err)
        for name in ("flamegraph.svg", "flamegraph.tpt"):
            self.assertEqual(os.stat(self.path(name)).st_uid, USER, name)


if __name__ == "__main__":
    harness.main()
