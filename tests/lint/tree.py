# SPDX-License-Identifier: Apache-2.0
"""The project's own files, and the way a check ends."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FAMILY = {".c", ".h", ".cpp", ".hpp"}


def files(suffixes, *folders):
    """Paths relative to the root. The folders of a tree without git count too: a release has none."""
    for folder in folders or ("bpf", "userspace", "workloads", "tests", "docs"):
        for directory, names, entries in os.walk(ROOT / folder):
            names[:] = sorted(n for n in names if not n.startswith(".") and n != "__pycache__")
            for entry in sorted(entries):
                path = pathlib.Path(directory, entry)
                if path.suffix in suffixes:
                    yield path.relative_to(ROOT)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def finish(problems, checked):
    for problem in problems:
        print(problem)
    if not checked:
        sys.exit("nothing was checked")
    print(f"{len(problems)} problems in {checked} files")
    sys.exit(1 if problems else 0)
