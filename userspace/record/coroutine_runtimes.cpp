// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_runtimes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

using coroutine::reader::RuntimeId;

constexpr CoroutineRuntime kRuntimes[] = {
    {.name = "cpp",
     .coroutines = "C++20 coroutines",
     .program = "on_cpp_coroutine",
     .companion = "",
     .invisible =
         "those that the compiler inlined or whose frames it elided, those that are never resumed, "
         "and the start of those that their maker does not resume",
     .id = RuntimeId::kCpp,
     .by_symbols = true,
     .learns = true},
    {.name = "tokio",
     .coroutines = "tasks of tokio",
     .program = "on_cpp_coroutine",
     .companion = "",
     .invisible = "when a task was made, tasks that are never polled, what a task awaits itself, "
                  "and the future that block_on is called with",
     .id = RuntimeId::kTokio,
     .by_symbols = true,
     .learns = true},
    {.name = "boost",
     .coroutines = "contexts of Boost (Context, Fiber, Coroutine2)",
     .program = "on_context",
     .companion = "",
     .invisible = "what switches through a pointer, the scheduler of fibers, and the names of "
                  "those made from function pointers",
     .id = RuntimeId::kBoost,
     .is_spread = true},
    {.name = "ucontext",
     .coroutines = "contexts of libc (makecontext, swapcontext)",
     .program = "on_context",
     .companion = "",
     .invisible = "what calls libc through a pointer, and a context that is gone back to without "
                  "having been switched away from",
     .id = RuntimeId::kUcontext,
     .is_spread = true},
    {.name = "asyncio",
     .coroutines = "tasks of Python's asyncio",
     .program = "on_python_step",
     .companion = "on_python_switch",
     .invisible = "tasks that are never stepped, those written in Python, and coroutines that a "
                  "task awaits itself",
     .id = RuntimeId::kAsyncio,
     .module = &coroutine::reader::kAsyncioModule},
    {.name = "trio",
     .coroutines = "tasks of Trio",
     .program = "on_python_step",
     .companion = "on_python_switch",
     .invisible = "tasks that are never stepped, those that are detached, coroutines that a task "
                  "awaits itself, and who waits for a nursery",
     .id = RuntimeId::kTrio,
     .module = &coroutine::reader::kInterpreterItself},
    {.name = "greenlet",
     .coroutines = "greenlets, and so gevent's",
     .program = "on_greenlet",
     .companion = "on_python_switch",
     .invisible = "when a greenlet was made, those that are never switched to, each thread's first "
                  "and gevent's hub",
     .id = RuntimeId::kGreenlet,
     .module = &coroutine::reader::kGreenletModule},
};

constexpr CoroutineRuntime kNamedFunction = {.name = "",
                                             .coroutines = "functions of that name",
                                             .program = "on_coroutine_marker",
                                             .companion = "",
                                             .invisible = "",
                                             .id = std::nullopt};

}  // namespace

// What the objects of a module look like is the interpreter's, which is another file.
Result<CoroutineFile> find_module(coroutine::reader::ProgramReader& reader,
                                  const CoroutineRuntime& runtime,
                                  const CoroutineProgram& program) {
  using coroutine::reader::python_files_of;
  auto files = program.tgid != 0
                   ? python_files_of(reader, program.tgid, *runtime.module)
                   : python_files_of(reader, program.path, launch::search_path(), *runtime.module);
  if (!files) {
    const std::string where =
        program.tgid != 0 ? fmt::format("process {}", program.tgid) : escape(program.path);
    return fail(fmt::format("{}: {}", where, files.error().message), files.error().hint,
                files.error().code);
  }
  TRIPTYCH_TRY_ASSIGN(auto found,
                      reader.look_into_module(files->module, {*runtime.id, files->interpreter}));
  if (!found) {
    return fail(fmt::format("{}: {}", quote(files->module_path), found.error().message),
                found.error().hint, found.error().code);
  }
  return CoroutineFile{std::move(files->module_path), std::move(files->module), std::move(*found)};
}

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

const CoroutineRuntime* find_coroutine_runtime(RuntimeId id) {
  const auto* found = std::find_if(std::begin(kRuntimes), std::end(kRuntimes),
                                   [&](const CoroutineRuntime& each) { return each.id == id; });
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
