// SPDX-License-Identifier: Apache-2.0
#include "analyze/stack_copies.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace triptych::analyze {
namespace {

// Each CPU writes at most one or two at a time; others are those whose end is lost.
constexpr std::size_t kMostOpen = 1024;
constexpr std::size_t kMostPieces = 64;

}  // namespace

bool CopiedStack::has(std::uint64_t address, std::size_t size) const {
  return read(address, size).has_value();
}

std::optional<std::uint64_t> CopiedStack::read(std::uint64_t address, std::size_t size) const {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t value = 0;
  if (size > sizeof value || address + size < address) return std::nullopt;
  for (std::size_t got = 0; got < size;) {  // it may lie in two pieces
    const auto after = pieces.upper_bound(address + got);
    if (after == pieces.begin()) return std::nullopt;
    const auto& [start, bytes] = *std::prev(after);
    const std::uint64_t offset = address + got - start;
    if (offset >= bytes.size()) return std::nullopt;
    const std::size_t some =
        std::min<std::size_t>(size - got, bytes.size() - static_cast<std::size_t>(offset));
    std::memcpy(reinterpret_cast<std::uint8_t*>(&value) + got, bytes.data() + offset, some);
    got += some;
  }
  return value;
}

void StackCopies::on_bytes(const model::StackBytes& bytes) {
  if (unwinder_ == nullptr) return;
  CopiedStack& stack = open_[static_cast<std::uint32_t>(bytes.id)];
  if (stack.pieces.size() < kMostPieces) stack.pieces.insert_or_assign(bytes.address, bytes.bytes);
  // The numbers grow: the smallest one is the oldest.
  while (open_.size() > kMostOpen) open_.erase(open_.begin());
}

Unwound StackCopies::on_copy(model::TimeNs ts_ns, const model::StackCopy& copy,
                             const CodeSpaces& code) {
  constexpr std::size_t kInstruction = 16;
  if (unwinder_ == nullptr) return {.frames = {copy.registers[kInstruction]}};
  CopiedStack stack;
  const auto open = open_.find(static_cast<std::uint32_t>(copy.id));
  if (open != open_.end()) {
    stack = std::move(open->second);
    open_.erase(open);
  }
  stack.mm = copy.mm;
  stack.at_ns = ts_ns;
  stack.unreadable = copy.unreadable;
  stack.registers = copy.registers;
  return unwinder_->unwind(stack, code);
}

}  // namespace triptych::analyze
