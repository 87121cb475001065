// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/trio.hpp"

#include <asm/ptrace.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "coroutine/discover/function_ranges.hpp"
#include "coroutine/discover/instruction.hpp"
#include "coroutine/discover/module_places.hpp"
#include "coroutine/discover/relocations.hpp"

namespace triptych::coroutine::discover {
namespace {

tl::unexpected<Error> no_trio(std::string_view why) {
  return fail(fmt::format("its Context.run is built in a way that is not known: {}", why));
}

// What the file's data has: the addresses in it are the loader's to write, or there already.
class Data {
 public:
  explicit Data(const probes::ElfFile& file) : file_(file), slots_(relative_slots(file)) {}

  [[nodiscard]] std::uint64_t pointer(std::uint64_t address) const {
    if (const auto slot = slots_.find(address); slot != slots_.end()) return slot->second;
    std::uint64_t value = 0;
    const auto bytes = bytes_at(file_, address, sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] bool is_text(std::uint64_t address, std::string_view text) const {
    const auto bytes = bytes_at(file_, address, text.size() + 1);
    return !bytes.empty() && bytes.back() == std::byte{0} &&
           std::memcmp(bytes.data(), text.data(), text.size()) == 0;
  }

 private:
  const probes::ElfFile& file_;
  Slots slots_;
};

// Where the method of that name is described (a PyMethodDef); 0: the type has none.
std::uint64_t method_of(const Data& data, const DynamicSymbol& type, std::string_view name) {
  constexpr std::uint64_t kMethods = 0xe8, kSize = 0x20;  // the same in all versions that are known
  constexpr int kMost = 64;
  std::uint64_t method = data.pointer(type.address + kMethods);
  for (int i = 0; i < kMost; ++i, method += kSize) {
    const std::uint64_t called = data.pointer(method);
    if (called == 0) return 0;
    if (data.is_text(called, name)) return method;
  }
  return 0;
}

struct Line {
  std::uint64_t address;
  Instruction instruction;
};

// Empty when not all of it is understood.
std::vector<Line> lines_of(const CodeSearch& code, const FunctionRange& range) {
  constexpr std::uint64_t kMostBytes = 4096;
  std::vector<Line> lines;
  if (range.end - range.begin > kMostBytes) return lines;
  auto rest = code.at(range.begin, static_cast<std::size_t>(range.end - range.begin));
  std::uint64_t address = range.begin;
  while (const auto instruction = decode(rest)) {
    lines.push_back({address, *instruction});
    rest = rest.subspan(instruction->length);
    address += instruction->length;
  }
  return address == range.end ? lines : std::vector<Line>();
}

bool calls_by_pointer(const Instruction& instruction) {
  return instruction.is_one_byte(0xff) && (instruction.modrm >> 3 & 7) == 2;
}

// What PyContext_Exit does is in another function, for those who have the thread's state at hand.
std::uint64_t exit_of(const CodeSearch& code, const DynamicSymbols& symbols) {
  constexpr std::size_t kFunctionBytes = 32;
  const DynamicSymbol* function = symbols.defined("PyContext_Exit");
  if (function == nullptr) return 0;
  std::uint64_t address = function->address;
  auto rest = code.at(address, kFunctionBytes);
  while (const auto instruction = decode(rest)) {
    if (is_call(*instruction) || is_jump(*instruction))
      return *branch_target(*instruction, address);
    if (ends_straight_line(*instruction)) return 0;
    rest = rest.subspan(instruction->length);
    address += instruction->length;
  }
  return 0;
}

// Where it is back from what it was called to run: by a pointer, or, where the compiler has made a
// function of that, before the context is left.
std::optional<std::uint64_t> place_behind(const CodeSearch& code, const DynamicSymbols& symbols,
                                          const FunctionRange& run) {
  const std::vector<Line> lines = lines_of(code, run);
  std::vector<std::uint64_t> found;
  for (const Line& line : lines) {
    if (calls_by_pointer(line.instruction)) found.push_back(line.address + line.instruction.length);
  }
  if (found.size() == 1) return cheap_place(code, found.front());
  const std::uint64_t exit = exit_of(code, symbols);
  if (!found.empty() || exit == 0) return std::nullopt;
  for (const Line& line : lines) {
    if (is_call(line.instruction) && branch_target(line.instruction, line.address) == exit)
      found.push_back(line.address);
  }
  if (found.size() != 1) return std::nullopt;
  return found.front();
}

}  // namespace

Result<Discovery> discover_trio(const probes::ElfFile& file, const Interpreter& interpreter) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(file));
  const DynamicSymbol* coroutine = symbols.defined("PyCoro_Type");
  const DynamicSymbol* context = symbols.defined("PyContext_Type");
  if (coroutine == nullptr || context == nullptr) return no_trio("it does not export its types");
  const Data data(file);
  Discovery plan;
  plan.python = interpreter.layout;
  plan.python->coroutine_send = method_of(data, *coroutine, "send");
  plan.python->coroutine_throw = method_of(data, *coroutine, "throw");
  const std::uint64_t method = method_of(data, *context, "run");
  if (method == 0 || plan.python->coroutine_send == 0 || plan.python->coroutine_throw == 0)
    return no_trio("its types do not have the methods that they should have");

  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(file));
  TRIPTYCH_TRY_ASSIGN(const FunctionRanges ranges, FunctionRanges::read(file));
  const std::uint64_t run = data.pointer(method + sizeof(std::uint64_t));
  const auto range = ranges.around(run);
  if (!range || range->begin != run) return no_trio("no function is where it should be");
  const auto entry = cheap_entry(code, run);
  const auto back = place_behind(code, symbols, *range);
  if (!entry || !back) return no_trio("no cheap place at its entry, or behind its call");
  auto mount = place_at(file, *entry, TRIPTYCH_COROUTINE_RESUMED, TRIPTYCH_COROUTINE_RUNTIME_TRIO);
  const auto unmount =
      place_at(file, *back, TRIPTYCH_COROUTINE_SUSPENDED, TRIPTYCH_COROUTINE_RUNTIME_TRIO);
  if (!mount || !unmount) return no_trio("its code is not where it says");
  mount->site.id = in_register(offsetof(pt_regs, rsi));  // the arguments, what to call first
  plan.places = {*mount, *unmount};
  return plan;
}

}  // namespace triptych::coroutine::discover
