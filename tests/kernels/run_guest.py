#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots one of Debian's kernels in QEMU's software emulation and runs the tests inside.

    run_guest.py --series 6.1 --cache DIR --work DIR --script guest.sh [--check CHECK.py] [--data FILE]
        PROGRAM...

The programs are put into /tests of an initramfs, files of the source tree into /source, and the script
runs as /guest.sh. What the script writes to
the console is kept in WORK/console.log; what it writes to /dev/ttyS1 is kept in WORK/results, which the
checker gets as its argument. Exit status 0 passed, 1 failed, 77 no kernel to be had.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from initramfs import Initramfs

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]


def skip(reason):
    print(f"cannot test in a guest: {reason}")
    sys.exit(1 if os.environ.get("TRIPTYCH_REQUIRE") else 77)


def kernel_image(series, cache):
    found = subprocess.run([sys.executable, "-B", HERE / "fetch_kernel.py", series, cache], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if found.returncode != 0:
        skip(f"no kernel {series}: {found.stdout.strip()}")
    return found.stdout.strip().splitlines()[-1]


def build_initramfs(path, script, data, programs):
    image = Initramfs()
    for directory in ("dev", "proc", "sys", "tmp", "root"):
        image.add_directory(directory)
    image.add_program("bin/busybox", shutil.which("busybox"))
    image.add_bytes("init", (HERE / "init.sh").read_bytes(), 0o755)
    image.add_bytes("guest.sh", pathlib.Path(script).read_bytes(), 0o755)
    image.add_bytes("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                                  b"nobody:x:65534:65534:nobody:/tmp:/bin/sh\n")
    image.add_bytes("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    for name in data:
        image.add_bytes(f"source/{name}", (SOURCE / name).read_bytes())
    for program in programs:
        image.add_program(f"tests/{pathlib.Path(program).name}", program)
    with open(path, "wb") as file:
        image.write(file)


def run_qemu(image, work, seconds, cpus):
    # One thread for all CPUs: with one each, the emulator now and then runs a half-written
    # instruction when the kernel patches itself to switch a tracepoint on, and the guest panics.
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", str(cpus),
        "-m", "2048", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", image, "-initrd", work / "initramfs",
        "-append", "console=ttyS0 panic=-1 loglevel=4 mitigations=off norandmaps",
        "-serial", f"file:{work}/console.log", "-serial", f"file:{work}/results",
    ]
    try:
        return subprocess.run(command, timeout=seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"the guest did not end within {seconds} s")
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", required=True)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--script", required=True)
    parser.add_argument("--check")
    parser.add_argument("--data", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=400)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()

    for tool in ("qemu-system-x86_64", "busybox", "strip", "ldd"):
        if shutil.which(tool) is None:
            skip(f"{tool} is missing")
    image = kernel_image(options.series, options.cache)
    options.work.mkdir(parents=True, exist_ok=True)
    build_initramfs(options.work / "initramfs", options.script, options.data, options.programs)
    run_qemu(image, options.work, options.seconds, options.cpus)

    console = (options.work / "console.log").read_text(errors="replace").replace("\r", "")
    print(console)
    status = re.search(r"^triptych-guest-exit (\d+)$", console, re.MULTILINE)
    if status is None:
        sys.exit("the guest ended without saying how")
    if status.group(1) != "0":
        sys.exit(f"the guest's script ended with {status.group(1)}")
    if options.check:
        sys.exit(subprocess.run([sys.executable, "-B", options.check, options.work / "results"],
                                check=False).returncode)


if __name__ == "__main__":
    main()
