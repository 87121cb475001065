# SPDX-License-Identifier: Apache-2.0
"""Stacks of a program whose functions are known."""

import collections
import os
import re
import shlex
import subprocess

import harness

MADE_CODE = os.environ.get("TRIPTYCH_MADE_CODE", "")
STACKS = os.environ.get("TRIPTYCH_STACKS", "")
# A /tmp and numbers of processes of its own: what is run by `exec` is number 1.
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "sh", "-c")
OWN_TMP = "mount -t tmpfs -o mode=777 none /tmp; "
PAGES = 64
# Not by libc's function, which keeps no frame pointer: it would hide this one.
SLEEPS = """
#include <sys/syscall.h>
#include <time.h>
#define CALLED __attribute__((noinline, noclone))
CALLED static void sleep_here(void) {
  const struct timespec time = {0, 2000000};
  register long no_rest __asm__("r10") = 0;
  long result;
  __asm__ volatile("" ::"r"(__builtin_frame_address(0)));
  __asm__ volatile("syscall" : "=a"(result) : "0"((long)SYS_clock_nanosleep), "D"((long)CLOCK_MONOTONIC), "S"(0L),
                   "d"(&time), "r"(no_rest) : "rcx", "r11", "memory");
  __asm__ volatile("");
}
"""


class Stacks(harness.Test):
    def section(self, *arguments):
        """The lines of the report about stacks."""
        result = self.triptych("report", *arguments)
        self.assertEqual(result.status, 0, result.err)
        text = result.out.split("Where it waited, where it ran")
        self.assertEqual(len(text), 2, result.out)
        return [line.strip() for line in text[1].split("\n\n\n")[0].splitlines()]

    def row_above(self, lines, chain):
        found = [i for i, line in enumerate(lines) if chain in line]
        self.assertTrue(found, lines)
        return lines[found[0] - 1]

    def counters(self):
        return self.ending()["counters"]["stacks"]

    def test_where_it_waits_and_where_it_computes(self):
        result = self.record("--stacks", "--frequency", "997", "--", STACKS, "200")
        self.assertEqual(result.status, 0, result.err)
        lines = self.section()
        waits = self.row_above(lines, "sleep_for_a_while < work_a_round < main")
        self.assertRegex(waits, r" 200 +clock_nanosleep$")
        self.assertGreaterEqual(float(re.search(r"([\d.]+) %", waits).group(1)), 90)
        runs = self.row_above(lines, "burn_in_a_loop < work_a_round < main")
        self.assertGreaterEqual(float(re.search(r"([\d.]+) %", runs).group(1)), 80)
        self.assertEqual(self.report()["data_quality"]["lost_stacks"], 0)

    def test_no_address_of_the_kernels_is_told(self):
        self.assertEqual(self.record("--stacks=on-cpu,off-cpu,wakeup,fault,fork", "--kernel-stacks",
                                     "--", STACKS, "20").status, 0)
        kernel = [event for event in self.dump() if event["kind"] == "stack" and "kernel" in event]
        self.assertGreater(len(kernel), 3)
        symbols = {event["symbol"]: event["name"] for event in self.dump()
                   if event["kind"] == "kernel_symbol"}
        for stack in kernel:
            for frame in stack["frames"].split(","):
                self.assertRegex(frame, r"^\d+\+0x[0-9a-f]{1,6}$")
        names = set(symbols.values())
        self.assertTrue({"schedule", "__schedule"} & names, names)
        self.assertFalse([name for name in names if name.startswith("bpf_prog_")])
        by_kernel = [event for event in self.dump() if event["kind"] == "fault" and
                     not int(event.get("error_code", "0")) & 4]
        self.assertTrue(by_kernel)  # a copy to or from what the program had not touched
        self.assertEqual({event.get("ip") for event in by_kernel}, {None})
        # Nor anywhere else.
        text = self.triptych("dump", "triptych.tpt").out
        self.assertEqual(re.findall(r".*\bf{8}[0-9a-f]{8}\b.*", text), [])
        self.assertEqual(re.findall(r".*0xf{8}[0-9a-f]{8}\b.*", text), [])

    def test_each_event_has_its_own(self):
        self.assertEqual(self.record("--stacks=cow,fork", "--", STACKS, "1").status, 0)
        events = self.dump()
        whats = [event["what"] for event in events if event["kind"] == "stack_of"]
        self.assertEqual(whats.count("task_new"), 1)
        # Each page that the child writes, and a few of its own stack and libc: present, and written to.
        copies = [event for event in events if event["kind"] == "fault" and
                  int(event.get("error_code", "0")) & 3 == 3]
        self.assertEqual(whats.count("fault"), len(copies))
        self.assertGreaterEqual(len(copies), PAGES)
        self.assertEqual(self.counters()["lost"], 0)

    def test_a_running_program(self):
        process = subprocess.Popen([STACKS, "50", "wait"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        recorder = self.start("record", "--stacks=off-cpu", "-p", str(process.pid))
        self.wait_for_file("triptych.tpt")
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(self.finish(recorder).status, 0)
        maps = [event for event in self.dump() if event["kind"] == "map"]
        self.assertTrue([event for event in maps if event["path"] == os.path.realpath(STACKS)
                         and "there" in event], maps)
        self.row_above(self.section(), "sleep_for_a_while < work_a_round < main")

    def compile(self, name, text, *options):
        self.write(name + ".c", text)
        subprocess.run(["gcc", "-O1", "-fno-omit-frame-pointer", "-o", self.path(name), self.path(name + ".c"), *options],
                       check=True)
        return self.path(name)

    def chains_of_sleeps(self):
        """Each path that ends in one, with their number; and the whole profile."""
        result = self.triptych("export", "--format", "folded", "--profile", "off-cpu", "--unit", "count")
        self.assertEqual(result.status, 0, result.err)
        paths = [line.rpartition(" ") for line in result.out.splitlines() if not line.startswith("#")]
        return [(path.split(";"), int(count)) for path, _, count in paths
                if path.endswith(";blocked: clock_nanosleep")], result.out

    def test_a_library_that_was_unloaded_and_a_program_that_became_another(self):
        # The libraries are mapped one after the other, where there is room: at the same place.
        for number in ("one", "two"):
            self.compile(f"lib{number}.so", SLEEPS + f"void of_library_{number}(void) {{ sleep_here(); }}\n",
                         "-shared", "-fPIC")
        second = self.compile("second", SLEEPS + "CALLED void of_the_second(void) { sleep_here(); }\n"
                              "int main(void) { for (int i = 0; i < 7; i++) of_the_second(); return 0; }\n", "-no-pie")
        first = self.compile("first", SLEEPS + """
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
CALLED void of_the_first(void) { sleep_here(); }
static void* call(const char* path, const char* name, int times) {
  void* library = dlopen(path, RTLD_NOW);
  void* function = dlsym(library, name);
  for (int i = 0; i < times; i++) ((void (*)(void))function)();
  dlclose(library);
  return function;
}
int main(int argc, char** argv) {
  for (int i = 0; i < 3; i++) of_the_first();
  void* one = call(argv[2], "of_library_one", 4);
  void* two = call(argv[3], "of_library_two", 5);
  printf("%d\\n", one == two);
  fflush(stdout);
  execl(argv[1], argv[1], (char*)0);
  return argc;
}
""", "-no-pie")
        result = self.record("--stacks=off-cpu", "--", first, second, self.path("libone.so"), self.path("libtwo.so"))
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(result.out, "1\n", "the libraries do not lie at the same place")
        self.assertEqual(self.metadata()["target"]["command"][0], first)
        sleeps, text = self.chains_of_sleeps()
        for function, times in (("of_the_first", 3), ("of_library_one", 4), ("of_library_two", 5), ("of_the_second", 7)):
            with_it = [(path, count) for path, count in sleeps if function in path]
            self.assertEqual(sum(count for _, count in with_it), times, text)
            for path, _ in with_it:
                at = path.index(function)
                self.assertIn(path[at - 1], ("call", "main"), text)
                self.assertEqual(path[at + 1], "sleep_here", text)

    def test_what_cannot_be(self):
        self.assert_refused(
            self.record("--stacks=offcpu", "--", "true"), 2, "unknown stack 'offcpu'",
            "known stacks: on-cpu, off-cpu, wakeup, fault, cow, fork")
        self.assert_refused(
            self.record("--stacks", "--summary-only", "--", "true"), 2,
            "--summary-only keeps no events, so no stacks of them",
            "leave --stacks out, or --summary-only")
        self.assert_refused(self.record("--stacks", "--frequency", "0", "--", "true"), 2,
                            "0 is not a frequency", "--frequency takes 1 to 10000, in a second")
        self.assert_refused(self.record("--frequency", "10", "--", "true"), 2,
                            "--frequency is of the stacks of what is running", "add --stacks=on-cpu")

    def test_without_stacks_nothing_of_them_is_there(self):
        self.assertEqual(self.record("--", STACKS, "3").status, 0)
        kinds = {event["kind"] for event in self.dump()}
        self.assertFalse(kinds & {"stack", "stack_of", "sample", "map", "kernel_symbol"})
        self.assertNotIn("stacks", self.ending()["counters"])


class OtherRoot(harness.Test):
    """A program whose file only it can see, in a mount namespace of its own."""

    def frames(self):
        result = self.triptych("export", "--format", "folded", "--profile", "on-cpu")
        self.assertEqual(result.status, 0, result.err)
        return {frame for line in result.out.splitlines() if not line.startswith("#")
                for frame in line.rsplit(" ", 1)[0].split(";")}

    def test_its_functions_have_names_while_it_runs(self):
        program = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt && "
             f"cp {shlex.quote(STACKS)} /mnt/elsewhere && exec /mnt/elsewhere 1000000"],
            stdout=subprocess.DEVNULL)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        harness.wait_until(lambda: os.readlink(f"/proc/{program.pid}/exe") == "/mnt/elsewhere",
                           "the program")
        result = self.record("--stacks=on-cpu", "--frequency", "997", "--duration", "400ms",
                             "-p", str(program.pid))
        self.assertEqual(result.status, 0, result.err)
        self.assertIn("burn_in_a_loop", self.frames())
        program.kill()
        program.wait()
        frames = self.frames()
        self.assertNotIn("burn_in_a_loop", frames)
        self.assertTrue(any(frame.startswith("elsewhere+0x") for frame in frames), frames)


