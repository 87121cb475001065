// SPDX-License-Identifier: Apache-2.0
//
// Where control comes back to from coroutines that are resumed by a call: behind the calls that
// look like it, and behind those of functions that do nothing after it. One that is found by
// mistake costs its hits and does no harm: what it proves is proven there, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "coroutine/discover/instruction.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// How coroutines are resumed, whose address is the first argument.
struct Resuming {
  std::unordered_set<std::uint64_t> functions;  // that resume one
  // Through a pointer: C++ has the function in the coroutine's first word; Rust has a table, whose
  // address is in the coroutine, and the function first in the table.
  std::optional<std::int32_t> table;          // where in the coroutine; none: there is none
  std::unordered_set<std::uint64_t> callers;  // functions that call nothing else by a register
  std::unordered_map<std::uint64_t, std::uint64_t> slots;  // where the loader puts which address
  // Whether other calls may come before a landing: of compilers that make calls of everything.
  bool calls_before_landing = false;
};

class Landings {
 public:
  // `functions`: all that are known.
  Landings(const probes::ElfFile& file, Resuming resuming, std::vector<CodeRange> functions);

  // The addresses that are returned to, of those calls whose landing is cheap.
  std::vector<std::uint64_t> find();
  // The places to probe.
  [[nodiscard]] const std::set<std::uint64_t>& places() const { return places_; }

 private:
  void land_wrapped();
  void sweep_text(bool indirect);
  void look_at(std::uint64_t address, const Instruction& instruction, bool indirect,
               std::uint64_t behind, std::span<const std::byte> code);
  void come_back(std::uint64_t address, std::span<const std::byte> code);
  [[nodiscard]] std::optional<std::uint64_t> function_of(std::uint64_t address) const;
  [[nodiscard]] std::optional<std::uint64_t> called_by(const Instruction& instruction,
                                                       std::uint64_t address) const;
  [[nodiscard]] bool resumes(const Instruction& instruction, std::uint64_t address) const;
  [[nodiscard]] bool ends_with_resuming(const Instruction& instruction, std::uint64_t address,
                                        bool indirect) const;

  // Which registers hold what, as far as a few instructions before a call tell.
  class Track {
   public:
    explicit Track(std::optional<std::int32_t> table) : table_(table) { clear(); }
    void clear();
    void follow(const Instruction& instruction, std::uint64_t address);
    // call *(%rdi), or *(%rbx) behind mov %rbx,%rdi, or *%rax behind mov (%rbx),%rax; with a table
    // *(%rax) behind mov TABLE(%rbx),%rax.
    [[nodiscard]] bool goes_by_frame(const Instruction& instruction) const;

    // What was loaded into the register that is called: a slot that the loader fills; 0: it was
    // not.
    [[nodiscard]] std::uint64_t slot_of(const Instruction& instruction) const {
      return instruction.mod() == 3 ? slots_[instruction.rm()] : 0;
    }

   private:
    std::optional<std::int32_t> table_;
    std::uint64_t slots_[16];
    std::uint8_t loaded_from_[16];
    std::uint8_t first_argument_is_ = kRdi;
  };

  const probes::ElfFile& file_;
  Resuming resuming_;
  std::vector<CodeRange> functions_;
  Track track_;
  std::set<std::uint64_t> places_;
  std::set<std::uint64_t> returns_;
  // Functions that return at once when a coroutine has, and where it returns to in them.
  std::map<std::uint64_t, std::set<std::uint64_t>> wrappers_;
  // Functions that wrappers call, by which ones.
  std::map<std::uint64_t, std::set<std::uint64_t>> wrapped_;
  std::set<std::uint64_t> landed_;  // those behind a call of which there is a landing
};

}  // namespace triptych::coroutine::discover
