// SPDX-License-Identifier: Apache-2.0
//
// What the reader of files is asked, each with a file, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/needs.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/marker_table.hpp"
#include "coroutine/probes/usdt.hpp"
#include "coroutine/reader/runtimes.hpp"

namespace triptych::coroutine::reader {

enum class Question : std::uint8_t { kExamine, kPython, kModule, kLanding };
inline constexpr std::size_t kQuestions = 4;

// What is looked for in a file.
struct Wanted {
  std::vector<RuntimeId> runtimes;
  bool unless_it_links_recorder = false;  // that says of its coroutines itself
  probes::MarkerTable markers;            // empty: they are not looked for
  std::string function;                   // likewise
  bool needs = false;
  bool traits = false;
};

// What tells how a program may have coroutines that are not found.
struct Traits {
  bool links_recorder = false;
  bool has_symbols = false;
  bool allocates_in_cpp = false;
  std::uint64_t own_markers = 0;          // of <triptych/usdt.h>
  std::uint64_t exported_name_bytes = 0;  // of its table of dynamic symbols
};

struct FoundRuntime {
  RuntimeId runtime{};
  discover::Discovery found;
};

struct Examined {
  bool is_program = false;             // for 64-bit x86; otherwise there is nothing
  std::vector<FoundRuntime> runtimes;  // those that were understood
  std::optional<Result<std::vector<probes::Place>>> markers;
  std::optional<discover::Discovery> function;
  discover::Needs needs;
  Traits traits;
};

// What a file has of Python.
struct PythonPart {
  bool is_program = false;
  // None, without an error: there is no interpreter in it.
  Result<std::optional<discover::Interpreter>> interpreter;
  bool exports = false;  // the symbol that was asked for
  std::vector<std::string> needed;
};

struct ModuleQuestion {
  RuntimeId runtime{};
  discover::Interpreter interpreter;
};

// A file is sent once, and then known by its number.
struct LandingQuestion {
  std::uint32_t file = 0;
  RuntimeId runtime{};
  bool is_offset = false;  // and no address
  std::uint64_t at = 0;
  bool may_be_dear = false;
};

struct Landing {
  std::optional<std::uint64_t> address;  // none: there is no code
  std::optional<probes::Place> place;    // none: none is cheap
};

}  // namespace triptych::coroutine::reader