class MadeCode(harness.Test):
    """Code that a program makes itself, in a container that is gone afterwards."""

    def record_in_container(self, script):
        result = self.record("--stacks=on-cpu", "--frequency", "997", "--", *CONTAINER,
                             OWN_TMP + script.replace("PROGRAM", shlex.quote(MADE_CODE)))
        self.assertEqual(result.status, 0, result.err)
        return result.err

    def names(self):
        """Of the frames of the program, innermost, with how often they were met."""
        result = self.triptych("export", "--format", "folded", "--profile", "on-cpu", "--unit", "samples")
        self.assertEqual(result.status, 0, result.err)
        names = collections.Counter()
        for line in result.out.splitlines():
            path, count = line.rsplit(" ", 1)
            if ";e2e_made_code" in path and not line.startswith("#"):
                names[path.split(";")[-1]] += int(count)
        self.assertGreater(sum(names.values()), 100, result.out)
        return names

    def assert_not_read(self, said, why):
        maker = {task["tgid"] for task in self.report()["tasks"] if task["comm"].startswith("e2e_made_code")}
        self.assertIn(f"triptych: /tmp/perf-1.map of process {maker.pop()} is not read: {why}\n", said)
        names = self.names()
        self.assertNotIn("made_at_run_time", names)
        innermost, count = names.most_common(1)[0]
        self.assertRegex(innermost, "^0x[0-9a-f]+$")
        self.assertGreater(count, sum(names.values()) * 0.8)
        self.assertFalse([event for event in self.dump() if event["kind"] == "jit_symbol"])

    def assert_named(self):
        names = self.names()
        self.assertGreater(names["made_at_run_time"], sum(names.values()) * 0.8, names)

    def test_it_has_the_names_that_it_had_there(self):
        said = self.record_in_container("exec PROGRAM 400")
        self.assertNotIn("perf-1.map", said)
        self.assert_named()
        told, = [event for event in self.dump() if event["kind"] == "jit_symbol"]
        self.assertEqual((told["size"], told["name"]), ("11", "made_at_run_time"))

    def test_of_another_user(self):
        self.record_in_container("exec setpriv --reuid=54321 --regid=54321 --clear-groups PROGRAM 400")
        self.assert_named()

    def test_when_it_lives_on(self):
        script = OWN_TMP + f"exec {shlex.quote(MADE_CODE)} 1000000"
        program = subprocess.Popen([*CONTAINER, script])
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        children = f"/proc/{program.pid}/task/{program.pid}/children"
        def maker():
            with open(children, encoding="ascii") as file:
                child = file.read().strip()
            return child if child and os.readlink(f"/proc/{child}/exe") == os.path.realpath(MADE_CODE) else None
        harness.wait_until(maker, "the program in the container")
        result = self.record("--stacks=on-cpu", "--frequency", "997", "--duration", "400ms",
                             "-p", maker())
        self.assertEqual(result.status, 0, result.err)
        self.assert_named()

    def test_a_link_is_not_followed(self):
        said = self.record_in_container("ln -s other.map /tmp/perf-1.map; exec PROGRAM 400 /tmp/other.map")
        self.assert_not_read(said, "it is a link")

    def test_what_another_user_says_is_not_believed(self):
        said = self.record_in_container("umask 0; touch /tmp/perf-1.map; exec setpriv --reuid=54321 "
                                        "--regid=54321 --clear-groups PROGRAM 400")
        self.assert_not_read(said, "it belongs to user 0, the process is user 54321's")

    def test_nobody_waits_for_a_pipe(self):
        said = self.record_in_container("mkfifo /tmp/perf-1.map; exec PROGRAM 400 /tmp/other.map")
        self.assert_not_read(said, "it is no regular file")

    def test_our_file_of_the_same_number_is_not_its_own(self):
        """With /tmp shared and another number, what is under our number is another's."""
        said = self.record("--stacks=on-cpu", "--frequency", "997", "--", "unshare", "--pid", "--fork",
                           "--mount-proc", MADE_CODE, "400", self.path("elsewhere.map"))
        self.assertEqual(said.status, 0, said.err)
        maker, = {task["tgid"] for task in self.report()["tasks"]
                  if task["comm"].startswith("e2e_made_code")}
        not_its_own = f"/tmp/perf-{maker}.map"
        with open(self.path("elsewhere.map"), encoding="ascii") as told, \
                open(not_its_own, "w", encoding="ascii") as file:
            self.addCleanup(os.unlink, not_its_own)
            file.write(told.read())
        self.assertNotIn("made_at_run_time", self.names())


if __name__ == "__main__":
    harness.main()
