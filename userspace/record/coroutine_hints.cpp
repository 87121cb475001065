// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_hints.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.hpp"
#include "coroutine/discover/python_files.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/usdt.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

using coroutine::probes::ElfFile;

// Interpreters have a tenth of it. A browser has so many symbols that reading them takes 50 ms.
constexpr std::uint64_t kMostSymbolBytes = 1 << 20;

bool has_own_markers(const ElfFile& elf) {
  const auto markers = coroutine::probes::read_markers(elf);
  return markers && std::any_of(markers->begin(), markers->end(), [](const auto& each) {
           return each.provider == coroutine::probes::kOwnProvider;
         });
}

bool may_be_python(const Result<ElfFile>& elf) {
  if (!elf) return true;  // a script for one
  const auto* symbols = elf->section(".dynsym");
  return symbols != nullptr && symbols->size <= kMostSymbolBytes;
}

}  // namespace

std::string coroutine_hint(const std::string& program, const std::string& called) {
  const auto elf =
      ElfFile::open(UniqueFd(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
  if (elf && !coroutine::discover::links_recorder(*elf) && has_own_markers(*elf)) {
    return fmt::format("{} has triptych's markers: --coroutines usdt sees its coroutines",
                       quote(called));
  }
  if (may_be_python(elf) &&
      coroutine::discover::python_files_of(program, launch::search_path(),
                                           coroutine::discover::kInterpreterItself)) {
    return fmt::format(
        "{} runs in Python: --coroutines uprobe:asyncio sees the tasks of asyncio, uprobe:trio and "
        "uprobe:greenlet those of others",
        quote(called));
  }
  return {};
}

}  // namespace triptych::record
