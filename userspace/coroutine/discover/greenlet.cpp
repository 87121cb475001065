// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/greenlet.hpp"

#include <asm/ptrace.h>
#include <fmt/core.h>

#include <cstddef>
#include <string_view>

#include "coroutine/discover/instruction.hpp"
#include "coroutine/discover/module_places.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kLongestInstruction = 15;

struct Wanted {
  std::string_view function;
  std::uint8_t what;
  std::size_t id;  // the register with the greenlet
};
// Of those that return a structure, the first argument is where to.
constexpr Wanted kWanted[] = {
    {"_ZN8greenlet8Greenlet13g_switchstackEv", TRIPTYCH_COROUTINE_RESUMED, offsetof(pt_regs, rsi)},
    {"_ZN8greenlet12UserGreenlet13g_initialstubEPv", TRIPTYCH_COROUTINE_CREATED,
     offsetof(pt_regs, rsi)},
    // Of its state, which is part of it.
    {"_ZN8greenlet11PythonState10did_finishEP3_ts", TRIPTYCH_COROUTINE_FINISHED,
     offsetof(pt_regs, rdi)},
};

tl::unexpected<Error> no_greenlet(std::string_view why) {
  return fail(fmt::format("its greenlet is built in a way that is not known: {}", why),
              "those of version 2 are");
}

// `mov NUMBER(%rdi),%rax; ret`: an accessor tells where its member is.
std::optional<std::uint16_t> member_of(const CodeSearch& code, const DynamicSymbols& symbols,
                                       std::string_view accessor) {
  const DynamicSymbol* function = symbols.defined(accessor);
  if (function == nullptr) return std::nullopt;
  const auto instruction = decode(code.at(function->address, kLongestInstruction));
  if (!instruction || !instruction->is_one_byte(0x8b) || !instruction->is_wide())
    return std::nullopt;
  if (instruction->base() != kRdi || instruction->reg() != kRax) return std::nullopt;
  if (instruction->displacement <= 0 || instruction->displacement > 0x1000) return std::nullopt;
  return static_cast<std::uint16_t>(instruction->displacement);
}

}  // namespace

Result<Discovery> discover_greenlet(const probes::ElfFile& module, const Interpreter& interpreter) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(module));
  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(module));
  Discovery plan;
  auto layout = layout_for(symbols, interpreter);
  if (!layout) return no_greenlet("it does without None");
  const DynamicSymbol* main = symbols.defined("_ZTVN8greenlet12MainGreenletE");
  const auto self = member_of(code, symbols, "_ZNK8greenlet12UserGreenlet4selfEv");
  if (main == nullptr || !self) return no_greenlet("it does not tell what a greenlet consists of");
  layout->main_greenlet = main->address + 2 * sizeof(std::uint64_t);  // what an object points to
  layout->greenlet_self = *self;
  // What it runs comes behind its object and its parent.
  layout->greenlet_run = static_cast<__u16>(*self + 2 * sizeof(std::uint64_t));
  plan.python = *layout;
  for (const Wanted& each : kWanted) {
    const DynamicSymbol* function = symbols.defined(each.function);
    if (function == nullptr) return no_greenlet(fmt::format("there is no {}", each.function));
    const auto entry = cheap_entry(code, function->address);
    if (!entry) return no_greenlet(fmt::format("no cheap place at the entry of {}", each.function));
    auto place = place_at(module, *entry, each.what, TRIPTYCH_COROUTINE_RUNTIME_GREENLET);
    if (!place) return no_greenlet("its code is not where it says");
    place->site.id = in_register(each.id);
    plan.places.push_back(*place);
  }
  return plan;
}

}  // namespace triptych::coroutine::discover
