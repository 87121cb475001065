# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts where: the program, its manual, what completes its words in three shells."""

import os
import subprocess

import harness

BUILD = os.path.join(os.path.dirname(harness.TRIPTYCH), "..", "..")
TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SAME = {
    "share/man/man1/triptych.1": "docs/triptych.1",
    "share/bash-completion/completions/triptych": "userspace/cli/completions/triptych.bash",
    "share/zsh/site-functions/_triptych": "userspace/cli/completions/_triptych",
    "share/fish/vendor_completions.d/triptych.fish": "userspace/cli/completions/triptych.fish",
}


class Installed(harness.Test):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o777)
        # It leaves a list of what it installed in the build.
        self.run_tool("cmake", f"-DCMAKE_INSTALL_PREFIX={self.path('usr')}", "-P",
                      os.path.join(BUILD, "cmake_install.cmake"), user=os.stat(BUILD).st_uid)

    def run_tool(self, *words, user=None):
        done = subprocess.run(words, cwd=self.directory, env=harness.environment(), text=True, capture_output=True,
                              check=False, user=user)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def installed(self, name):
        return os.path.join(self.directory, "usr", name)

    def test_what_is_where(self):
        for name, source in SAME.items():
            with open(self.installed(name), "rb") as found, open(os.path.join(TREE, source), "rb") as expected:
                self.assertEqual(found.read(), expected.read(), name)
            self.assertEqual(os.stat(self.installed(name)).st_mode & 0o777, 0o644, name)
        version = self.run_tool(harness.TRIPTYCH, "--version")
        self.assertEqual(self.run_tool(self.installed("bin/triptych"), "--version"), version)

    def test_bash_completes_commands_and_options(self):
        script = ('. usr/share/bash-completion/completions/triptych; complete -p triptych >/dev/null || exit 1;'
                  'of=$(complete -p triptych | sed "s/.*-F \\([^ ]*\\) .*/\\1/");'
                  'complete_it() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); "$of" triptych "${!#}"'
                  ' "${COMP_WORDS[COMP_CWORD-1]}"; echo "${COMPREPLY[@]}"; };'
                  'complete_it triptych rec; complete_it triptych record --summ')
        words = [line.split() for line in self.run_tool("bash", "--norc", "-c", script).splitlines()]
        self.assertEqual(words, [["record"], ["--summary-only"]])


if __name__ == "__main__":
    harness.main()
