// SPDX-License-Identifier: Apache-2.0
//
// Where control comes back to from C++20 coroutines: behind the calls that look like those of a
// handle's resume(), and behind those of functions that do nothing after it. One that is found by
// mistake costs its hits and does no harm: what it proves is proven there, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_set>
#include <vector>

#include "coroutine/discover/cpp_names.hpp"
#include "coroutine/discover/instruction.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

class Landings {
 public:
  // `resumers`: the functions that resume one; `functions`: all that are known.
  Landings(const probes::ElfFile& file, std::unordered_set<std::uint64_t> resumers,
           std::vector<CodeRange> functions);

  // The addresses that are returned to, of those calls whose landing is cheap.
  std::vector<std::uint64_t> find();
  // The places to probe.
  [[nodiscard]] const std::set<std::uint64_t>& places() const { return places_; }

 private:
  void sweep_text(bool indirect);
  void look_at(std::uint64_t address, const Instruction& instruction, bool indirect,
               std::uint64_t behind, std::span<const std::byte> code);
  void come_back(std::uint64_t address, std::span<const std::byte> code);
  [[nodiscard]] std::optional<std::uint64_t> function_of(std::uint64_t address) const;

  // Which registers hold what, as far as a few instructions before a call tell.
  class Track {
   public:
    Track() { clear(); }
    void clear();
    void follow(const Instruction& instruction);
    // call *(%rdi), or *(%rbx) behind mov %rbx,%rdi, or *%rax behind mov (%rbx),%rax.
    [[nodiscard]] bool goes_by_first_word(const Instruction& instruction) const;

   private:
    std::uint8_t loaded_from_[16];
    std::uint8_t first_argument_is_ = kRdi;
  };

  const probes::ElfFile& file_;
  std::unordered_set<std::uint64_t> resumers_;
  std::vector<CodeRange> functions_;
  Track track_;
  std::set<std::uint64_t> places_;
  std::set<std::uint64_t> returns_;
  // Functions that return at once when a coroutine has, and where it returns to in them.
  std::map<std::uint64_t, std::set<std::uint64_t>> wrappers_;
  std::set<std::uint64_t> landed_;  // of them, those behind a call of which there is a landing
};

}  // namespace triptych::coroutine::discover
