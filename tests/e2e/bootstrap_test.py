# SPDX-License-Identifier: Apache-2.0
"""What bootstrap says when a package cannot be had. The package manager is one of ours, for it has to refuse."""

import os
import shutil
import subprocess

import harness

BOOTSTRAP = os.path.join(os.path.dirname(__file__), "..", "..", "bootstrap")
POLICY = "/usr/sbin/policy-rc.d"  # that no service is started; only for as long as packages are installed
REASON = "E: Unable to correct problems, you have held broken packages."
APT_GET = f"""#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in *update*) exit 0 ;; esac
echo '{REASON}'
exit 100
"""
APT_CACHE = """#!/bin/sh
case "$2" in
  unknown-package) echo '  Candidate: (none)' ;;
  *) echo '  Candidate: 1.0' ;;
esac
"""


class Refused(harness.Test):
    def setUp(self):
        super().setUp()
        shutil.copy(BOOTSTRAP, self.path("bootstrap"))
        self.write("apt-get", APT_GET, 0o755)
        self.write("apt-cache", APT_CACHE, 0o755)

    def build_needing(self, package, user=None):
        """Without that command; with all the others, if their packages are here."""
        with open(BOOTSTRAP, encoding="utf-8") as file:
            lines = file.read().splitlines(keepends=True)
        first = next(i for i, line in enumerate(lines) if line.startswith("command g++ "))
        lines[first:first] = [f"command triptych-needs-this {package}\n"]
        self.write("bootstrap", "".join(lines), 0o755)
        done = subprocess.run(
            [self.path("bootstrap"), "build"], user=user, text=True, capture_output=True, check=False,
            env=harness.environment(PATH=f"{self.directory}:/usr/bin:/bin", CALLS=self.path("calls")))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("bootstrap: missing: command triptych-needs-this\n", done.stderr)
        self.assertFalse(os.path.exists(self.path("build")))
        return done.stderr

    def test_a_package_that_no_source_has_is_named(self):
        said = self.build_needing("unknown-package")
        self.assertIn("bootstrap: package unknown-package: not in this machine's package sources\n", said)

    def test_a_refusal_is_given_with_its_reason(self):
        had_policy = os.path.exists(POLICY)
        said = self.build_needing("broken-package")
        self.assertIn(f"bootstrap: package broken-package: {REASON}\n", said)
        with open(self.path("calls"), encoding="ascii") as file:
            calls = file.read()
        # Lists out of date are a usual reason: new ones, and a second try.
        self.assertEqual(calls.count(" update\n"), 1, calls)
        self.assertEqual(calls.count("--no-install-recommends broken-package\n"), 3, calls)
        self.assertEqual(os.path.exists(POLICY), had_policy)

    def test_who_is_not_root_is_told_what_to_install(self):
        said = self.build_needing("some-package", user=harness.USER)
        self.assertIn("bootstrap: to install them: sudo apt-get install --no-install-recommends some-package\n",
                      said)
        self.assertFalse(os.path.exists(self.path("calls")))


if __name__ == "__main__":
    harness.main()
