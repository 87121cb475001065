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

class StackTable {
 public:
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
    std::size_t first = 0;  // in frames_
    std::uint16_t count = 0;
    bool kernel = false;
    bool cut = false;
    StackEnd end = StackEnd::kNotTold;
    model::MmId mm{};
  };
  [[nodiscard]] bool is(const Told& told, model::MmId mm, const Unwound& unwound) const;
  struct Entry {
    model::StackId id{};
    model::TimeNs at_ns = 0;
  };
  std::vector<std::uint64_t> frames_;
  std::unordered_map<std::uint32_t, Told> told_;                   // by StackId
  std::unordered_multimap<std::uint64_t, std::uint32_t> unwound_;  // StackId, by its frames' hash
  std::map<std::uint32_t, std::uint32_t> same_as_;  // copies that no event has had yet, by StackId
  std::unordered_map<std::uint64_t, StackNumber> numbers_;  // by StackId and generation
  std::vector<Entry> entries_;                              // by StackNumber, less one
  std::unordered_map<std::uint32_t, KernelFunction> kernel_functions_;
};

}  // namespace triptych::analyze
