// SPDX-License-Identifier: Apache-2.0
//
// The stacks of a recording: what the events refer to, and what it means. Numbers here are the
// analysis's own: one number is one stack of one address space at a time when its addresses had one
// meaning, so that time may be added up by it, and names looked up once.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyze/code_spaces.hpp"
#include "analyze/file_symbols.hpp"
#include "analyze/unwinder.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

enum class StackNumber : std::uint32_t {};
inline constexpr StackNumber kUnknownStack{0};  // not asked for, not to be had, or lost

// Of one event.
struct Stacks {
  StackNumber user{};
  StackNumber kernel{};
  bool operator==(const Stacks&) const = default;
  [[nodiscard]] bool any() const { return *this != Stacks(); }
};

struct KernelFunction {
  std::string name;    // empty: not known
  std::string module;  // empty: the kernel itself
};

// A small number of each StackId: these are given in turn, and may be as many as there are events.
class StackIds {
 public:
  // 0: none has been set.
  [[nodiscard]] std::uint32_t find(model::StackId id) const {
    const auto plain = static_cast<std::uint32_t>(id);
    if (plain < in_turn_.size() && in_turn_[plain] != 0) return in_turn_[plain];
    const auto other = others_.find(plain);
    return other == others_.end() ? 0 : other->second;
  }
  void set(model::StackId id, std::uint32_t number) {
    const auto plain = static_cast<std::uint32_t>(id);
    // What leaves out more has been made up, and does not get memory for that.
    if (plain / 4 > kFirst + count_++) {
      others_[plain] = number;
      return;
    }
    if (plain >= in_turn_.size()) in_turn_.resize(plain + std::size_t{1});
    in_turn_[plain] = number;
  }

 private:
  static constexpr std::uint32_t kFirst = 1u << 10;
  std::vector<std::uint32_t> in_turn_;
  std::unordered_map<std::uint32_t, std::uint32_t> others_;
  std::uint32_t count_ = 0;
};

class StackTable {
 public:
  // What is told again, under another number, is what it was.
  void on_stack(const model::Stack& stack);
  void on_symbol(const model::KernelSymbol& symbol);
  // Of a copied stack. Numbers of such are used once; equal stacks become one.
  void on_unwound(model::StackId id, model::MmId mm, Unwound unwound);
  // The number of what an event of that time refers to.
  StackNumber number_of(model::StackId id, model::TimeNs ts_ns);

  CodeSpaces code;
  FileSymbols names;

  // What is told of a stack may stand behind the first event that has it: to be asked when all
  // events have been seen.
  struct View {
    std::span<const std::uint64_t> frames;  // innermost first; empty: lost
    bool kernel = false;                    // each frame is a model::KernelFrame, coded
    bool cut = false;                       // there may have been more
    StackEnd end = StackEnd::kNotTold;
    model::MmId mm{};         // whose addresses they are
    model::TimeNs at_ns = 0;  // when they meant what they mean: see CodeSpaces::find
  };
  [[nodiscard]] View view(StackNumber number) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Null: not told.
  [[nodiscard]] const KernelFunction* kernel_function(std::uint32_t symbol) const;

 private:
  struct Told {
    model::StackId id{};  // by which it was told first
    std::uint64_t hash = 0;
    std::size_t first = 0;  // in frames_
    std::uint16_t count = 0;
    bool kernel = false;
    bool cut = false;
    StackEnd end = StackEnd::kNotTold;
    model::MmId mm{};
    // By which it was asked for last, mostly the only ones.
    std::uint32_t generation = 0;
    StackNumber number{};
  };
  // The number in told_, plus one, of an equal one; `told` is without its frames' place.
  std::uint32_t known_or_new(Told told, std::span<const std::uint64_t> frames);
  [[nodiscard]] bool is(const Told& told, const Told& other,
                        std::span<const std::uint64_t> frames) const;
  void grow();
  StackNumber number_of_told(model::StackId id, std::uint32_t generation, model::TimeNs ts_ns);
  struct Entry {
    model::StackId id{};
    model::TimeNs at_ns = 0;
  };
  std::vector<std::uint64_t> frames_;
  std::vector<Told> told_;
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(64);  // as known_or_new() has it
  StackIds ids_;                                                       // likewise
  // Copies that no event has had yet, by StackId, of stacks that were there; likewise.
  std::map<std::uint32_t, std::uint32_t> same_as_;
  std::unordered_map<std::uint64_t, StackNumber> numbers_;  // by the first StackId and generation
  std::vector<Entry> entries_;                              // by StackNumber, less one
  std::unordered_map<std::uint32_t, KernelFunction> kernel_functions_;
};

}  // namespace triptych::analyze
