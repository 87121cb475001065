# SPDX-License-Identifier: Apache-2.0
"""What bootstrap says when a package cannot be had, and what it has done by whom. The package manager is one of ours,
for it has to refuse, and so is cmake, which has to be quick."""

import json
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


# Configuring leaves what bootstrap asks for; building leaves a triptych that says what it is told, and by whom.
CMAKE = """#!/bin/sh
echo "$(id -u) cmake $*" >>"$CALLS"
case "$1" in
  --preset)
    touch build/build.ninja
    for word in "$@"; do case $word in -D*=*) echo "${word#-D}" | sed 's/=/:BOOL=/' ;; esac; done >build/CMakeCache.txt ;;
  --build)
    mkdir -p build/userspace/cli
    printf '#!/bin/sh\\necho "$(id -u)" "$@"\\nexit 7\\n' >build/userspace/cli/triptych
    chmod +x build/userspace/cli/triptych ;;
esac
"""
APT_NEVER = """#!/bin/sh
echo "$(id -u) apt-get $*" >>"$CALLS"
exit 100
"""


class Built(harness.Test):
    def setUp(self):
        super().setUp()
        shutil.copy(BOOTSTRAP, self.path("bootstrap"))
        os.mkdir(self.path("bin"))
        self.write("bin/cmake", CMAKE, 0o755)
        self.write("bin/apt-get", APT_NEVER, 0o755)
        self.write("calls", "", 0o666)

    def bootstrap(self, *words, **changes):
        done = subprocess.run([self.path("bootstrap"), *words], text=True, capture_output=True, check=False,
                              env=harness.environment(PATH=f"{self.path('bin')}:/usr/bin:/bin",
                                                      CALLS=self.path("calls"), **changes))
        return harness.Result(done.returncode, done.stdout, done.stderr)

    def calls(self):
        return self.read("calls").splitlines()

    def test_a_second_time_nothing_is_done_twice(self):
        configuring = "bootstrap: configuring build\n"
        self.assertEqual(self.bootstrap("build"), harness.Result(0, "", configuring))
        first = self.calls()
        self.assertEqual([call.split()[2] for call in first], ["--preset", "--build"])
        self.assertEqual(self.bootstrap("build"), harness.Result(0, "", ""))
        # The build itself is for ninja to find done; nothing is installed and nothing configured.
        self.assertEqual(self.calls(), [*first, first[1]])

    def test_any_other_words_are_for_the_built_program(self):
        words = ("record", "-o", "some file", "--", "sh", "-c", "exit 3")
        result = self.bootstrap(*words)
        self.assertEqual((result.status, result.out), (7, f"0 {' '.join(words)}\n"))
        self.assertIn(" --target triptych ", self.calls()[1] + " ")

    def test_what_is_built_is_of_the_user_who_called_sudo(self):
        result = self.bootstrap("report", SUDO_UID=str(harness.USER), SUDO_GID=str(harness.USER))
        self.assertEqual((result.status, result.out), (7, "0 report\n"), result.err)
        self.assertEqual({call.split()[0] for call in self.calls()}, {str(harness.USER)})
        for name in ("build", "build/build.ninja", "build/userspace/cli/triptych"):
            self.assertEqual(os.stat(self.path(name)).st_uid, harness.USER, name)

    def test_without_sudo_it_is_of_the_trees_owner(self):
        os.chown(self.directory, harness.OTHER, harness.OTHER)
        self.assertEqual(self.bootstrap("build").status, 0)
        self.assertEqual({call.split()[0] for call in self.calls()}, {str(harness.OTHER)})

    def test_what_somebody_else_built_is_not_built_over(self):
        os.mkdir(self.path("build"))
        result = self.bootstrap("build", SUDO_UID=str(harness.USER))
        self.assertEqual(result.status, 1)
        self.assertIn("belongs to root: remove it, or call as that user\n", result.err)
        self.assertEqual(self.calls(), [])


class Presets(harness.Test):
    def test_are_listed(self):
        tree = os.path.dirname(BOOTSTRAP)
        with open(os.path.join(tree, "CMakePresets.json"), encoding="utf-8") as file:
            names = [preset["name"] for preset in json.load(file)["workflowPresets"]]
        self.assertIn("release", names)
        listed = subprocess.run(["cmake", "--workflow", "--list-presets"], cwd=tree, text=True,
                                capture_output=True, check=True).stdout
        self.assertEqual([line.split('"')[1] for line in listed.splitlines() if '"' in line], names)


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
