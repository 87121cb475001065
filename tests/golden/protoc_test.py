# SPDX-License-Identifier: Apache-2.0
"""protoc reads what is exported by the published schemas, and no field is left that they do not have.

    protoc_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import gzip
import os
import re
import shutil
import subprocess
import sys

import exports
import profiles

HERE = os.path.dirname(os.path.abspath(__file__))


def decoded(schema, message, data):
    """As text; protoc shows a field that the schema lacks by its number, and refuses what is cut."""
    done = subprocess.run(["protoc", f"--proto_path={HERE}", f"--decode={message}", schema],
                          input=data, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    text = done.stdout.decode("utf-8")
    unknown = re.search(r"^ *[0-9]+(:| \{).*", text, re.M)
    assert unknown is None, f"{message} has {unknown.group().strip()}"
    return text


def check_perfetto(program, trace):
    text = decoded("perfetto_trace.proto", "perfetto.Trace", exports.exported(program, trace, "perfetto"))
    return len(re.findall(r"^packet \{", text, re.M))


def check_pprof(program, trace):
    samples = 0
    for kind in profiles.KINDS:
        raw = profiles.exported(program, trace, "pprof", kind)
        if raw is not None:
            text = decoded("profile.proto", "perftools.profiles.Profile", gzip.decompress(raw))
            samples += len(re.findall(r"^sample \{", text, re.M))
    return samples


def main():
    program, directory = sys.argv[1:]
    if shutil.which("protoc") is None:
        print("skipped: there is no protoc")
        sys.exit(1 if "TRIPTYCH_REQUIRE" in os.environ else 77)
    packets = samples = 0
    for case in ("coroutines", "fork-cow", "hostile-frames", "hostile-names", "loss", "profile-stacks"):
        trace = os.path.join(directory, case, "trace.txt")
        try:
            packets += check_perfetto(program, trace)
            samples += check_pprof(program, trace)
        except (AssertionError, ValueError) as problem:
            sys.exit(f"{case}: {problem}")
    assert packets > 500 and samples > 50, (packets, samples)
    # It would be seen: a field of another number is not in the schema.
    try:
        decoded("perfetto_trace.proto", "perfetto.Trace", b"\x0a\x03\xf8\x07\x01")
    except AssertionError:
        return
    sys.exit("an unknown field passes")


main()
