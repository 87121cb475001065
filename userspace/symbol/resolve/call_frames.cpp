// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/call_frames.hpp"

#include <dwarf.h>

#include <cstdlib>

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kMostBytes = 64 << 20;
constexpr std::string_view kExceptions[] = {".eh_frame", ".eh_frame_hdr"};
constexpr std::string_view kDebug[] = {".debug_frame"};
constexpr std::size_t kMostRows = 8192;
constexpr std::size_t kMostOperations = 1000;
constexpr int kReturnAddress = 16;

struct FreeFrame {
  void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};
using FramePtr = std::unique_ptr<Dwarf_Frame, FreeFrame>;

FramePtr frame_at(Dwarf_CFI* cfi, std::uint64_t address) {
  Dwarf_Frame* frame = nullptr;
  if (cfi == nullptr || ::dwarf_cfi_addrframe(cfi, address, &frame) != 0) return nullptr;
  return FramePtr(frame);
}

// "in register N": the value of that register.
bool is_register(const Dwarf_Op& op) {
  return op.atom == DW_OP_regx || (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31);
}

CallFrames::Rule rule_of(Dwarf_Frame* frame, int number) {
  using Where = CallFrames::Where;
  Dwarf_Op room[3];
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (::dwarf_frame_register(frame, number, room, &ops, &count) != 0) return {};
  if (count == 0) return {ops == nullptr ? Where::kSame : Where::kUndefined, {}};
  if (count > kMostOperations) return {};
  CallFrames::Rule rule{Where::kMemory, {ops, ops + count}};
  Dwarf_Op& last = rule.program.back();
  if (last.atom == DW_OP_stack_value) {
    rule.where = Where::kValue;
    rule.program.pop_back();
  } else if (count == 1 && is_register(last)) {
    rule.where = Where::kValue;
    last = {.atom = DW_OP_bregx,
            .number = last.atom == DW_OP_regx ? last.number : last.atom - DW_OP_reg0,
            .number2 = 0,
            .offset = 0};
  }
  return rule;
}

}  // namespace

CallFrames CallFrames::of(const Image& image) {
  CallFrames frames;
  frames.exceptions_file_ = PartialElf::take(image, kExceptions, kMostBytes);
  if (frames.exceptions_file_) {
    frames.exceptions_.reset(::dwarf_getcfi_elf(frames.exceptions_file_->get()));
  }
  frames.debug_file_ = PartialElf::take(image, kDebug, kMostBytes);
  if (frames.debug_file_) {
    frames.debug_.reset(::dwarf_begin_elf(frames.debug_file_->get(), DWARF_C_READ, nullptr));
  }
  return frames;
}

CallFrames::Row CallFrames::look_up(std::uint64_t address) const {
  Row row;
  FramePtr frame = frame_at(exceptions_.get(), address);
  if (!frame && debug_) frame = frame_at(::dwarf_getcfi(debug_.get()), address);
  if (!frame) return row;
  bool signal = false;
  if (::dwarf_frame_info(frame.get(), nullptr, nullptr, &signal) != kReturnAddress) return row;
  row.signal = signal;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (::dwarf_frame_cfa(frame.get(), &ops, &count) != 0 || count == 0 || count > kMostOperations) {
    return row;
  }
  row.frame_address.assign(ops, ops + count);
  for (std::size_t i = 0; i < row.registers.size(); ++i) {
    row.registers[i] = rule_of(frame.get(), static_cast<int>(i));
  }
  row.known = true;
  return row;
}

const CallFrames::Row* CallFrames::at(std::uint64_t address) {
  if (!exceptions_ && !debug_) return nullptr;
  auto found = rows_.find(address);
  if (found == rows_.end()) {
    if (rows_.size() >= kMostRows) rows_.clear();
    found = rows_.emplace(address, look_up(address)).first;
  }
  return found->second.known ? &found->second : nullptr;
}

}  // namespace triptych::symbol::resolve
