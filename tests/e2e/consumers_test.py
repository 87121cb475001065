# SPDX-License-Identifier: Apache-2.0
"""Programs of others on profiles of real recordings: `go tool pprof` prints what the report says."""
import os
import shutil
import sys

import harness

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden"))
import pprof_top  # noqa: E402
import profiles  # noqa: E402

SHARES = os.environ.get("TRIPTYCH_SHARES", "")


class Pprof(harness.Test):
    def check(self, kinds):
        """Each unit of each profile."""
        for profile in self.report()["profiles"]:
            kind = profile["profile"]
            if kind not in kinds:
                continue
            result = self.triptych("export", "--format", "pprof", "--profile", kind, "-o", "profile")
            self.assertEqual(result.status, 0, result.err)
            for unit, total in profile["total"].items():
                paths = {tuple(frame["name"] for frame in path["frames"]): path["self"][unit]
                         for path in profile["paths"] if path["self"][unit] != 0}
                if profile["paths_omitted"] != 0:  # the report has the longest ones
                    paths = profiles.folded(harness.TRIPTYCH, self.path("triptych.tpt"), kind, unit)
                self.assertEqual(sum(paths.values()), total)
                pprof_top.check(self.path("profile"), unit, paths)
            kinds = kinds - {kind}
        self.assertEqual(kinds, set())

    def test_what_blocked_and_created(self):
        self.assertEqual(self.record("--stacks=off-cpu,fork", "--", SHARES, "0").status, 0)
        self.check({"off-cpu", "fork", "wakeup"})

    def test_what_computed(self):
        self.assertEqual(self.record("--stacks=on-cpu", "--frequency", "97", "--", SHARES,
                                     "4000000").status, 0)
        self.check({"on-cpu"})


if __name__ == "__main__":
    if shutil.which(pprof_top.PROGRAM) is None:
        harness.skip("there is no go")
    harness.main()
