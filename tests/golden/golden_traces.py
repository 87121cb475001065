# SPDX-License-Identifier: Apache-2.0
"""The golden traces that the tests of exports and pages go through."""
import os

# Together they have every kind of profile and of frame, and every hostile name. The same as in golden_directory.hpp.
REPRESENTATIVE = ("coroutines", "fork-cow", "hostile-frames", "hostile-names", "profile-stacks", "threads")


def cases(directory):
    """A sanitized program takes ten times as long to start: there is nothing new in the same frames again."""
    names = REPRESENTATIVE if os.environ.get("TRIPTYCH_SANITIZED") else os.listdir(directory)
    return [name for name in sorted(names) if os.path.exists(os.path.join(directory, name, "trace.txt"))]
