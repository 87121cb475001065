# SPDX-License-Identifier: Apache-2.0
"""Flame graphs of a program that spends known shares in known functions."""
import os
import re
import xml.etree.ElementTree

import harness
from harness import USER, environment

SHARES = os.environ["TRIPTYCH_SHARES"]
SLEEP = [SHARES, "0"]
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

    def total(self, figure):
        return sum(task[figure] for task in self.report()["tasks"])

    def test_off_cpu(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--", *SLEEP).status, 0)
        paths = self.profile("off-cpu")
        self.assert_shares(paths, "nap")
        self.assertEqual(sum(value for _, value in paths), self.total("blocked_ns"))
        for path, _ in paths:
            if "nap_two" in path:
                self.assertEqual(path[path.index("nap_two") + 1], "blocked: clock_nanosleep")


class ShortWay(harness.Test):
    def test_records_and_draws(self):
        result = self.triptych("flamegraph", "--profile", "off-cpu", "--", *SLEEP)
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("triptych: the flame graph is in flamegraph.svg\n", result.err)
        with open(self.path("flamegraph.svg"), encoding="utf-8") as file:
            text = file.read()
        xml.etree.ElementTree.fromstring(text)
        self.assertTrue(re.search(r"<title>nap_three\n", text))
        self.assertEqual(self.triptych("report", "flamegraph.tpt").status, 0)

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
