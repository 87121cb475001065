// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/boost.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "coroutine/discover/calls.hpp"
#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/symbols.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;
using Pattern = std::vector<std::optional<std::byte>>;

constexpr std::uint8_t kBoost = TRIPTYCH_COROUTINE_RUNTIME_BOOST;
constexpr int kAny = -1;

Pattern pattern(std::initializer_list<int> bytes) {
  Pattern found;
  for (const int each : bytes) {
    found.push_back(each == kAny ? std::nullopt : std::optional(static_cast<std::byte>(each)));
  }
  return found;
}

// lea -N(%rsp),%rsp; stmxcsr (%rsp); fnstcw 4(%rsp)
const Pattern& saving() {
  static const Pattern kBytes =
      pattern({0x48, 0x8d, 0x64, 0x24, kAny, 0x0f, 0xae, 0x1c, 0x24, 0xd9, 0x7c, 0x24, 0x04});
  return kBytes;
}
// mov %rdi,%rax; and $-16,%rax; lea -N(%rax),%rax
const Pattern& making() {
  static const Pattern kBytes =
      pattern({0x48, 0x89, 0xf8, 0x48, 0x83, 0xe0, 0xf0, 0x48, 0x8d, 0x40, kAny});
  return kBytes;
}

constexpr std::array kThirdIsKept = {std::byte{0x49}, std::byte{0x89}, std::byte{0xd0}};
// mov %rsp,%rax; mov %rdi,%rsp: from here on it is the next one's stack.
constexpr std::array kSwitch = {std::byte{0x48}, std::byte{0x89}, std::byte{0xe0},
                                std::byte{0x48}, std::byte{0x89}, std::byte{0xfc}};
constexpr std::size_t kMostBytesOfJump = 96;  // of jump_fcontext, before that

// Boost.Context itself, where the file has it.
struct BoostFunctions {
  std::vector<std::uint64_t> jump, ontop, make;
  triptych_context_layout layout{};
};

template <std::size_t kSize>
bool is_before(const CodeSearch& code, std::uint64_t address,
               const std::array<std::byte, kSize>& bytes) {
  const auto there = code.at(address - kSize, kSize);
  return std::equal(there.begin(), there.end(), bytes.begin(), bytes.end());
}

std::uint64_t entry_of(const CodeSearch& code, std::uint64_t address) {
  return is_before(code, address, kEndbr) ? address - kEndbr.size() : address;
}

// The number in the last byte but `behind` of what was found there: of a small negative one.
std::uint16_t kept_bytes(const CodeSearch& code, std::uint64_t address, std::size_t at) {
  const auto there = code.at(address + at, 1);
  return static_cast<std::uint16_t>(there.empty() ? 0 : -static_cast<std::int8_t>(there[0]) & 0xff);
}

BoostFunctions own_functions(const CodeSearch& code) {
  BoostFunctions own;
  for (const std::uint64_t address : code.matches(saving())) {
    const auto there = code.at(address, kMostBytesOfJump);
    if (std::search(there.begin(), there.end(), kSwitch.begin(), kSwitch.end()) == there.end()) {
      continue;
    }
    const bool is_ontop = is_before(code, address, kThirdIsKept);
    const std::uint64_t begin = is_ontop ? address - kThirdIsKept.size() : address;
    (is_ontop ? own.ontop : own.jump).push_back(entry_of(code, begin));
    (is_ontop ? own.layout.ontop : own.layout.jump) = kept_bytes(code, address, 4);
  }
  for (const std::uint64_t address : code.matches(making())) {
    own.make.push_back(entry_of(code, address));
    own.layout.make = kept_bytes(code, address, making().size() - 1);
  }
  return own;
}

// The library of Boost.Fiber makes no contexts but those that choose the next fiber. Where it has
// symbols, or is part of a program that has, the names of their functions say so.
bool makes_loops_only(const ElfFile& file, const DynamicSymbols& symbols) {
  if (file.section(".symtab") != nullptr) return false;
  return std::any_of(symbols.all().begin(), symbols.all().end(), [](const DynamicSymbol& each) {
    return each.address != 0 &&
           each.name.starts_with("_ZN5boost6fibers9scheduler25attach_dispatcher_context");
  });
}

