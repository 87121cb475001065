// SPDX-License-Identifier: Apache-2.0
#include "analyze/stacks.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

constexpr std::size_t kMostUnasked = 1u << 16;

}  // namespace

void StackTable::on_stack(const model::Stack& stack) {
  const auto [told, fresh] = told_.try_emplace(static_cast<std::uint32_t>(stack.id));
  if (!fresh) return;  // nobody tells a number twice, or it means what it meant
  told->second = {.first = frames_.size(),
                  .count = std::min<std::uint16_t>(stack.frames, model::kMaxFrames),
                  .kernel = stack.kernel,
                  .cut = stack.cut,
                  .end = stack.end,
                  .mm = stack.mm};
  frames_.insert(frames_.end(), stack.frame.begin(), stack.frame.begin() + told->second.count);
}

bool StackTable::is(const Told& told, model::MmId mm, const Unwound& unwound) const {
  return told.mm == mm && told.end == unwound.end &&
         std::equal(unwound.frames.begin(), unwound.frames.end(), frames_.begin() + told.first,
                    frames_.begin() + told.first + told.count);
}

void StackTable::on_unwound(model::StackId id, model::MmId mm, Unwound unwound) {
  unwound.frames.resize(std::min(unwound.frames.size(), model::kMaxFrames));
  std::uint64_t hash = static_cast<std::uint64_t>(mm);
  for (const std::uint64_t frame : unwound.frames) {
    hash = (hash ^ frame) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  const auto plain = static_cast<std::uint32_t>(id);
  const auto candidates = unwound_.equal_range(hash);
  for (auto known = candidates.first; known != candidates.second; ++known) {
    if (!is(told_.at(known->second), mm, unwound)) continue;
    if (known->second != plain) same_as_[plain] = known->second;
    // The numbers grow: the smallest one has waited for longest.
    if (same_as_.size() > kMostUnasked) same_as_.erase(same_as_.begin());
    return;
  }
  const auto [told, fresh] = told_.try_emplace(plain);
  if (!fresh) return;
  told->second = {.first = frames_.size(),
                  .count = static_cast<std::uint16_t>(unwound.frames.size()),
                  .cut = unwound.end == StackEnd::kTooDeep,
                  .end = unwound.end,
                  .mm = mm};
  frames_.insert(frames_.end(), unwound.frames.begin(), unwound.frames.end());
  unwound_.emplace(hash, plain);
}

void StackTable::on_symbol(const model::KernelSymbol& symbol) {
  kernel_functions_.try_emplace(symbol.symbol,
                                KernelFunction{.name = std::string(symbol.name.view()),
                                               .module = std::string(symbol.module.view())});
}

StackNumber StackTable::number_of(model::StackId id, model::TimeNs ts_ns) {
  if (id == model::kNoStack) return kUnknownStack;
  auto plain = static_cast<std::uint32_t>(id);
  if (const auto same = same_as_.find(plain); same != same_as_.end()) {
    plain = same->second;
    id = model::StackId{plain};
    same_as_.erase(same);
  }
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
          .end = it.end,
          .mm = it.mm,
          .at_ns = entry.at_ns};
}

const KernelFunction* StackTable::kernel_function(std::uint32_t symbol) const {
  const auto found = kernel_functions_.find(symbol);
  return found == kernel_functions_.end() ? nullptr : &found->second;
}

}  // namespace triptych::analyze
