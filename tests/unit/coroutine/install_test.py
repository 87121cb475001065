#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An installed recorder can be used: by find_package, by pkg-config, from C++ and from C.

    install_test.py BUILD_DIRECTORY_OF_THE_RECORDER CMAKE C_COMPILER CXX_COMPILER
"""
import os
import pathlib
import subprocess
import sys
import tempfile

IN_C = """
#include <triptych/coroutine.h>
int main(void)
{
\ttriptych_coro_resume(1, triptych_coro_function((void *)main, "main", 0));
\treturn !triptych_coro_available();
}
"""
IN_CPP = """
#include <triptych/coroutine.hpp>
struct promise;
struct loop { using promise_type = triptych::traced_promise<promise>; };
struct promise {
  loop get_return_object() { return {}; }
  std::suspend_never initial_suspend() { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void return_void() {}
  void unhandled_exception() {}
};
loop run() { co_return; }
int main() {
  run();
  return triptych_coro_available() ? 0 : 1;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(consumer CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(triptych REQUIRED)
foreach(library coroutine coroutine_static)
  add_executable(with_${library} program.cpp)
  target_link_libraries(with_${library} PRIVATE triptych::${library})
endforeach()
"""


def run(*words, **more):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}")
    return done.stdout.split()


def main():
    build, cmake, c_compiler, cxx_compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        prefix = directory / "prefix"
        run(cmake, f"-DCMAKE_INSTALL_PREFIX={prefix}", "-P", f"{build}/cmake_install.cmake")

        (directory / "program.c").write_text(IN_C, encoding="ascii")
        config = next(prefix.rglob("triptych-coroutine.pc")).parent
        # Another prefix than the build was configured for: the file tells its own by where it is.
        flags = run("pkg-config", "--cflags", "--libs", "triptych-coroutine",
                    env={**os.environ, "PKG_CONFIG_PATH": str(config)})
        run(c_compiler, "-std=c99", directory / "program.c", "-o", directory / "program", *flags)
        run(directory / "program", env={**os.environ, "LD_LIBRARY_PATH": str(config.parent)})

        (directory / "program.cpp").write_text(IN_CPP, encoding="ascii")
        (directory / "CMakeLists.txt").write_text(PROJECT, encoding="ascii")
        run(cmake, "-S", directory, "-B", directory / "out", f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={cxx_compiler}")
        run(cmake, "--build", directory / "out")
        for library in ("coroutine", "coroutine_static"):
            run(directory / "out" / f"with_{library}")
    print("installed, found and used")


main()
