# SPDX-License-Identifier: Apache-2.0
"""Names that are put into a trace where the files are, for where they are not."""

import os
import re
import shutil
import stat
import struct
import subprocess
import sys

import harness

MADE_CODE = os.environ.get("TRIPTYCH_MADE_CODE", "")
OMITTED = os.environ.get("TRIPTYCH_OMITTED", "")
STACKS = os.environ.get("TRIPTYCH_STACKS", "")  # with frame pointers
CHAIN = ["main", "a_calls_b", "b_calls_c", "c_sleeps"]
MOST_MEMORY = 128 << 20


def build_id_of(program):
    text = subprocess.run(["readelf", "-n", program], capture_output=True, text=True,
                          check=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", text).group(1)


def big_debug_file(path, program, functions, size):
    """A file of debug information of `program`, with so many functions more, as large as that."""
    with open(program, "rb") as file:
        original = file.read()
    phoff, = struct.unpack_from("<Q", original, 32)
    phnum, = struct.unpack_from("<H", original, 56)
    headers = [struct.unpack_from("<IIQQQQQQ", original, phoff + 56 * i) for i in range(phnum)]
    code = next(list(each) for each in headers if each[0] == 1 and each[1] & 1)
    code[5] = 0  # nothing of it is in this file
    notes = b"".join(original[each[2]:each[2] + each[5]] for each in headers
                     if each[0] == 4 and b"GNU\0" in original[each[2]:each[2] + 32]
                     and struct.unpack_from("<I", original, each[2] + 8)[0] == 3)
    named = subprocess.run(["nm", "-S", "--defined-only", program], capture_output=True, text=True,
                           check=True).stdout
    names = b"\0filler\0"
    symbol = struct.Struct("<IBBHQQ")
    table = [symbol.pack(0, 0, 0, 0, 0, 0)]
    for line in named.splitlines():
        match = re.match(r"([0-9a-f]+) ([0-9a-f]+) [tT] (\S+)$", line)
        if match:
            table.append(symbol.pack(len(names), 0x12, 0, 1, int(match[1], 16), int(match[2], 16)))
            names += match[3].encode() + b"\0"
    table += [symbol.pack(1, 0x12, 0, 1, 0x10000000 + 16 * i, 16) for i in range(functions)]
    table = b"".join(table)
    texts = b"\0.symtab\0.strtab\0.debug_info\0"
    at = 64 + 2 * 56
    layout = {}
    for key, contents in (("notes", notes), ("table", table), ("names", names), ("texts", texts)):
        layout[key] = at
        at += (len(contents) + 15) // 16 * 16
    layout["sections"] = size - 5 * 64
    section = struct.Struct("<IIQQQQIIQQ")
    sections = (section.pack(*[0] * 10) +
                section.pack(1, 2, 0, 0, layout["table"], len(table), 2, 0, 8, 24) +
                section.pack(9, 3, 0, 0, layout["names"], len(names), 0, 0, 1, 0) +
                section.pack(17, 1, 0, 0, at, layout["sections"] - at, 0, 0, 1, 0) +
                section.pack(9, 3, 0, 0, layout["texts"], len(texts), 0, 0, 1, 0))
    with open(path, "wb") as file:
        file.write(original[:32] + struct.pack("<QQIHHHHHH", 64, layout["sections"], 0, 64, 56, 2,
                                               64, 5, 4))
        file.write(struct.pack("<IIQQQQQQ", *code))
        file.write(struct.pack("<IIQQQQQQ", 4, 4, layout["notes"], 0, 0, len(notes), len(notes), 4))
        for key, contents in (("notes", notes), ("table", table), ("names", names),
                              ("texts", texts)):
            file.seek(layout[key])
            file.write(contents)
        file.seek(layout["sections"])
        file.write(sections)


class Symbolize(harness.Test):
    def chains(self, trace, *options):
        """The frames of each path off the CPU, of functions that are no part of libc."""
        result = self.triptych("export", "--format", "folded", "--profile", "off-cpu", *options, trace)
        self.assertEqual(result.status, 0, result.err)
        return [line.rsplit(" ", 1)[0].split(";") for line in result.out.splitlines()
                if not line.startswith("#")], result.out

    def record_stripped(self, program, *options):
        """Records a program without symbols, and moves those aside, as on another machine."""
        shutil.copy(program, self.path("program"))
        self.build_id = build_id_of(program)
        folder = self.path("symbols/.build-id/" + self.build_id[:2])
        os.makedirs(folder)
        self.debug = os.path.join(folder, self.build_id[2:] + ".debug")
        subprocess.run(["objcopy", "--only-keep-debug", program, self.debug], check=True)
        subprocess.run(["strip", "--strip-all", self.path("program")], check=True)
        self.assertEqual(self.record("--stacks=off-cpu", *options, "--", self.path("program"),
                                     "10").status, 0)

    def assert_chain(self, paths, chain):
        self.assertTrue([frames for frames in paths if
                         any(frames[i:i + len(chain)] == chain for i in range(len(frames)))], paths)

    def test_names_by_build_id_where_the_program_is_not(self):
        self.record_stripped(STACKS)
        os.unlink(self.path("program"))
        paths, _ = self.chains("triptych.tpt")
        self.assertFalse({"work_a_round"} & {frame for frames in paths for frame in frames})
        # Whoever shows stacks looks there, too.
        named = ("--debug-dir", self.path("symbols"), "triptych.tpt")
        for command in (["report"], ["export", "--format", "folded", "--profile", "off-cpu"],
                        ["export", "--format", "perfetto"]):
            result = subprocess.run([harness.TRIPTYCH, *command, *named], cwd=self.directory,
                                    capture_output=True, check=True)
            self.assertIn(b"work_a_round", result.stdout, command)
        result = self.triptych("symbolize", "--debug-dir", self.path("symbols"), "triptych.tpt",
                               "-o", "named.tpt")
        self.assertEqual(result.status, 0, result.err)
        self.assertRegex(result.err, r"^triptych: \d+ functions? named in named\.tpt")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("named.tpt")).st_mode), 0o600)
        shutil.rmtree(self.path("symbols"))
        paths, text = self.chains("named.tpt")
        self.assert_chain(paths, ["main", "work_a_round", "sleep_for_a_while"])
        self.assertNotIn("no names from " + self.path("program"), text)
        # All else is as it was, in the text form too.
        without = [line for line in self.triptych("dump", "named.tpt").out.splitlines()
                   if " file_symbol " not in line and not line.startswith("#")]
        before = [line for line in self.triptych("dump", "triptych.tpt").out.splitlines()
                  if not line.startswith("#")]
        self.assertEqual(without, before)
        self.write("named.txt", self.triptych("dump", "named.tpt").out)
        self.assertEqual(self.chains("named.txt")[1], text)
        again = self.triptych("symbolize", "named.tpt", "-o", "again.tpt")
        self.assertEqual(again.status, 0, again.err)
        self.assertEqual(self.chains("again.tpt")[1], text)
        report, named = self.report("triptych.tpt"), self.report("named.tpt")
        for each in (report, named):
            each["data_quality"].pop("out_of_order")
            each["data_quality"].pop("stack_records")  # names are told by such
        self.assertEqual(named["totals"], report["totals"])
        self.assertEqual(named["data_quality"], report["data_quality"])

    def test_copied_stacks_become_frames(self):
        self.record_stripped(OMITTED, "--unwind", "dwarf")
        result = self.triptych("symbolize", "--debug-dir", self.path("symbols"))
        self.assertEqual(result.status, 0, result.err)
        os.unlink(self.path("program"))
        shutil.rmtree(self.path("symbols"))
        paths, text = self.chains("triptych.symbolized.tpt")
        self.assert_chain(paths, CHAIN)
        self.assertIn("stacks that go back to where the program or thread began: 100.0 %", text)
        kinds = [event["kind"] for event in self.dump("triptych.symbolized.tpt")]
        whole = re.search(r"(\d+) of (\d+) copied stacks unwound", result.err)
        self.assertEqual(kinds.count("stack_copy"), int(whole.group(2)) - int(whole.group(1)))
        self.assertGreater(kinds.count("stack"), 0)

    def test_what_is_inlined(self):
        self.record_stripped(OMITTED, "--unwind", "dwarf")
        result = self.triptych("symbolize", "--inlines", "--debug-dir", self.path("symbols"))
        self.assertEqual(result.status, 0, result.err)
        os.unlink(self.path("program"))
        shutil.rmtree(self.path("symbols"))
        paths, text = self.chains("triptych.symbolized.tpt", "--inlines")
        self.assert_chain(paths, [CHAIN[0], "d_is_inlined", *CHAIN[1:]])
        self.assertNotIn("no names from " + self.path("program"), text)
        paths, _ = self.chains("triptych.symbolized.tpt")
        self.assert_chain(paths, CHAIN)
        self.write("named.txt", self.triptych("dump", "triptych.symbolized.tpt").out)
        self.assertEqual(self.chains("named.txt", "--inlines")[1], text)

    def test_what_was_made_at_run_time(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--", MADE_CODE).status, 0)
        told = f"/tmp/perf-{self.report()['tasks'][0]['tgid']}.map"
        self.addCleanup(os.unlink, told)
        chain = ["main", "made_at_run_time"]  # libc hides who called it
        self.assert_chain(self.chains("triptych.tpt")[0], chain)
        result = self.triptych("symbolize")
        self.assertEqual(result.status, 0, result.err)
        with open(told, "w", encoding="ascii"):
            pass
        self.assertNotIn("made_at_run_time", self.chains("triptych.tpt")[1])
        self.assert_chain(self.chains("triptych.symbolized.tpt")[0], chain)

    def symbolize_within_memory(self, *options):
        script = ("import resource, subprocess, sys\n"
                  "status = subprocess.run(sys.argv[1:]).returncode\n"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
                  "sys.exit(status)\n")
        result = subprocess.run([sys.executable, "-c", script, harness.TRIPTYCH, "symbolize", *options,
                                 "--debug-dir", self.path("symbols"), self.path("triptych.tpt"),
                                 "-o", self.path("named.tpt")], capture_output=True, text=True,
                                check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertLessEqual(int(result.stdout) * 1024, MOST_MEMORY, result.stderr)
        return result

    def test_inlined_functions_of_much_debug_information_take_bounded_memory(self):
        # Units of the standard library's types, as many as it takes: the same file is linked again and again.
        self.write("types.cpp", "#include <map>\n#include <regex>\n#include <string>\n"
                   "int of_types() { return static_cast<int>(std::regex(\"a|b\").mark_count()); }\n")
        subprocess.run(["g++", "-g", "-c", "-O0", "-fno-eliminate-unused-debug-types", "-o", self.path("types.o"),
                        self.path("types.cpp")], check=True)
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "omitted.c")
        subprocess.run(["gcc", "-g", "-O2", "-fomit-frame-pointer", "-c", "-o", self.path("omitted.o"), source], check=True)
        sizes = subprocess.run(["size", "-A", self.path("types.o")], capture_output=True, text=True, check=True).stdout
        unit = int(re.search(r"\.debug_info +(\d+)", sizes)[1])
        for size, fits in ((70 << 20, True), (102 << 20, False)):
            subprocess.run(["g++", "-Wl,-z,muldefs", "-o", self.path("program"), self.path("omitted.o"),
                            *[self.path("types.o")] * (size // unit)], check=True)
            self.assertEqual(self.record("--stacks=off-cpu", "--unwind", "dwarf", "--", self.path("program"), "10").status, 0)
            result = self.symbolize_within_memory("--inlines")
            paths, _ = self.chains("named.tpt", "--inlines")
            self.assert_chain(paths, [CHAIN[0], "d_is_inlined", *CHAIN[1:]] if fits else CHAIN)
            self.assertEqual(f"triptych: no inlined functions from {self.path('program')}: their debug information takes "
                             "more than the " in result.stderr, not fits, result.stderr)

    def test_a_file_of_a_gigabyte_takes_bounded_memory(self):
        self.record_stripped(STACKS)
        os.unlink(self.path("program"))
        big_debug_file(self.debug, STACKS, 4_500_000, 1 << 30)
        result = self.symbolize_within_memory()
        self.assertEqual(result.stderr.count("inlined functions"), 0)
        paths, _ = self.chains("named.tpt")
        self.assert_chain(paths, ["main", "work_a_round", "sleep_for_a_while"])

    def test_what_cannot_be(self):
        self.assertEqual(self.record("--stacks=off-cpu", "--", OMITTED, "3").status, 0)
        self.assert_refused(self.triptych("symbolize", "-o", "triptych.tpt"), 2,
                            "triptych.tpt is the trace itself: it is not overwritten",
                            "choose another name for -o")
        trace = self.read_bytes("triptych.tpt")
        with open(self.path("damaged.tpt"), "wb") as file:
            file.write(trace[:-100])
        result = self.triptych("symbolize", "damaged.tpt")
        self.assertEqual(result.status, 1, result.err)
        self.assertIn("the trace is not whole", result.err)
        self.assertNotIn("damaged.symbolized.tpt", self.names())
        # Another file under the build id is not taken.
        build_id = build_id_of(OMITTED)
        os.makedirs(self.path("wrong/.build-id/" + build_id[:2]))
        shutil.copy("/bin/true", self.path(f"wrong/.build-id/{build_id[:2]}/{build_id[2:]}.debug"))
        result = self.triptych("symbolize", "--debug-dir", self.path("wrong"))
        self.assertEqual(result.status, 0, result.err)


if __name__ == "__main__":
    harness.main()
