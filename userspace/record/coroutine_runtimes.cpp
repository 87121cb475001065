// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_runtimes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "coroutine/discover/asyncio.hpp"
#include "coroutine/discover/cpp.hpp"
#include "coroutine/discover/python_files.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

// Its file is one that every Python has.
Result<CoroutineFile> find_asyncio(const CoroutineProgram& program) {
  using namespace coroutine::discover;
  auto files = program.tgid != 0 ? python_files_of(program.tgid)
                                 : python_files_of(program.path, launch::search_path());
  if (!files) {
    const std::string where =
        program.tgid != 0 ? fmt::format("process {}", program.tgid) : escape(program.path);
    return fail(fmt::format("{}: {}", where, files.error().message), files.error().hint,
                files.error().code);
  }
  auto found = discover_asyncio(files->module, files->interpreter);
  if (!found) {
    return fail(fmt::format("{}: {}", quote(files->module_path), found.error().message),
                found.error().hint, found.error().code);
  }
  return CoroutineFile{std::move(files->module_path), std::move(files->module), std::move(*found)};
}

constexpr CoroutineRuntime kRuntimes[] = {
    {"cpp", "C++20 coroutines", "on_cpp_coroutine", "", coroutine::discover::discover_cpp, nullptr,
     "those that the compiler inlined or whose frames it elided, those that are never resumed, and "
     "the start of those that their maker does not resume",
     coroutine::discover::cpp_landing},
    {"asyncio", "tasks of Python's asyncio", "on_asyncio_step", "on_asyncio_switch", nullptr,
     find_asyncio,
     "tasks that are never stepped, those written in Python, and coroutines that a task awaits "
     "itself",
     nullptr},
};

}  // namespace

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
