// SPDX-License-Identifier: Apache-2.0
//
// How a program's code says that its frames are to be unwound: .eh_frame, or .debug_frame, as
// elfutils reads them. What has been found for an address is kept.
#pragma once

#include <elfutils/libdw.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "model/event.hpp"
#include "symbol/resolve/partial_elf.hpp"

namespace triptych::symbol::resolve {

class CallFrames {
 public:
  // Of no rules at all where the file has none.
  static CallFrames of(const Image& image);
  CallFrames(CallFrames&&) = default;
  CallFrames& operator=(CallFrames&&) = default;

  enum class Where : std::uint8_t {
    kUndefined,  // nowhere
    kSame,       // the frame has not changed it
    kMemory,     // at the address that the program gives
    kValue,      // it is what the program gives
  };
  struct Rule {
    Where where = Where::kUndefined;
    std::vector<Dwarf_Op> program;
  };
  struct Row {
    bool known = false;
    bool signal = false;  // the frame that calls a signal's handler: it was interrupted, not called
    std::vector<Dwarf_Op> frame_address;
    std::array<Rule, model::kRegisters> registers;
  };
  // At an address that the code is linked for. Valid until the next call; null: there is no rule.
  const Row* at(std::uint64_t address);

 private:
  CallFrames() = default;
  Row look_up(std::uint64_t address) const;

  struct EndCfi {
    void operator()(Dwarf_CFI* cfi) const { ::dwarf_cfi_end(cfi); }
  };
  struct EndDwarf {
    void operator()(Dwarf* dwarf) const { ::dwarf_end(dwarf); }
  };
  std::optional<PartialElf> exceptions_file_;
  std::unique_ptr<Dwarf_CFI, EndCfi> exceptions_;
  std::optional<PartialElf> debug_file_;
  std::unique_ptr<Dwarf, EndDwarf> debug_;
  std::unordered_map<std::uint64_t, Row> rows_;
};

}  // namespace triptych::symbol::resolve
