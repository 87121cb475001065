#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pins every offset, size and value of the records: layout.golden may only grow. config.h is not pinned: the
programs and their loader are built together.

    check_layout.py C_COMPILER       UPDATE_GOLDEN=1 in the environment rewrites the file
"""
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

from contract import ROOT, Contract

PINNED = ("abi/events.h", "abi/coroutines.h", "abi/stacks.h")
GOLDEN = pathlib.Path(__file__).with_name("layout.golden")


def program(contract):
    lines = ["#include <stddef.h>", "#include <stdio.h>"]
    lines += [f'#include "{header}"' for header in PINNED]
    lines += ["#define FIELD(s, f) \\",
              '  printf("  %3zu %3zu " #f "\\n", offsetof(struct s, f), sizeof(((struct s *)0)->f))',
              "int main(void) {"]
    for name, fields in contract.structs.items():
        lines.append(f'  printf("struct {name} %zu\\n", sizeof(struct {name}));')
        lines += [f"  FIELD({name}, {field});" for field in fields]
    for name in contract.enumerators + contract.constants:
        lines.append(f'  printf("{name} %lld\\n", (long long)({name}));')
    return "\n".join([*lines, "  return 0;", "}", ""])


def layout(compiler, contract):
    with tempfile.TemporaryDirectory() as scratch:
        source, binary = pathlib.Path(scratch, "layout.c"), pathlib.Path(scratch, "layout")
        source.write_text(program(contract))
        subprocess.run([compiler, "-std=c11", f"-I{ROOT / 'bpf'}", source, "-o", binary], check=True)
        return subprocess.run([binary], text=True, capture_output=True, check=True).stdout


def main():
    contract = Contract(PINNED)
    if len(contract.structs) < 10 or len(contract.enumerators) < 20 or len(contract.constants) < 20:
        sys.exit("the headers could not be read: their style has changed")
    found = layout(sys.argv[1], contract)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(found)
    expected = GOLDEN.read_text()
    if found == expected:
        print(f"{len(contract.structs)} structs as they were")
        return
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), found.splitlines(True),
                                               "layout.golden", "events.h"))
    sys.exit("the contract is append-only: what is there must not change; UPDATE_GOLDEN=1 adds to it")


main()
