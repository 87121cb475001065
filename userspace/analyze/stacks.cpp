// SPDX-License-Identifier: Apache-2.0
#include "analyze/stacks.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

constexpr std::size_t kMostUnasked = 1u << 16;
// Slots that are taken; beyond that somebody has chosen the hashes, and equal stacks are not found.
constexpr int kMostInARow = 64;

}  // namespace

void StackTable::on_stack(const model::Stack& stack) {
  if (ids_.find(stack.id) != 0) return;  // nobody tells a number twice, or it means what it meant
  const std::span frames =
      std::span(stack.frame).first(std::min<std::size_t>(stack.frames, model::kMaxFrames));
  ids_.set(stack.id, known_or_new({.id = stack.id,
                                   .kernel = stack.kernel,
                                   .cut = stack.cut,
                                   .end = stack.end,
                                   .mm = stack.mm},
                                  frames));
}

bool StackTable::is(const Told& told, const Told& other,
                    std::span<const std::uint64_t> frames) const {
  return other.hash == told.hash && other.mm == told.mm && other.kernel == told.kernel &&
         other.cut == told.cut && other.end == told.end &&
         std::equal(frames.begin(), frames.end(), frames_.begin() + other.first,
                    frames_.begin() + other.first + other.count);
}

void StackTable::grow() {
  std::vector<std::uint32_t> before(2 * slots_.size());
  before.swap(slots_);
  for (const std::uint32_t number : before) {
    if (number == 0) continue;
    std::size_t at = told_[number - 1].hash & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = number;
  }
}

std::uint32_t StackTable::known_or_new(Told told, std::span<const std::uint64_t> frames) {
  told.hash = static_cast<std::uint64_t>(told.mm);
  for (const std::uint64_t frame : frames) {
    told.hash = (told.hash ^ frame) * 0x9e3779b97f4a7c15u;
    told.hash ^= told.hash >> 32;
  }
  if (2 * told_.size() >= slots_.size()) grow();
  std::size_t at = told.hash & (slots_.size() - 1);
  int left = kMostInARow;
  for (; slots_[at] != 0 && left > 0; --left, at = (at + 1) & (slots_.size() - 1)) {
    if (is(told, told_[slots_[at] - 1], frames)) return slots_[at];
  }
  told.first = frames_.size();
  told.count = static_cast<std::uint16_t>(frames.size());
  frames_.insert(frames_.end(), frames.begin(), frames.end());
  told_.push_back(told);
  const auto number = static_cast<std::uint32_t>(told_.size());
  if (left > 0) slots_[at] = number;
  return number;
}

// The numbers of copies are used once, so what they are the same as is soon forgotten.
void StackTable::on_unwound(model::StackId id, model::MmId mm, Unwound unwound) {
  if (ids_.find(id) != 0) return;
  unwound.frames.resize(std::min(unwound.frames.size(), model::kMaxFrames));
  const std::uint32_t number = known_or_new(
      {.id = id, .cut = unwound.end == StackEnd::kTooDeep, .end = unwound.end, .mm = mm},
      unwound.frames);
  if (told_[number - 1].id == id) {
    ids_.set(id, number);
    return;
  }
  same_as_[static_cast<std::uint32_t>(id)] = number;
  // The numbers grow: the smallest one has waited for longest.
  if (same_as_.size() > kMostUnasked) same_as_.erase(same_as_.begin());
}

void StackTable::on_symbol(const model::KernelSymbol& symbol) {
  kernel_functions_.try_emplace(symbol.symbol,
                                KernelFunction{.name = std::string(symbol.name.view()),
                                               .module = std::string(symbol.module.view())});
}

StackNumber StackTable::number_of(model::StackId id, model::TimeNs ts_ns) {
  if (id == model::kNoStack) return kUnknownStack;
  std::uint32_t number = ids_.find(id);
  if (const auto same = same_as_.find(static_cast<std::uint32_t>(id)); same != same_as_.end()) {
    number = same->second;
    same_as_.erase(same);
  }
  if (number == 0) return number_of_told(id, 0, ts_ns);
  Told& told = told_[number - 1];
  const std::uint32_t generation = code.generation(told.mm);
  if (told.number == kUnknownStack || told.generation != generation) {
    told.number = number_of_told(told.id, generation, ts_ns);
    told.generation = generation;
  }
  return told.number;
}

StackNumber StackTable::number_of_told(model::StackId id, std::uint32_t generation,
                                       model::TimeNs ts_ns) {
  const auto [known, fresh] =
      numbers_.try_emplace(std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(id),
                           StackNumber{static_cast<std::uint32_t>(entries_.size() + 1)});
  if (fresh) entries_.push_back({id, ts_ns});
  return known->second;
}

StackTable::View StackTable::view(StackNumber number) const {
  const auto index = static_cast<std::size_t>(number);
  if (index == 0 || index > entries_.size()) return {};
  const Entry& entry = entries_[index - 1];
  const std::uint32_t told = ids_.find(entry.id);
  if (told == 0) return {};
  const Told& it = told_[told - 1];
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
