// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/kernel_stacks.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace triptych::symbol::capture {
namespace {

// The number of what has no name.
constexpr std::uint32_t kNameless = 0;
constexpr std::size_t kHead = offsetof(triptych_stack, frame);
// Tracing is at most as deep as this: what it calls a stack's beginning is no part of the stack.
constexpr std::size_t kDeepestTracing = 8;

bool is_tracing(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"bpf_prog_",    "bpf_trampoline_", "bpf_trace_run",
                                            "__bpf_trace_", "__traceiter_",    "trace_call_bpf",
                                            "bpf_get_stack"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool KernelStacks::concerns(std::span<const std::byte> record) {
  triptych_stack stack{};
  if (record.size() < kHead || record.size() > sizeof stack) return false;
  std::memcpy(&stack, record.data(), kHead);
  return stack.hdr.kind == TRIPTYCH_EV_STACK && (stack.flags & TRIPTYCH_STACK_KERNEL) != 0 &&
         (stack.flags & TRIPTYCH_STACK_SYMBOLS) == 0;
}

KernelStacks::Frame KernelStacks::frame_of(std::uint64_t address) {
  if (!names_) names_ = KernelNames::read();
  const auto place = names_->find(address);
  if (!place) return {};
  const auto [known, fresh] =
      numbers_.try_emplace(place->symbol, static_cast<std::uint32_t>(symbols_.size() + 1));
  if (fresh) symbols_.push_back(place->symbol);
  return {known->second, static_cast<std::uint32_t>(place->offset),
          is_tracing(names_->name(place->symbol))};
}

Result<void> KernelStacks::tell(std::uint32_t stream, const triptych_stack& stack,
                                std::uint32_t symbol, const Sink& sink) {
  if (symbol == kNameless) return {};
  if (told_.size() <= stream) told_.resize(stream + std::size_t{1});
  std::vector<bool>& told = told_[stream];
  if (told.size() <= symbol) told.resize(symbols_.size() + 1);
  if (told[symbol]) return {};
  told[symbol] = true;
  triptych_kernel_symbol record{};
  record.hdr = stack.hdr;
  record.hdr.kind = TRIPTYCH_EV_KERNEL_SYMBOL;
  record.hdr.size8 = sizeof record / 8;
  record.symbol = symbol;
  const std::size_t place = symbols_[symbol - 1];
  names_->name(place).copy(record.name, sizeof record.name - 1);
  names_->module(place).copy(record.module, sizeof record.module - 1);
  return sink(std::as_bytes(std::span(&record, 1)));
}

Result<void> KernelStacks::pass(std::uint32_t stream, std::span<const std::byte> record,
                                const Sink& sink) {
  triptych_stack stack{};
  std::memcpy(&stack, record.data(), std::min(record.size(), sizeof stack));
  const std::size_t room = (record.size() - kHead) / sizeof stack.frame[0];
  const std::size_t count = std::min<std::size_t>(stack.frames, room);
  std::array<Frame, TRIPTYCH_STACK_FRAMES> frames;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    frames[i] = frame_of(stack.frame[i]);
    if (frames[i].of_tracing && i < kDeepestTracing) begin = i + 1;
  }
  std::fill(std::begin(stack.frame), std::end(stack.frame), 0);
  for (std::size_t i = begin; i < count; ++i) {
    TRIPTYCH_TRY(tell(stream, stack, frames[i].symbol, sink));
    stack.frame[i - begin] = std::uint64_t{frames[i].symbol} << 32 | frames[i].offset;
  }
  stack.frames = static_cast<__u16>(count - begin);
  stack.flags |= TRIPTYCH_STACK_SYMBOLS;
  constexpr std::size_t kStep = TRIPTYCH_STACK_FRAMES_STEP;
  const std::size_t size =
      kHead + (stack.frames + kStep - 1) / kStep * kStep * sizeof stack.frame[0];
  stack.hdr.size8 = static_cast<__u8>(size / 8);
  return sink(std::as_bytes(std::span(&stack, 1)).first(size));
}

}  // namespace triptych::symbol::capture
