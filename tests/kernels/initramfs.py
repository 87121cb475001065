# SPDX-License-Identifier: Apache-2.0
"""Writes an initramfs: a cpio archive ("newc") of programs with the shared libraries that they need."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile


class Initramfs:
    def __init__(self):
        self.entries = {}  # path without the leading slash → (mode, bytes)

    def add_directory(self, path):
        path = path.strip("/")
        if not path or path in self.entries:
            return
        self.add_directory(os.path.dirname(path))
        self.entries[path] = (stat.S_IFDIR | 0o755, b"")

    def add_bytes(self, path, content, mode=0o644):
        path = path.strip("/")
        self.add_directory(os.path.dirname(path))
        self.entries[path] = (stat.S_IFREG | mode, content)

    def add_program(self, path, source):
        """Adds a program without its debug information, and its libraries at the paths they have here."""
        self.add_bytes(path, stripped(source), 0o755)
        for library in shared_libraries(source):
            if library.strip("/") not in self.entries:
                self.add_bytes(library, pathlib.Path(library).read_bytes(), 0o755)

    def write(self, file):
        for number, (path, (mode, content)) in enumerate(sorted(self.entries.items()), start=1):
            write_entry(file, number, path, mode, content)
        write_entry(file, 0, "TRAILER!!!", 0, b"")


def write_entry(file, inode, path, mode, content):
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
    file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
    file.write(b"\0" * (-(110 + len(name)) % 4))
    file.write(content + b"\0" * (-len(content) % 4))


def stripped(source):
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch, "program")
        shutil.copyfile(source, copy)
        subprocess.run(["strip", "--strip-debug", copy], check=True)
        return copy.read_bytes()


def shared_libraries(program):
    listed = subprocess.run(["ldd", program], text=True, capture_output=True, check=False)
    if "not found" in listed.stdout:
        raise RuntimeError(f"{program} misses a library:\n{listed.stdout}")
    return re.findall(r"(/\S+) \(0x", listed.stdout)
