// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/stack_unwinder.hpp"

#include <string_view>
#include <utility>

#include "symbol/resolve/call_frames.hpp"
#include "symbol/resolve/code_file.hpp"

namespace triptych::symbol::resolve {
namespace {

using analyze::StackEnd;

constexpr std::size_t kFramePointer = 6;
constexpr std::size_t kStackPointer = 7;
constexpr std::size_t kInstruction = 16;
constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kMostEntry = 64;  // bytes of the code that a program begins with
constexpr std::size_t kMostFiles = 256;   // open at a time

}  // namespace

struct StackUnwinder::File {
  std::optional<ElfSymbols> file;
  std::optional<CallFrames> frames;
};

struct StackUnwinder::Walk {
  const analyze::CopiedStack& stack;
  const analyze::CodeSpaces& code;
  Registers registers{};
  bool called = false;  // the address is one to return to, behind a call
  std::optional<std::uint64_t> last_frame{};

  [[nodiscard]] std::uint64_t address() const { return registers.value[kInstruction]; }
  [[nodiscard]] StackEnd end_of_memory() const {
    return stack.unreadable || stack.pieces.empty() ? StackEnd::kUnreadable : StackEnd::kCopyEnds;
  }
};

StackUnwinder::StackUnwinder(std::string kernel) : kernel_(std::move(kernel)) {}
StackUnwinder::~StackUnwinder() = default;

StackUnwinder::File& StackUnwinder::file_of(const analyze::CodeSpaces& code, std::uint32_t number) {
  const auto known = files_.find(number);
  if (known != files_.end()) return *known->second;
  if (files_.size() >= kMostFiles) files_.clear();
  auto file = std::make_unique<File>();
  std::string_view reason;
  file->file = open_code_file(code.files()[number], kernel_, reason);
  if (file->file) file->frames = CallFrames::of(file->file->image());
  return *files_.emplace(number, std::move(file)).first->second;
}

// For code without rules, which may keep a frame pointer all the same: what a runtime makes does.
std::optional<StackEnd> StackUnwinder::step_by_frame_pointer(Walk& walk) const {
  const std::optional<std::uint64_t> frame = walk.registers[kFramePointer];
  if (!frame || *frame < walk.registers.value[kStackPointer]) return StackEnd::kNoRules;
  const auto next = walk.stack.read(*frame, kWord);
  const auto back = walk.stack.read(*frame + kWord, kWord);
  if (!next || !back || walk.code.find(walk.stack.mm, *back - 1, walk.stack.at_ns) == nullptr) {
    return StackEnd::kNoRules;
  }
  walk.registers = {};
  walk.registers.set(kFramePointer, *next);
  walk.registers.set(kStackPointer, *frame + 2 * kWord);
  walk.registers.set(kInstruction, *back);
  walk.called = true;
  return std::nullopt;
}

std::optional<StackEnd> StackUnwinder::step(Walk& walk) {
  using Where = CallFrames::Where;
  const std::uint64_t looked_up = walk.address() - (walk.called ? 1 : 0);
  const analyze::CodeMap* map = walk.code.find(walk.stack.mm, looked_up, walk.stack.at_ns);
  if (map == nullptr) return StackEnd::kNoCode;
  File& file = file_of(walk.code, map->file);
  const bool is_vdso = walk.code.files()[map->file].path == "[vdso]";
  const std::uint64_t in_file = looked_up - map->start + (is_vdso ? 0 : map->offset);
  const auto linked = file.file ? file.file->address_of(in_file) : std::nullopt;
  const CallFrames::Row* row = linked && file.frames ? file.frames->at(*linked) : nullptr;
  if (row == nullptr) {
    // The dynamic linker's has no rules.
    const bool first = linked && *linked - file.file->entry() < kMostEntry;
    return first ? StackEnd::kFirstFunction : step_by_frame_pointer(walk);
  }
  FrameState state{walk.registers, walk.stack, looked_up - *linked};
  state.frame_address = evaluate(row->frame_address, state);
  if (!state.frame_address) return walk.end_of_memory();
  // Callers' frames lie above, but for that of who was interrupted: a handler may have a stack of
  // its own.
  if (walk.last_frame && *state.frame_address <= *walk.last_frame) return StackEnd::kNonsense;
  Registers caller;
  for (std::size_t i = 0; i < caller.value.size(); ++i) {
    const CallFrames::Rule& rule = row->registers[i];
    std::optional<std::uint64_t> value;
    if (rule.where == Where::kSame) value = walk.registers[i];
    if (rule.where == Where::kValue || rule.where == Where::kMemory) {
      value = evaluate(rule.program, state);
    }
    if (rule.where == Where::kMemory && value) value = walk.stack.read(*value, kWord);
    if (value) caller.set(i, *value);
  }
  if (!caller.known[kStackPointer]) caller.set(kStackPointer, *state.frame_address);
  const Where back = row->registers[kInstruction].where;
  if (back == Where::kUndefined) return StackEnd::kFirstFunction;
  if (back == Where::kSame) return StackEnd::kNonsense;
  if (!caller.known[kInstruction]) return walk.end_of_memory();
  walk.last_frame = row->signal ? std::nullopt : std::optional<std::uint64_t>(*state.frame_address);
  walk.called = !row->signal;
  walk.registers = caller;
  return std::nullopt;
}

analyze::Unwound StackUnwinder::unwind(const analyze::CopiedStack& stack,
                                       const analyze::CodeSpaces& code) {
  analyze::Unwound unwound;
  Walk walk{.stack = stack, .code = code};
  for (std::size_t i = 0; i < model::kRegisters; ++i) walk.registers.set(i, stack.registers[i]);
  for (;;) {
    unwound.frames.push_back(walk.address());
    if (const auto end = step(walk)) {
      unwound.end = *end;
      return unwound;
    }
    if (unwound.frames.size() == model::kMaxFrames) {
      unwound.end = StackEnd::kTooDeep;
      return unwound;
    }
  }
}

}  // namespace triptych::symbol::resolve
