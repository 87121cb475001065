#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The contract is valid C11, C++20 and BPF C, without a byte of padding that could leak kernel memory.

    check_compiles.py gcc|clang|bpf|g++|clang++
"""
import shutil
import subprocess
import sys

from contract import HEADERS, ROOT, Contract

STRICT = ["-Wall", "-Wextra", "-Wpadded", "-Werror", "-fsyntax-only", f"-I{ROOT / 'bpf'}"]
C = ["-std=c11", "-x", "c"]
CPP = ["-std=c++20", "-x", "c++"]
COMMANDS = {
    "gcc": ["gcc", *C, "-pedantic"],
    "clang": ["clang", *C, "-pedantic"],
    "g++": ["g++", *CPP, "-pedantic"],
    "clang++": ["clang++", *CPP, "-pedantic"],
    # BPF programs take the kernel's types from elsewhere.
    "bpf": ["clang", "-target", "bpf", "-std=gnu11", "-x", "c", "-include", "linux/types.h",
            "-I/usr/include/x86_64-linux-gnu"],
}


def includes():
    return "".join(f'#include "{header}"\n' for header in HEADERS)


def cpp_source(structs):
    """No padding means that equal values have equal bytes, which C++ can be asked."""
    lines = [includes(), "#include <type_traits>"]
    for name in structs:
        lines += [f"static_assert(std::is_standard_layout_v<{name}>);",
                  f"static_assert(std::is_trivially_copyable_v<{name}>);",
                  f"static_assert(std::has_unique_object_representations_v<{name}>);"]
    return "\n".join(lines) + "\n"


def c_source(structs):
    lines = [includes()]
    for name, fields in structs.items():
        if fields[0] == "hdr":
            lines += [f'_Static_assert(sizeof(struct {name}) % 8 == 0, "{name}: units of 8 bytes");',
                      f'_Static_assert(sizeof(struct {name}) <= 255 * 8, "{name}: fits size8");']
    return "\n".join(lines) + "\n"


def main():
    which = sys.argv[1]
    command = COMMANDS[which]
    if shutil.which(command[0]) is None:
        sys.exit(f"{command[0]} is missing")
    structs = Contract().structs
    source = cpp_source(structs) if which.endswith("++") else c_source(structs)
    done = subprocess.run([*command, *STRICT, "-"], input=source, text=True, check=False)
    print(f"{which}: {len(structs)} structs, exit status {done.returncode}")
    sys.exit(done.returncode)


main()
