#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gets the newest of Debian's cloud kernels of one series, as a file, without installing it.

    fetch_kernel.py 6.1 CACHE_DIRECTORY      prints the path of the kernel image

Needs apt's package lists, no root. The newest version is looked up at each run; a kernel that is already
in the cache is not fetched again, and serves when the lists or the network are not to be had.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


class FetchError(Exception):
    pass


def version_key(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def newest_package(series):
    pattern = rf"^linux-image-{re.escape(series)}\.[0-9].*cloud-amd64(-unsigned)?$"
    found = subprocess.run(["apt-cache", "search", "--names-only", pattern], text=True,
                           capture_output=True, check=False)
    names = [line.split(" - ")[0] for line in found.stdout.splitlines()]
    if not names:
        raise FetchError(f"apt-cache knows no cloud kernel {series}.*: is apt-get update needed?")
    # The signed and the unsigned package of a version hold the same kernel: prefer the signed one.
    return max(names, key=lambda name: (version_key(name), not name.endswith("-unsigned")))


def unpack_image(package, directory):
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        done = subprocess.run(["apt-get", "download", package], cwd=scratch, text=True,
                              capture_output=True, check=False)
        packages = list(pathlib.Path(scratch).glob("*.deb"))
        if done.returncode != 0 or not packages:
            raise FetchError(f"apt-get download {package}: {done.stderr.strip()}")
        unpacked = pathlib.Path(scratch, "unpacked")
        subprocess.run(["dpkg-deb", "--extract", packages[0], unpacked], check=True)
        image = next(unpacked.glob("boot/vmlinuz-*"))
        os.replace(image, directory / package)


def fetch(series, cache):
    directory = pathlib.Path(cache, series)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        package = newest_package(series)
        if not (directory / package).exists():
            unpack_image(package, directory)
            for old in directory.iterdir():
                if old.name != package:
                    old.unlink()
        return directory / package
    except FetchError as error:
        cached = sorted((f for f in directory.iterdir() if f.is_file()),
                        key=lambda file: version_key(file.name))
        if not cached:
            raise
        print(f"{error}\nusing the cached {cached[-1].name}", file=sys.stderr)
        return cached[-1]


def main():
    for tool in ("apt-cache", "apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing: Debian's kernels are fetched with it")
    try:
        print(fetch(sys.argv[1], sys.argv[2]))
    except FetchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