// The function in which a fiber's scheduler spends its life.
Result<std::optional<triptych_context_loop>> loop_of(const ElfFile& file) {
  std::optional<triptych_context_loop> loop;
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (symbol.name != "_ZN5boost6fibers9scheduler8dispatchEv" || symbol.size == 0) return;
    loop = triptych_context_loop{symbol.address, symbol.size, 0, 0};
  }));
  return loop;
}

Result<std::vector<Function>> entries_of(const ElfFile& file) {
  std::vector<Function> entries;
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (!symbol.name.starts_with("_ZN5boost7context6detail11fiber_entryI") &&
        !symbol.name.starts_with("_ZN5boost7context6detail13context_entryI")) {
      return;
    }
    const std::string name(symbol.name);
    const bool is_loop = name.find("18dispatcher_context") != std::string::npos;
    entries.push_back(
        {is_loop ? std::string() : callable_of_boost_entry(demangled(name)), symbol.address});
  }));
  return entries;
}

// The arguments of the template whose `<` is in front of `text`.
std::vector<std::string_view> template_arguments(std::string_view text) {
  std::vector<std::string_view> arguments;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '<' || letter == '(' || letter == '{' || letter == '[') ++depth;
    const bool closes = letter == '>' || letter == ')' || letter == '}' || letter == ']';
    if (depth == 0 && (letter == ',' || letter == '>')) {
      std::string_view argument = text.substr(begin, i - begin);
      while (argument.starts_with(' ')) argument.remove_prefix(1);
      while (argument.ends_with(' ')) argument.remove_suffix(1);
      arguments.push_back(argument);
      begin = i + 1;
      if (letter == '>') return arguments;
      continue;
    }
    if (closes) --depth;
  }
  return {};  // it does not end
}

std::string_view argument_of(std::string_view text, std::string_view name, std::size_t number) {
  const std::size_t at = text.find(name);
  if (at == text.npos) return {};
  const auto arguments = template_arguments(text.substr(at + name.size()));
  return number < arguments.size() ? arguments[number] : std::string_view();
}

}  // namespace

std::string callable_of_boost_entry(const std::string& entry) {
  const std::string_view runs = argument_of(entry, "record<", 2);
  if (runs.empty()) return entry;
  const std::string_view of_fiber = argument_of(runs, "boost::fibers::worker_context<", 0);
  if (!of_fiber.empty()) return std::string(of_fiber);
  const std::string_view of_coroutine = argument_of(runs, "::control_block<", 1);
  return std::string(of_coroutine.empty() ? runs : of_coroutine);
}

Result<Discovery> discover_boost(const ElfFile& file) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(file));
  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(file));
  Discovery plan;
  const BoostFunctions own = own_functions(code);
  const bool is_whole = !own.jump.empty() && !own.ontop.empty() && !own.make.empty();
  if (is_whole) plan.contexts = own.layout;
  if (!is_whole && symbols.defined("jump_fcontext") != nullptr) {
    plan.not_known = "its Boost.Context is built in a way that is not known";
    return plan;
  }
  const CalledFunction jump{"jump_fcontext", own.jump}, ontop{"ontop_fcontext", own.ontop},
      make{"make_fcontext", own.make};
  add_calls(file, code, symbols, jump, {kBoost, TRIPTYCH_CONTEXT_JUMP}, plan);
  add_calls(file, code, symbols, ontop, {kBoost, TRIPTYCH_CONTEXT_ONTOP}, plan);
  add_calls(file, code, symbols, make, {kBoost, TRIPTYCH_CONTEXT_MAKE}, plan);
  if (plan.places.empty() && plan.dear.empty()) return plan;
  if (makes_loops_only(file, symbols)) {
    for (auto* places : {&plan.places, &plan.dear}) {
      for (probes::Place& each : *places) {
        if (each.site.kind == TRIPTYCH_CONTEXT_MAKE) each.site.kind = TRIPTYCH_CONTEXT_MAKE_LOOP;
      }
    }
  }
  TRIPTYCH_TRY_ASSIGN(plan.entries, entries_of(file));
  TRIPTYCH_TRY_ASSIGN(plan.loop, loop_of(file));
  return plan;
}

}  // namespace triptych::coroutine::discover
