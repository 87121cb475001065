# SPDX-License-Identifier: Apache-2.0
"""Reads the names out of bpf/abi's headers: structs with their fields, enumerators, constants."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ("abi/events.h", "abi/coroutines.h", "abi/stacks.h", "abi/config.h", "abi/python.h")


class Contract:
    def __init__(self, headers=HEADERS):
        text = "".join((ROOT / "bpf" / header).read_text() for header in headers)
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        self.structs = {name: re.findall(r"(\w+)\s*(?:\[[^;]*\])*\s*;", body)
                        for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", text,
                                                     re.DOTALL | re.MULTILINE)}
        self.enumerators = [name for body in re.findall(r"^enum \w+ \{(.*?)^\};", text,
                                                        re.DOTALL | re.MULTILINE)
                            for name in re.findall(r"(\w+)\s*=", body)]
        # Constants, not macros with arguments and not include guards.
        self.constants = re.findall(r"^#define (TRIPTYCH_\w+)[ \t]+[^\s].*$", text, re.MULTILINE)
