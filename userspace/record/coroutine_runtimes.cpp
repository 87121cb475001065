// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_runtimes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "coroutine/discover/asyncio.hpp"
#include "coroutine/discover/boost.hpp"
#include "coroutine/discover/cpp.hpp"
#include "coroutine/discover/greenlet.hpp"
#include "coroutine/discover/python_files.hpp"
#include "coroutine/discover/tokio.hpp"
#include "coroutine/discover/trio.hpp"
#include "coroutine/discover/ucontext.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

namespace discover = coroutine::discover;
using coroutine::probes::ElfFile;

using Discover = Result<discover::Discovery> (*)(const ElfFile& module,
                                                 const discover::Interpreter& interpreter);

// The module is a file of its own, and what its objects look like is the interpreter's.
Result<CoroutineFile> find_module(const CoroutineProgram& program,
                                  const discover::PythonModule& wanted, Discover discover_in) {
  auto files = program.tgid != 0
                   ? discover::python_files_of(program.tgid, wanted)
                   : discover::python_files_of(program.path, launch::search_path(), wanted);
  if (!files) {
    const std::string where =
        program.tgid != 0 ? fmt::format("process {}", program.tgid) : escape(program.path);
    return fail(fmt::format("{}: {}", where, files.error().message), files.error().hint,
                files.error().code);
  }
  auto found = discover_in(files->module, files->interpreter);
  if (!found) {
    return fail(fmt::format("{}: {}", quote(files->module_path), found.error().message),
                found.error().hint, found.error().code);
  }
  return CoroutineFile{std::move(files->module_path), std::move(files->module), std::move(*found)};
}

Result<CoroutineFile> find_asyncio(const CoroutineProgram& program) {
  return find_module(program, discover::kAsyncioModule, discover::discover_asyncio);
}

Result<CoroutineFile> find_trio(const CoroutineProgram& program) {
  return find_module(program, discover::kInterpreterItself, discover::discover_trio);
}

Result<CoroutineFile> find_greenlet(const CoroutineProgram& program) {
  return find_module(program, discover::kGreenletModule, discover::discover_greenlet);
}

constexpr CoroutineRuntime kRuntimes[] = {
    {"cpp", "C++20 coroutines", "on_cpp_coroutine", "", discover::discover_cpp, nullptr,
     "those that the compiler inlined or whose frames it elided, those that are never resumed, and "
     "the start of those that their maker does not resume",
     discover::cpp_landing, false, true},
    {"tokio", "tasks of tokio", "on_cpp_coroutine", "", discover::discover_tokio, nullptr,
     "when a task was made, tasks that are never polled, what a task awaits itself, and the future "
     "that block_on is called with",
     discover::cpp_landing, false, true},
    {"boost", "contexts of Boost (Context, Fiber, Coroutine2)", "on_context", "",
     discover::discover_boost, nullptr,
     "what switches through a pointer, the scheduler of fibers, and the names of those made from "
     "function pointers",
     nullptr, true},
    {"ucontext", "contexts of libc (makecontext, swapcontext)", "on_context", "",
     discover::discover_ucontext, nullptr,
     "what calls libc through a pointer, and a context that is gone back to without having been "
     "switched away from",
     nullptr, true},
    {"asyncio", "tasks of Python's asyncio", "on_python_step", "on_python_switch", nullptr,
     find_asyncio,
     "tasks that are never stepped, those written in Python, and coroutines that a task awaits "
     "itself",
     nullptr},
    {"trio", "tasks of Trio", "on_python_step", "on_python_switch", nullptr, find_trio,
     "tasks that are never stepped, those that are detached, coroutines that a task awaits itself, "
     "and who waits for a nursery",
     nullptr},
    {"greenlet", "greenlets, and so gevent's", "on_greenlet", "on_python_switch", nullptr,
     find_greenlet,
     "when a greenlet was made, those that are never switched to, each thread's first and gevent's "
     "hub",
     nullptr},
};

constexpr CoroutineRuntime kNamedFunction = {
    "", "functions of that name", "on_coroutine_marker", "", nullptr, nullptr, "", nullptr};

}  // namespace

const CoroutineRuntime& named_function() {
  return kNamedFunction;
}

std::span<const CoroutineRuntime> coroutine_runtimes() {
  return kRuntimes;
}

const CoroutineRuntime* find_coroutine_runtime(std::string_view name) {
  const auto* found = std::find_if(std::begin(kRuntimes), std::end(kRuntimes),
                                   [&](const CoroutineRuntime& each) { return each.name == name; });
  return found == std::end(kRuntimes) ? nullptr : found;
}

std::string coroutine_runtime_names() {
  std::string names;
  for (const CoroutineRuntime& each : kRuntimes) {
    if (!names.empty()) names += ", ";
    names += each.name;
  }
  return names;
}

}  // namespace triptych::record
