// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_stacks.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/text.hpp"
#include "export/perfetto_packet.hpp"

namespace triptych::exports {
namespace {

// Of InternedData.
constexpr std::uint32_t kFunctionNames = 5, kFrames = 6, kCallstacks = 7, kMappingPaths = 17;
constexpr std::uint32_t kMappings = 19;

// Of Frame, Callstack and Mapping, besides their number.
constexpr std::uint32_t kFunction = 2, kMapping = 3, kPlace = 4, kKind = 7;
constexpr std::uint32_t kFrameNumbers = 2, kPathNumbers = 7;
constexpr std::uint64_t kNative = 1, kKernel = 2, kJit = 4;

constexpr std::size_t kMostMet = 1u << 18;

std::uint64_t kind_of(symbol::resolve::FrameKind kind) {
  using symbol::resolve::FrameKind;
  return kind == FrameKind::kKernel ? kKernel : kind == FrameKind::kJit ? kJit : kNative;
}

std::uint64_t key_of(const analyze::Stacks& stacks) {
  return static_cast<std::uint64_t>(stacks.user) << 32 | static_cast<std::uint32_t>(stacks.kernel);
}

}  // namespace

// Tells what is new of one stack, in one packet.
class PerfettoStacks::Teller {
 public:
  Teller(PerfettoStacks& stacks, std::string& data) : stacks_(stacks), data_(data) {}

  std::uint64_t frame(const symbol::resolve::Frame& frame) {
    const bool named = !frame.function.empty();
    const std::uint64_t function = text(stacks_.functions_, kFunctionNames, frame.name());
    const std::uint64_t file = mapping(frame.module);
    const std::uint64_t place = named ? 0 : frame.offset;
    const std::uint64_t number = stacks_.frames_.size() + 1;
    const auto [known, fresh] =
        stacks_.frames_.try_emplace(fmt::format("{} {} {}", function, file, place), number);
    if (!fresh) return known->second;
    Message message(data_, kFrames);
    message.add_uint64(kNumber, number);
    message.add_uint64(kFunction, function);
    message.add_uint64(kMapping, file);
    message.add_uint64(kPlace, place);
    message.add_uint64(kKind, kind_of(frame.kind));
    return number;
  }

  void stack(std::uint64_t number, const std::vector<std::uint64_t>& frames) {
    Message message(data_, kCallstacks);
    message.add_uint64(kNumber, number);
    for (const std::uint64_t frame : frames) message.add_uint64(kFrameNumbers, frame);
  }

 private:
  std::uint64_t text(std::unordered_map<std::string, std::uint64_t>& numbers, std::uint32_t field,
                     const std::string& text) {
    const std::uint64_t number = numbers.size() + 1;
    const auto [known, fresh] = numbers.try_emplace(text, number);
    if (!fresh) return known->second;
    Message message(data_, field);
    message.add_uint64(kNumber, number);
    add_text(message, kText, escape(text));
    return number;
  }

  // Each has one path; both have the same number. Frames without a file have one without a name:
  // readers drop stacks with frames that have none.
  std::uint64_t mapping(const std::string& path) {
    const std::size_t before = stacks_.files_.size();
    const std::uint64_t number = text(stacks_.files_, kMappingPaths, path);
    if (stacks_.files_.size() == before) return number;
    Message message(data_, kMappings);
    message.add_uint64(kNumber, number);
    message.add_uint64(kPathNumbers, number);
    return number;
  }

  PerfettoStacks& stacks_;
  Message data_;
};

std::uint64_t PerfettoStacks::number_of(std::string& out, const analyze::Stacks& stacks) {
  if (names_ == nullptr || !stacks.any()) return 0;
  std::uint64_t& number = told_as(stacks);
  if (number != 0) return number;
  if (met_.size() > kMostMet) met_.clear();
  std::string data;
  {
    Teller teller(*this, data);
    std::vector<std::uint64_t> frames;  // outermost first
    const auto append = [&](analyze::StackNumber part, symbol::resolve::FrameKind kind) {
      if (part == analyze::kUnknownStack) return;
      const symbol::resolve::FrameList& told = names_->frames(part);
      for (auto frame = told.rbegin(); frame != told.rend(); ++frame) {
        std::uint64_t& met = met_[(*frame)->number];
        if (met == 0) met = teller.frame(**frame);
        frames.push_back(met);
      }
      if (told.empty()) {
        frames.push_back(teller.frame({.kind = kind, .function = symbol::resolve::kStackLost}));
      }
    };
    append(stacks.user, symbol::resolve::FrameKind::kUser);
    append(stacks.kernel, symbol::resolve::FrameKind::kKernel);
    number = ++last_stack_;
    teller.stack(number, frames);
  }
  Packet packet(out);
  (*packet).add_uint64(kSequenceFlags, kNeedsState);
  (*packet).add_message(kInternedData, data.data(), data.size());
  return number;
}

// An analysis gives StackNumbers in turn.
std::uint64_t& PerfettoStacks::told_as(const analyze::Stacks& stacks) {
  if (stacks.kernel != analyze::kUnknownStack) return stacks_[key_of(stacks)];
  const auto position = static_cast<std::size_t>(stacks.user);
  if (position >= of_user_.size()) of_user_.resize(position + 1);
  return of_user_[position];
}

void PerfettoStacks::forget() {
  of_user_.clear();
  stacks_.clear();
  functions_.clear();
  files_.clear();
  frames_.clear();
  met_.clear();
  last_stack_ = 0;
}

}  // namespace triptych::exports
