// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_hints.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/text.hpp"
#include "coroutine/reader/python_files.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

using coroutine::reader::Examined;

// Interpreters have a tenth of it. A browser has so many symbols that reading them takes 50 ms.
constexpr std::uint64_t kMostSymbolBytes = 1 << 20;

bool may_be_python(const Examined& about) {
  if (!about.is_program) return true;  // a script for one
  const std::uint64_t bytes = about.traits.exported_name_bytes;
  return bytes != 0 && bytes <= kMostSymbolBytes;
}

}  // namespace

std::string coroutine_hint(coroutine::reader::ProgramReader& reader, const Examined& about,
                           const std::string& program, const std::string& called) {
  if (!about.traits.links_recorder && about.traits.own_markers != 0) {
    return fmt::format("{} has triptych's markers: --coroutines usdt sees its coroutines",
                       quote(called));
  }
  if (may_be_python(about) &&
      coroutine::reader::python_files_of(reader, program, launch::search_path(),
                                         coroutine::reader::kInterpreterItself)) {
    return fmt::format(
        "{} runs in Python: --coroutines uprobe:asyncio sees the tasks of asyncio, uprobe:trio and "
        "uprobe:greenlet those of others",
        quote(called));
  }
  return {};
}

}  // namespace triptych::record
