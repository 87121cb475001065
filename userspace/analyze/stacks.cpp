// SPDX-License-Identifier: Apache-2.0
#include "analyze/stacks.hpp"

#include <algorithm>

namespace triptych::analyze {

void StackTable::on_stack(const model::Stack& stack) {
  const auto [told, fresh] = told_.try_emplace(static_cast<std::uint32_t>(stack.id));
  if (!fresh) return;  // nobody tells a number twice, or it means what it meant
  told->second = {.first = frames_.size(),
                  .count = std::min<std::uint16_t>(stack.frames, model::kMaxFrames),
                  .kernel = stack.kernel,
                  .cut = stack.cut,
                  .mm = stack.mm};
  frames_.insert(frames_.end(), stack.frame.begin(), stack.frame.begin() + told->second.count);
}

void StackTable::on_symbol(const model::KernelSymbol& symbol) {
  kernel_functions_.try_emplace(symbol.symbol,
                                KernelFunction{.name = std::string(symbol.name.view()),
                                               .module = std::string(symbol.module.view())});
}

StackNumber StackTable::number_of(model::StackId id, model::TimeNs ts_ns) {
  if (id == model::kNoStack) return kUnknownStack;
  const auto plain = static_cast<std::uint32_t>(id);
  const auto told = told_.find(plain);
  const std::uint32_t generation = told == told_.end() ? 0 : code.generation(told->second.mm);
  const auto [number, fresh] =
      numbers_.try_emplace(std::uint64_t{generation} << 32 | plain,
                           StackNumber{static_cast<std::uint32_t>(entries_.size() + 1)});
  if (fresh) entries_.push_back({id, ts_ns});
  return number->second;
}

StackTable::View StackTable::view(StackNumber number) const {
  const auto index = static_cast<std::size_t>(number);
  if (index == 0 || index > entries_.size()) return {};
  const Entry& entry = entries_[index - 1];
  const auto told = told_.find(static_cast<std::uint32_t>(entry.id));
  if (told == told_.end()) return {};
  const Told& it = told->second;
  return {.frames = std::span(frames_).subspan(it.first, it.count),
          .kernel = it.kernel,
          .cut = it.cut,
          .mm = it.mm,
          .at_ns = entry.at_ns};
}

const KernelFunction* StackTable::kernel_function(std::uint32_t symbol) const {
  const auto found = kernel_functions_.find(symbol);
  return found == kernel_functions_.end() ? nullptr : &found->second;
}

}  // namespace triptych::analyze
